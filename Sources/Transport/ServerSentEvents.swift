// Server-sent events (WHATWG HTML, section 9.2): text out, and text in by an incremental parser.

public import Primitives

/// One event of a `text/event-stream`.
public struct ServerSentEvent: Sendable, Equatable {
    /// What a reconnecting client sends back as `last-event-id`.
    public var id: String?
    /// The event's type; nil means `message`.
    public var name: String?
    /// The payload, of any number of lines.
    public var data: String

    /// Makes an event.
    public init(id: String? = nil, name: String? = nil, data: String) {
        self.id = id
        self.name = name
        self.data = data
    }

    /// The event as it goes over the wire, with its empty line.
    public var text: String {
        var text = ""
        if let id { text += "id: \(ServerSentEvent.oneLine(id))\n" }
        if let name { text += "event: \(ServerSentEvent.oneLine(name))\n" }
        let isBreak = { (character: Character) in
            character == "\n" || character == "\r" || character == "\r\n"
        }
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: isBreak) {
            text += "data: \(line)\n"
        }
        return text + "\n"
    }

    /// A comment that keeps proxies from closing a quiet stream.
    public static let keepAlive = ":\n\n"

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\0" ? " " : $0 })
    }
}

/// Takes a `text/event-stream` apart, whatever chunks it comes in.
public struct ServerSentEventParser: Sendable {
    /// The most bytes one event may hold.
    public let eventLimit: Int

    private var line: [UInt8] = []
    private var isAfterReturn = false
    private var size = 0
    private var id: String?
    private var name: String?
    private var data: [String] = []

    /// A parser at the start of a stream.
    public init(eventLimit: Int = 1 << 20) { self.eventLimit = eventLimit }

    /// Takes the next bytes; gives the events that are now whole.
    public mutating func take(_ bytes: [UInt8]) throws(Refusal) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let wasAfterReturn = isAfterReturn
            isAfterReturn = byte == 0x0D
            if byte == 0x0A && wasAfterReturn { continue }
            if byte != 0x0A && byte != 0x0D {
                size += 1
                guard size <= eventLimit else {
                    throw Refusal(
                        "transport.protocol", "an event is longer than \(eventLimit) bytes")
                }
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        let text = String(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        if text.isEmpty { return endEvent() }
        if text.hasPrefix(":") { return nil }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = parts.count > 1 ? parts[1] : ""
        if value.hasPrefix(" ") { value.removeFirst() }
        switch parts[0] {
        case "data": data.append(String(value))
        case "event": name = String(value)
        case "id": id = String(value)
        default: break
        }
        return nil
    }

    private mutating func endEvent() -> ServerSentEvent? {
        defer { (data, name, size) = ([], nil, 0) }
        guard !data.isEmpty else { return nil }
        return ServerSentEvent(id: id, name: name, data: data.joined(separator: "\n"))
    }
}
