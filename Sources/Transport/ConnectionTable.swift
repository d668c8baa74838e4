// The connections a server has open: counted against its limits, and found again at shutdown.

import NIOCore
import Synchronization

/// Open connections, in all and by address.
final class ConnectionTable: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var byAddress: [String: Int] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let limits: HTTPLimits

    init(_ limits: HTTPLimits) { self.limits = limits }

    var count: Int { state.withLock { $0.channels.count } }

    /// Takes a new connection, unless that would break a limit; forgets it when it closes.
    func admit(_ channel: any Channel) -> Bool {
        let address = plainAddress(channel.remoteAddress)
        let isAdmitted = state.withLock { state in
            let fromAddress = state.byAddress[address, default: 0]
            guard !state.isClosed, state.channels.count < limits.connections,
                fromAddress < limits.connectionsPerAddress
            else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            state.byAddress[address] = fromAddress + 1
            return true
        }
        guard isAdmitted else { return false }
        let id = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { _ in self.forget(id, address) }
        return true
    }

    private func forget(_ id: ObjectIdentifier, _ address: String) {
        state.withLock { state in
            guard state.channels.removeValue(forKey: id) != nil else { return }
            let left = state.byAddress[address, default: 1] - 1
            state.byAddress[address] = left > 0 ? left : nil
        }
    }

    /// Admits nobody from now on; gives the connections that are open.
    func closeToNewcomers() -> [any Channel] {
        state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
    }
}
