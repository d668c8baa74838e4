// What can go wrong in a group of cores, and how often.

/// What can go wrong, in thousandths a step where nothing else is said.
package struct Hostility {
    package var loss: UInt64 = 50
    package var duplication: UInt64 = 20
    package var crash: UInt64 = 3
    package var partition: UInt64 = 5
    package var compaction: UInt64 = 5
    package var membershipChange: UInt64 = 5
    /// Of the crashes of one member, how many leave entries unreadable.
    package var damage: UInt64 = 0
    /// Of the messages, how many arrive long after what they answer.
    package var delay: UInt64 = 15
    /// A member stands still for a while, and what comes meanwhile waits for it.
    package var pause: UInt64 = 3
    /// A member's disk takes long for what it is to write.
    package var slowDisk: UInt64 = 4
    /// Of the leaders when some are cut off, how many take a good deal at once.
    package var burst: UInt64 = 400
    /// Of those that just voted or were just elected, how many die before they do much else.
    package var suddenDeath: UInt64 = 40
    /// The lead is given away, or a line to a leader breaks and its end is taken for granted.
    package var unrest: UInt64 = 3

    /// As the core's own tests have it.
    package init() {}

    static let calm: Hostility = {
        var calm = Hostility()
        (calm.loss, calm.duplication, calm.crash, calm.delay) = (0, 0, 0, 0)
        (calm.partition, calm.compaction, calm.membershipChange) = (0, 0, 0)
        (calm.pause, calm.slowDisk, calm.suddenDeath, calm.unrest) = (0, 0, 0, 0)
        return calm
    }()
}
