// `althing proposal delay` and `stop`: what the guardian may do, and nothing else.

import ArgumentParser
import Client
import ControlPlane
import Primitives
import Terminal

/// The guardian's act on a proposal, signed with the title that the proposal has.
private struct GuardianAct {
    let proposal: UInt64
    let action: String
    let milliseconds: UInt64
    let reason: String

    func submit(_ options: SigningCommandOptions, _ done: String) async throws(Refusal) {
        let printer = options.printer
        let receipt = try await options.read.ask { (client) throws(Refusal) in
            let record = try await client.get("/api/v1/proposals/\(proposal)?brief=true")
            guard let title = record["title"]?.text else {
                throw Refusal("cluster.answer", "the member's proposal is malformed")
            }
            return try await options.signing.submit(
                .guardProposal(
                    proposal: proposal, title: title, action: action, milliseconds: milliseconds,
                    reason: reason), to: client, printer: printer)
        }
        printer.show([done, Receipts.line(receipt)], json: ["receipt": receipt])
    }
}

/// `proposal delay`.
struct ProposalDelay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delay", abstract: "Hold a proposal up, as the guardian.",
        discussion: """
            The constitution says how long all delays of a proposal together may be, and until \
            when the guardian serves.

            Example:
              althing proposal delay 7 2d --reason "the licence of the data is disputed"
            """)

    @Argument(help: "The proposal's number.")
    var id: UInt64

    @Argument(help: "For how long, such as 2d.")
    var time: LengthOfTime

    @OptionGroup var why: ReasonOption
    @OptionGroup var options: SigningCommandOptions

    func run() async throws {
        let length = Durations.text(milliseconds: time.milliseconds)
        try await GuardianAct(
            proposal: id, action: "delay", milliseconds: time.milliseconds,
            reason: why.reason
        ).submit(options, "proposal \(id) is held up by \(length)")
    }
}

/// `proposal stop`.
struct ProposalStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Cancel somebody's proposal, as the guardian.",
        discussion: """
            A change of the constitution can be delayed, never stopped.

            Example:
              althing proposal stop 7 --reason "it pays an account that was taken over"
            """)

    @Argument(help: "The proposal's number.")
    var id: UInt64

    @OptionGroup var why: ReasonOption
    @OptionGroup var options: SigningCommandOptions

    func run() async throws {
        try await GuardianAct(proposal: id, action: "cancel", milliseconds: 0, reason: why.reason)
            .submit(options, "proposal \(id) is cancelled by the guardian")
    }
}
