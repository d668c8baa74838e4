// What clients saw while members were hurt, and whether one register could have shown it to them.

import Platform
import Primitives
import Simulator
import Synchronization
import Transport

/// A register that holds the number that was put last.
struct RegisterModel: SequentialModel {
    enum Action { case put(Int), get(Int) }

    var first: Int { 0 }

    func apply(_ action: Action, to state: Int) -> Int? {
        switch action {
        case .put(let value): value
        case .get(let value): value == state ? state : nil
        }
    }
}

/// The operations of a run on a few keys.
final class FaultHistory: Sendable {
    private let actions: Mutex<[[TimedAction<RegisterModel.Action>]]>
    private let counts = Mutex<(acknowledged: Int, unknown: Int, reads: Int)>((0, 0, 0))
    private let nextValue = Atomic<Int>(1)

    init(keys: Int) {
        actions = Mutex([[TimedAction<RegisterModel.Action>]](repeating: [], count: keys))
    }

    /// A value that nobody else puts.
    func freshValue() -> Int { nextValue.wrappingAdd(1, ordering: .relaxed).oldValue }

    func add(
        _ action: RegisterModel.Action, key: Int, called: UInt64, returned: UInt64?
    ) {
        actions.withLock {
            $0[key].append(TimedAction(action: action, called: called, returned: returned))
        }
        counts.withLock { counts in
            switch (action, returned) {
            case (.get, _): counts.reads += 1
            case (.put, nil): counts.unknown += 1
            case (.put, _?): counts.acknowledged += 1
            }
        }
    }

    /// One line on what was seen, and the verdict of the checker on every key.
    func verdict() -> (line: String, holds: Bool) {
        let (acknowledged, unknown, reads) = counts.withLock { $0 }
        var broken = 0
        var undecided = 0
        for actions in actions.withLock({ $0 }) {
            var checker = LinearizabilityChecker(RegisterModel(), actions)
            switch checker.check() {
            case .holds: break
            case .broken: broken += 1
            case .undecided: undecided += 1
            }
        }
        let line =
            "\(acknowledged) puts acknowledged, \(unknown) of unknown outcome, \(reads) reads:"
            + (broken > 0
                ? " NOT LINEARIZABLE on \(broken) keys"
                : undecided > 0 ? " undecided on \(undecided) keys" : " linearizable")
        return (line, broken == 0)
    }
}

/// One client: puts and gets in turn, at members in turn, until it is cancelled.
struct FaultClient: Sendable {
    let number: Int
    let keys: Int
    let group: AlthingGroup
    let history: FaultHistory

    func run() async {
        var turn = number
        var place = number % 3 + 1
        while !Task.isCancelled {
            turn += 1
            let key = turn % keys
            if turn % 3 == 0 {
                await get(key, at: turn / 3 % 3 + 1)
            } else {
                place = await put(key, at: place)
            }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    func name(_ key: Int) -> [UInt8] { Array("faultk".utf8) + [UInt8(key), 0] }

    /// Puts at a member; gives the member to ask next.
    private func put(_ key: Int, at member: Int) async -> Int {
        let value = history.freshValue()
        let body = name(key) + Array("\(value)".utf8)
        let called = SystemClock.monotonicNanoseconds()
        let answer = await ask(member, "/bench", body)
        let returned = SystemClock.monotonicNanoseconds()
        switch answer {
        case .some(let answer) where answer.status == 200:
            history.add(.put(value), key: key, called: called, returned: returned)
            return member
        // Refused before anything was done; 504 and silence say nothing.
        case .some(let answer) where [421, 507].contains(answer.status): return member % 3 + 1
        default:
            history.add(.put(value), key: key, called: called, returned: nil)
            return member % 3 + 1
        }
    }

    private func get(_ key: Int, at member: Int) async {
        let called = SystemClock.monotonicNanoseconds()
        guard let answer = await ask(member, "/bench/get", name(key)) else { return }
        let returned = SystemClock.monotonicNanoseconds()
        switch answer.status {
        case 200:
            guard let value = Int(answer.text) else { return }
            history.add(.get(value), key: key, called: called, returned: returned)
        case 404: history.add(.get(0), key: key, called: called, returned: returned)
        default: break
        }
    }

    func ask(_ member: Int, _ path: String, _ body: [UInt8]) async -> HTTPClientResponse? {
        guard var request = try? HTTPClientRequest("POST", group.origin(member) + path) else {
            return nil
        }
        request.body = body
        request.responseTimeout = .seconds(3)
        return try? await group.client.send(request)
    }
}
