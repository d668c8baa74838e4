// The consensus core and the log each have a type named `LogPosition`; this file names the core's,
// so that the files that use both can tell them apart.

package import Raft

/// A position as the consensus core has it.
package typealias CorePosition = Raft.LogPosition
