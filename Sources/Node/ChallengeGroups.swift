// Which machines are challenged at the same instant: those of one owner, and those that call from
// one network, whoever answers for them. One device cannot be ten, whatever names it goes by.

import ControlPlane
import Primitives

/// Machines that belong together.
enum ChallengeGroups {
    /// The groups, each by agent: two machines are in one when they share an owner or a network, or
    /// are joined by others that do.
    ///
    /// - Parameter networks: where agents last called from, as `NetworkPrefix` names it.
    static func make(_ machines: [ChallengeableMachine], networks: [Address: String])
        -> [[ChallengeableMachine]]
    {
        var groups: [[ChallengeableMachine]] = []
        /// Which group an owner or a network was found in.
        var places: [String: Int] = [:]
        for machine in machines {
            var names = ["owner \(machine.owner.hex)"]
            if let network = networks[machine.agent] { names.append("network \(network)") }
            let known = Set(names.compactMap { places[$0] }).sorted()
            guard let first = known.first else {
                for name in names { places[name] = groups.count }
                groups.append([machine])
                continue
            }
            groups[first].append(machine)
            for other in known.dropFirst() {
                groups[first] += groups[other]
                groups[other] = []
                for (name, place) in places where place == other { places[name] = first }
            }
            for name in names { places[name] = first }
        }
        return groups.filter { !$0.isEmpty }.map { group in
            group.sorted { $0.agent.bytes.lexicographicallyPrecedes($1.agent.bytes) }
        }
    }
}

/// The network that an address is in, as far as one household or hall has it.
enum NetworkPrefix {
    /// The first 24 bits of an address of version 4, the first 64 of one of version 6; nil for what
    /// is no address.
    static func of(_ address: String) -> String? {
        // An address of version 4 that came over a socket of version 6.
        let mapped = "::ffff:"
        if address.hasPrefix(mapped), address.contains(".") {
            return of(String(address.dropFirst(mapped.count)))
        }
        guard address.contains(":") else {
            let parts = address.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) else { return nil }
            return parts.prefix(3).joined(separator: ".") + ".0/24"
        }
        guard let words = words(address) else { return nil }
        return words.prefix(4).map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
    }

    /// The eight words of an address of version 6; nil for what is none.
    private static func words(_ address: String) -> [UInt16]? {
        let plain = address.split(separator: "%", maxSplits: 1).first ?? ""
        let halves = plain.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        var sides: [[UInt16]] = []
        for half in halves {
            let texts =
                half.isEmpty
                ? [] : half.split(separator: ":", omittingEmptySubsequences: false)
            let side = texts.compactMap { UInt16($0, radix: 16) }
            guard side.count == texts.count else { return nil }
            sides.append(side)
        }
        let gap = 8 - sides.reduce(0) { $0 + $1.count }
        guard sides.count == 2 ? gap >= 0 : gap == 0 else { return nil }
        return sides[0] + [UInt16](repeating: 0, count: gap) + (sides.count == 2 ? sides[1] : [])
    }
}
