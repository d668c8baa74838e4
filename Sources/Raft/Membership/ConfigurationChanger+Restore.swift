// From a stored membership back to a configuration.

public import Primitives

extension ConfigurationChanger {
    /// Builds, from an empty changer, the configuration that `state` describes.
    ///
    /// A joint one is built as it once came about: first the outgoing voters, then a joint change
    /// that removes them and adds what is to be. So every check on changes also guards what is
    /// read from disk or from another member.
    public func restoring(_ state: ConfigurationState) throws(Refusal) -> Result {
        var incoming: [MemberChange] = []
        for id in state.votersOutgoing { incoming.append(MemberChange(.remove, id)) }
        for id in state.voters { incoming.append(MemberChange(.addVoter, id)) }
        for id in state.learners { incoming.append(MemberChange(.addLearner, id)) }
        for id in state.learnersNext { incoming.append(MemberChange(.addLearner, id)) }

        var changer = self
        if state.votersOutgoing.isEmpty {
            for change in incoming { changer.current = try changer.simple([change]) }
        } else {
            for id in state.votersOutgoing {
                changer.current = try changer.simple([MemberChange(.addVoter, id)])
            }
            changer.current = try changer.enterJoint(incoming, autoLeave: state.autoLeave)
        }
        guard changer.current.configuration.state == state else {
            throw Refusal(
                "configuration.inconsistent", "the stored membership contradicts itself")
        }
        return changer.current
    }
}
