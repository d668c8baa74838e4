// Governance: who may decide what, and how a decision is counted.
//
// What lives here, in reading order:
//
// - `Constitution`: the tracks in force, read from `Policies/constitution.yaml`. `Track` is the
//   rules of one kind of proposal, `ConstitutionBounds` what no vote can pass.
// - `ProposalFile`, `Effect`, `TrainingPlan`: a proposal as written, and the typed actions it
//   stands for. `Effect.digest(of:)` is what every ballot signs.
// - `VotingPower`, `Delegation`: balance checkpoints by log index, lending power, snapshots,
//   ageing. The control plane calls `record` whenever a balance of the governance token changes.
// - `Statement`, `Ballot`: what a ballot says, in the words a person signs; `BallotCount` what it
//   weighs, `OptionCount` which option wins, `HiddenVoting` ballots that are revealed later.
// - `GovernanceEngine`: submit, cancel, vote, advance, explain. Its `GovernanceHost` is the
//   control plane. `Guardian` is the one office, and all it can do is delay or cancel.
// - `TallyRules`: one exact rule whose parameters reproduce other systems' rules. `Verdict` carries
//   the arithmetic as lines to read.
// - `Voting/`: ballots of other forms, as pure functions: single choice, approval, weighted,
//   quadratic, ranked, Condorcet, conviction, curves, equal shares, medians, liquid delegation.
// - `Exact/`: whole numbers and fractions of any size.
//
// Rules of this target: whole numbers only, every comparison multiplied out, nothing that depends
// on a dictionary's order, log index and time always arguments. It does not know the ledger.
