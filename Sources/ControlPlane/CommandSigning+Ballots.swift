// Hidden ballots, the guardian and words about persons as typed data.

import Primitives
import Wallet

extension CommandSigning {
    static func ballotFields(of command: AccountCommand) -> (String, Fields) {
        switch command {
        case .commitVote(let proposal, let title, let effects, let commitment):
            (
                "CommitVote",
                [
                    ("proposal", "uint64", .unsigned(proposal)),
                    ("title", "string", .string(title)), ("effects", "bytes32", .digest(effects)),
                    ("commitment", "bytes32", .digest(commitment)),
                ]
            )
        case .revealVote(let proposal, let title, let choice, let effects, let reason, let salt):
            (
                "RevealVote",
                [
                    ("proposal", "uint64", .unsigned(proposal)),
                    ("title", "string", .string(title)),
                    ("choice", "string", .string(choice)), ("effects", "bytes32", .digest(effects)),
                    ("reason", "string", .string(reason)), ("salt", "bytes32", .digest(salt)),
                ]
            )
        case .guardProposal(let proposal, let title, let action, let milliseconds, let reason):
            (
                "GuardProposal",
                [
                    ("proposal", "uint64", .unsigned(proposal)),
                    ("title", "string", .string(title)), ("action", "string", .string(action)),
                    ("milliseconds", "uint64", .unsigned(milliseconds)),
                    ("reason", "string", .string(reason)),
                ]
            )
        case .attestPerson(let account, let person, let standing):
            (
                "AttestPerson",
                [
                    ("subject", "address", .address(account)),
                    ("person", "bytes32", .digest(person)), ("standing", "bool", .bool(standing)),
                ]
            )
        default: ("Unknown", [])
        }
    }
}
