// What a new proposal's file says it would do, until its author says something else: every key of
// its kind, with a value of the right form.

import Governance

extension ProposalKind {
    private static let noDigest = "sha256:" + String(repeating: "0", count: 64)

    /// The elements of `effects`.
    var effectsTemplate: String {
        switch self {
        case .signal: "  - text: Write the statement that would be recorded."
        case .treasurySpend:
            """
              - asset: CREDIT
                to: "0x0000000000000000000000000000000000000001"
                amount: 1_000_000
            """
        case .changePolicy:
            """
              - policy: pricing
                base: \(Self.noDigest)
                text: |
                  the whole new text; `althing policy diff` prints the base
            """
        case .retireModel: "  - model: kings"
        case .releaseModel:
            """
              - model: kings
                digest: \(Self.noDigest)
                asset: CREDIT
                price_per_input_token: 1
                price_per_output_token: 3
                licence: Apache-2.0
            """
        case .slashProvider:
            """
              - provider: "0x0000000000000000000000000000000000000001"
                amount: 1_000_000
                reason: Say what was done, and where it can be read.
            """
        case .changeMembers:
            """
              - add:
                  - name: member-4
                    key: "\(String(repeating: "0", count: 63))1"
                    address: member-4.example.org:7001
            """
        case .fundingRound:
            """
              - asset: CREDIT
                budget: 10_000_000
                projects:
                  - name: first
                    summary: What it would make, in a sentence.
                    to: "0x0000000000000000000000000000000000000001"
                    cost: 4_000_000
                  - name: second
                    summary: What it would make, in a sentence.
                    to: "0x0000000000000000000000000000000000000002"
                    cost: 5_000_000
            """
        case .trainModel: trainingTemplate
        }
    }

    private var trainingTemplate: String {
        """
          - model: kings
            architecture:
              layers: 2
              heads: 6
              width: 96
              context: 32
              batch: 4
            data:
              - name: kings.txt
                digest: \(Self.noDigest)
                bytes: 695_168
                licence: Apache-2.0
            recipe:
              rounds: 8
              segments_per_round: 4
              steps_per_segment: 200
              learning_rate_millionths: 1_500
              warm_up_steps: 10
              outer_learning_rate_millionths: 700_000
              outer_momentum_millionths: 700_000
              quantisation_bits: 4
              seed: 1
            held_out: 10%
            redundancy: 10%
            budget:
              asset: CREDIT
              amount: 200_000_000
              price_per_segment: 1_000_000
              price_per_aggregation: 500_000
              price_per_evaluation: 1_000_000
            timeouts:
              segment: 60s
              aggregation: 60s
              evaluation: 60s
            evaluation:
              baseline: bigram
        """
    }
}
