import Primitives
import Simulator
import Testing

@testable import Raft

@Suite struct ConfigurationChangeTests {
    private let inflights = Inflights(maximumCount: 1)

    private func changer(_ voters: [MemberID]) throws -> ConfigurationChanger {
        var changer = ConfigurationChanger(lastIndex: 1, inflights: inflights)
        changer.current = try changer.restoring(ConfigurationState(voters: voters))
        return changer
    }

    /// Whatever is accepted can be stored, restored, and keeps voters and learners apart.
    @Test(arguments: UInt64(1)...200)
    func `any accepted change leaves a sound configuration`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var changer = try changer([1, 2, 3])
        for _ in 0..<40 {
            let changes = (0..<random.next(below: 4)).map { _ in
                MemberChange(
                    MemberChange.Kind(rawValue: UInt8(random.next(below: 4))) ?? .update,
                    random.next(below: 6))
            }
            let transition =
                ConfigurationChange.Transition(rawValue: UInt8(random.next(below: 3)))
                ?? .automatic
            let change = ConfigurationChange(changes, transition: transition)
            guard let result = try? changer.apply(change) else { continue }
            changer.current = result
            let configuration = result.configuration
            #expect(!configuration.voters.incoming.voters.isEmpty)
            let members = configuration.voters.voters.union(configuration.learners)
            #expect(result.progress.ids == members.ids)
            for id in configuration.learners { #expect(!configuration.voters.contains(id)) }
            let empty = ConfigurationChanger(lastIndex: 1, inflights: inflights)
            #expect(try empty.restoring(configuration.state).configuration == configuration)
        }
    }

    @Test func `refusals say what is wrong`() throws {
        let three = try changer([1, 2, 3])
        func code(_ work: () throws -> Void) -> String? {
            do {
                try work()
                return nil
            } catch { return (error as? Refusal)?.code }
        }
        #expect(code { _ = try three.leaveJoint() } == "configuration.not-joint")
        let two: [MemberChange] = [.init(.remove, 1), .init(.remove, 2)]
        #expect(code { _ = try three.simple(two) } == "configuration.too-many-voters")
        let all = [MemberID(1), 2, 3].map { MemberChange(.remove, $0) }
        #expect(
            code { _ = try three.enterJoint(all, autoLeave: true) }
                == "configuration.no-voters-left")
        var joint = three
        joint.current = try three.enterJoint([.init(.addVoter, 4)], autoLeave: true)
        #expect(code { _ = try joint.simple([]) } == "configuration.simple-while-joint")
        #expect(
            code { _ = try joint.enterJoint([], autoLeave: true) }
                == "configuration.already-joint")
    }

    @Test func `a stored membership that contradicts itself is refused`() {
        let empty = ConfigurationChanger(lastIndex: 1, inflights: inflights)
        let states = [
            ConfigurationState(voters: [1, 2], learners: [2]),
            ConfigurationState(voters: [1], learnersNext: [2]),
            ConfigurationState(voters: [1], autoLeave: true),
        ]
        for state in states { #expect(throws: Refusal.self) { try empty.restoring(state) } }
    }
}
