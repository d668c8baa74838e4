// What a person signs: every account command as EIP-712 typed data, rendered from the command
// itself and from the deployment's genesis, never from anything a client sends.

public import Cryptography
public import Primitives
public import Wallet

/// Commands as typed data.
public enum CommandSigning {
    /// The domain of a deployment.
    public static func domain(_ genesis: Genesis, digest: Digest) throws(Refusal) -> SigningDomain {
        try SigningDomain(chainId: genesis.chainID, salt: digest)
    }

    /// Signs one command; `CommandDigests` for many.
    ///
    /// - Parameter validUntil: after this time of the log it is refused; zero for no end.
    public static func sign(
        _ command: AccountCommand, nonce: UInt64, validUntil: Timestamp = .zero, genesis: Genesis,
        key: Secp256k1PrivateKey
    ) throws(Refusal) -> Envelope {
        try CommandDigests(genesis: genesis, prepared: []).sign(
            command, nonce: nonce, validUntil: validUntil, key: key)
    }

    /// The message: the command's own fields, then the account, the nonce, and the end of its
    /// validity as a date that people can read, empty for none.
    public static func message(
        _ command: AccountCommand, signer: Address, nonce: UInt64, validUntil: Timestamp = .zero
    ) -> TypedStruct {
        let (name, fields) = fields(of: command)
        return TypedStruct(
            name,
            fields: fields + [
                ("account", "address", .address(signer)), ("nonce", "uint64", .unsigned(nonce)),
                ("validUntil", "string", .string(validUntil == .zero ? "" : "\(validUntil)")),
            ], definitions: definitions(of: command))
    }

    typealias Fields = [(name: String, type: String, value: TypedValue)]

    private static func fields(of command: AccountCommand) -> (String, Fields) {
        switch command {
        case .transfer(let asset, let to, let amount, let memo):
            return (
                "Transfer",
                [
                    ("asset", "string", .string(asset)), ("to", "address", .address(to)),
                    ("amount", "uint128", .amount(amount)), ("memo", "string", .string(memo)),
                ]
            )
        case .delegate(let track, let parts, let expires):
            return (
                "Delegate",
                [
                    ("track", "string", .string(track)),
                    ("parts", "Part[]", .array(parts.map { .structure(part($0)) })),
                    // As text: a wallet shows a date, and nothing for no end.
                    ("expires", "string", .string(expires?.description ?? "")),
                ]
            )
        case .submitProposal(let fileName, let text, let title, let effects):
            return (
                "SubmitProposal",
                [
                    ("title", "string", .string(title)), ("effects", "bytes32", .digest(effects)),
                    ("fileName", "string", .string(fileName)), ("text", "string", .string(text)),
                ]
            )
        case .vote(let proposal, let title, let choice, let effects, let reason):
            return (
                "Vote",
                [
                    ("proposal", "uint64", .unsigned(proposal)),
                    ("title", "string", .string(title)),
                    ("choice", "string", .string(choice)), ("effects", "bytes32", .digest(effects)),
                    ("reason", "string", .string(reason)),
                ]
            )
        case .cancelProposal(let proposal, let reason):
            return (
                "CancelProposal",
                [
                    ("proposal", "uint64", .unsigned(proposal)),
                    ("reason", "string", .string(reason)),
                ]
            )
        case .commitVote, .revealVote, .guardProposal, .attestPerson:
            return ballotFields(of: command)
        default: return workFields(of: command)
        }
    }

    private static func workFields(of command: AccountCommand) -> (String, Fields) {
        switch command {
        case .registerProvider(let machine, let stake):
            return (
                "RegisterProvider",
                [
                    ("name", "string", .string(machine.name)),
                    ("agent", "address", .address(machine.agent)),
                    ("cores", "uint64", .unsigned(machine.cores)),
                    ("memoryBytes", "uint64", .unsigned(machine.memoryBytes)),
                    ("isolation", "string", .string(machine.isolation)),
                    ("stake", "uint128", .amount(stake)),
                ]
            )
        case .drainProvider(let provider, let draining):
            return (
                "DrainProvider",
                [
                    ("provider", "address", .address(provider)),
                    ("draining", "bool", .bool(draining)),
                ]
            )
        case .completeTask(let lease, let task, let output):
            return (
                "CompleteTask",
                [
                    ("lease", "uint64", .unsigned(lease)), ("task", "uint64", .unsigned(task)),
                    ("objects", "bytes32[]", .array(output.objects.map { .digest($0) })),
                    ("metrics", "uint64[]", .array(output.metrics.map { .unsigned($0) })),
                ]
            )
        case .failTask(let lease, let task, let reason):
            return (
                "FailTask",
                [
                    ("lease", "uint64", .unsigned(lease)), ("task", "uint64", .unsigned(task)),
                    ("reason", "string", .string(reason)),
                ]
            )
        default: return usageFields(of: command)
        }
    }

    private static func usageFields(of command: AccountCommand) -> (String, Fields) {
        switch command {
        case .cancelJob(let job, let reason):
            (
                "CancelJob",
                [("job", "uint64", .unsigned(job)), ("reason", "string", .string(reason))]
            )
        case .fundPrepaid(let amount): ("FundPrepaid", [("amount", "uint128", .amount(amount))])
        case .createKey(let keyDigest, let label):
            (
                "CreateKey",
                [("key", "bytes32", .digest(keyDigest)), ("label", "string", .string(label))]
            )
        case .revokeKey(let keyDigest): ("RevokeKey", [("key", "bytes32", .digest(keyDigest))])
        case .offerServing(let model, let offered):
            (
                "OfferServing",
                [("model", "string", .string(model)), ("offered", "bool", .bool(offered))]
            )
        default: ("Unknown", [])
        }
    }

    private static func part(_ part: DelegationPart) -> TypedStruct {
        TypedStruct(
            "Part",
            fields: [
                ("delegate", "address", .address(part.delegate)),
                ("parts", "uint64", .unsigned(part.parts)),
            ])
    }

    /// A delegation that is taken back has no parts to show the type of a part.
    private static func definitions(of command: AccountCommand) -> [TypedDataTypes.Definition] {
        guard case .delegate = command else { return [] }
        return [part(DelegationPart(delegate: .zero, parts: 0)).definition]
    }

    // MARK: Usage receipts

    /// What a serving agent signs about a request.
    public static func receiptDigest(
        _ reading: UsageReading, genesis: Genesis, genesisDigest: Digest
    ) throws(Refusal) -> Digest {
        try domain(genesis, digest: genesisDigest).digest(
            of: TypedStruct(
                "UsageReceipt",
                fields: [
                    ("request", "bytes32", .digest(reading.request)),
                    ("provider", "address", .address(reading.provider)),
                    ("promptTokens", "uint64", .unsigned(reading.promptTokens)),
                    ("completionTokens", "uint64", .unsigned(reading.completionTokens)),
                    ("completion", "bytes32", .digest(reading.completion)),
                ]))
    }
}
