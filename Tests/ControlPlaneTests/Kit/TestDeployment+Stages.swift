// Deployments at the stations of the road.

import ControlPlane
import Cryptography
import Primitives
import Testing

extension TestDeployment {
    /// Machines are registered, measured, and the training proposal was executed.
    static func started(
        people: People? = nil, policies: [String: String] = [:],
        proposal text: String? = nil
    ) throws -> TestDeployment {
        let deployment = try TestDeployment(people: people, policies: policies)
        try deployment.registerMachines()
        try deployment.accept(
            .delegate(
                track: "",
                parts: [
                    DelegationPart(
                        delegate: deployment.people.voters[0].address, parts: 10_000)
                ]), by: deployment.people.delegator)
        let proposal = try deployment.decide(try text ?? Shipped.trainingProposal())
        try #require(try deployment.status(of: proposal) == "executed")
        try #require(deployment.events("job.started").count == 1)
        return deployment
    }

    /// The job is finished and a candidate stands.
    static func trained(_ crew: Crew = Crew()) throws -> TestDeployment {
        let deployment = try started(proposal: try shortProposal())
        try deployment.work(crew)
        try #require(try deployment.jobStatus() == "finished")
        return deployment
    }

    /// The model is released and one machine of each owner serves it.
    static func released() throws -> TestDeployment {
        let deployment = try trained()
        let proposal = try deployment.decide(try deployment.releaseText())
        try #require(try deployment.status(of: proposal) == "executed")
        for machines in deployment.people.machines {
            try deployment.accept(.offerServing(model: "kings", offered: true), by: machines[0])
        }
        return deployment
    }

    func releaseText() throws -> String {
        TestDeployment.releaseProposal(
            model: "kings", digest: try #require(try views.model("kings")["digest"]?.text))
    }

    /// The training proposal with less to do: fewer rounds of fewer segments.
    static func shortProposal(rounds: Int = 2, segments: Int = 2, redundancy: String = "10%")
        throws -> String
    {
        try Shipped.trainingProposal()
            .replacing("rounds: 8", with: "rounds: \(rounds)")
            .replacing("segments_per_round: 4", with: "segments_per_round: \(segments)")
            .replacing("redundancy: 10%", with: "redundancy: \(redundancy)")
    }

    /// The copy of the log that an auditor gets.
    func auditFile() throws(Refusal) -> AuditFile {
        let head = views.treeHead()
        let note = try CheckpointNote.signed(
            genesis: genesis, member: 1, size: head.size, root: head.root, seed: seed, time: now)
        return AuditFile(
            genesis: genesis.encoded, entries: entries.map(\.encoded), checkpoint: note)
    }
}

/// A customer with a prepaid balance and a key, and the requests it makes.
struct Till {
    let deployment: TestDeployment
    let key = SHA256.hash(Array("api key".utf8))
    private var count = 0

    init(_ deployment: TestDeployment, funds: Amount) throws {
        self.deployment = deployment
        let customer = deployment.people.customer
        try deployment.accept(.fundPrepaid(amount: funds), by: customer)
        try deployment.accept(.createKey(keyDigest: key, label: "test"), by: customer)
    }

    /// Reserves a request; its name and the answer.
    mutating func reserve(prompt: UInt64, most: UInt64, model: String = "kings")
        throws(Refusal) -> (Digest, CommandReceipt)
    {
        count += 1
        let request = SHA256.hash(Array("request \(count)".utf8))
        let receipt = try deployment.apply(
            .reserveUsage(
                request: request, key: key, model: model, promptTokens: prompt, maximumTokens: most)
        )
        return (request, receipt)
    }

    /// A receipt signed by the machine that served.
    func reading(_ request: Digest, prompt: UInt64, completion: UInt64, by machine: Person)
        throws(Refusal) -> UsageReading
    {
        var reading = UsageReading(
            request: request, provider: machine.address, promptTokens: prompt,
            completionTokens: completion, completion: .zero, signature: [])
        let digest = try CommandSigning.receiptDigest(
            reading, genesis: deployment.genesis, genesisDigest: deployment.machine.genesisDigest)
        reading.signature = try machine.key.sign(digest).bytes
        return reading
    }

    /// Reserves and posts a request that used all it asked for.
    mutating func buy(prompt: UInt64, completion: UInt64, from machine: Person) throws {
        let (request, receipt) = try reserve(prompt: prompt, most: completion)
        try #require(receipt.accepted, "\(receipt.code)")
        try deployment.accept(
            .postUsage(try reading(request, prompt: prompt, completion: completion, by: machine)))
    }
}
