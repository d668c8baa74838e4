// Connections a client keeps, by origin: reused when one has room, opened when none has.

import NIOCore
import Primitives
import Synchronization

/// The server a connection leads to, and the key by which it was accepted.
struct Origin: Hashable, Sendable {
    let isSecure: Bool
    let host: String
    let port: Int
    let pin: PinnedKey?
}

/// Room for one request on a connection.
struct ConnectionLease: Sendable {
    let connection: ClientConnection
    /// Gives the room back.
    let release: @Sendable () -> Void
}

/// All connections of one client.
final class ClientPool: Sendable {
    private struct Slot {
        let number: UInt64
        let connection: ClientConnection
        var used: Int
    }

    private struct Entry {
        var slots: [Slot] = []
        var connecting = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private struct State {
        var entries: [Origin: Entry] = [:]
        /// Connections that ended before they were entered.
        var ended: Set<UInt64> = []
        var nextNumber: UInt64 = 0
        var isClosed = false
    }

    private enum Choice {
        case lease(UInt64, ClientConnection)
        case connect(UInt64)
        case wait
        case closed
    }

    /// How many requests wait for each connection in the making before another is made: an HTTP/2
    /// server takes at least about this many.
    private static let waitersPerConnection = 64

    private let state = Mutex(State())

    /// Finds or makes room for a request.
    func acquire(
        _ origin: Origin,
        connect: (@escaping @Sendable () -> Void) async throws(Refusal) -> ClientConnection
    ) async throws(Refusal) -> ConnectionLease {
        while true {
            switch choose(origin) {
            case .lease(let number, let connection):
                return lease(origin, number, connection)
            case .closed:
                throw Refusal("transport.closed", "the client has been closed")
            case .wait:
                await waitForConnection(origin)
            case .connect(let number):
                do throws(Refusal) {
                    let connection = try await connect { self.retire(origin, number) }
                    enter(origin, number, connection)
                    return lease(origin, number, connection)
                } catch {
                    settle(origin)
                    throw error
                }
            }
        }
    }

    private func choose(_ origin: Origin) -> Choice {
        state.withLock { state in
            if state.isClosed { return .closed }
            var entry = state.entries[origin] ?? Entry()
            defer { state.entries[origin] = entry }
            // The last one entered or used is the least likely to be closed by the server.
            if let index = entry.slots.lastIndex(where: { $0.used < $0.connection.capacity }) {
                entry.slots[index].used += 1
                return .lease(entry.slots[index].number, entry.slots[index].connection)
            }
            if origin.isSecure,
                entry.waiters.count < ClientPool.waitersPerConnection * entry.connecting
            {
                return .wait
            }
            entry.connecting += 1
            state.nextNumber += 1
            return .connect(state.nextNumber)
        }
    }

    private func waitForConnection(_ origin: Origin) async {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard let entry = state.entries[origin], entry.connecting > 0 else { return false }
                state.entries[origin]?.waiters.append(continuation)
                return true
            }
            if !waits { continuation.resume() }
        }
    }

    private func enter(_ origin: Origin, _ number: UInt64, _ connection: ClientConnection) {
        let isClosed = state.withLock { state in
            if state.ended.remove(number) == nil {
                state.entries[origin, default: Entry()].slots.append(
                    Slot(number: number, connection: connection, used: 1))
            }
            return state.isClosed
        }
        if isClosed { connection.channel.close(promise: nil) }
        connection.channel.closeFuture.whenComplete { _ in self.forget(origin, number) }
        settle(origin)
    }

    /// A connection attempt is over: those who waited look again.
    private func settle(_ origin: Origin) {
        let waiters = state.withLock { state in
            guard var entry = state.entries[origin] else {
                return [CheckedContinuation<Void, Never>]()
            }
            defer { state.entries[origin] = entry }
            defer { (entry.connecting, entry.waiters) = (entry.connecting - 1, []) }
            return entry.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func lease(
        _ origin: Origin, _ number: UInt64, _ connection: ClientConnection
    ) -> ConnectionLease {
        ConnectionLease(connection: connection) { self.release(origin, number) }
    }

    private func release(_ origin: Origin, _ number: UInt64) {
        state.withLock { state in
            guard var entry = state.entries[origin],
                let index = entry.slots.firstIndex(where: { $0.number == number })
            else { return }
            var slot = entry.slots.remove(at: index)
            slot.used -= 1
            entry.slots.append(slot)
            state.entries[origin] = entry
        }
    }

    /// Offers a connection no more; it may still be busy.
    private func retire(_ origin: Origin, _ number: UInt64) {
        state.withLock { state in
            guard
                let index = state.entries[origin]?.slots.firstIndex(where: { $0.number == number })
            else {
                state.ended.insert(number)
                return
            }
            state.entries[origin]?.slots.remove(at: index)
            if state.entries[origin].map({ $0.slots.isEmpty && $0.connecting == 0 }) ?? false {
                state.entries[origin] = nil
            }
        }
    }

    private func forget(_ origin: Origin, _ number: UInt64) {
        retire(origin, number)
        state.withLock { state in _ = state.ended.remove(number) }
    }

    /// Closes every connection; requests in flight fail.
    func close() {
        let connections = state.withLock { state in
            state.isClosed = true
            defer { state.entries = state.entries.filter { $0.value.connecting > 0 } }
            return state.entries.values.flatMap { $0.slots.map(\.connection) }
        }
        for connection in connections { connection.channel.close(promise: nil) }
    }
}
