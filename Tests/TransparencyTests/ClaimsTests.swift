import Primitives
import Testing
import Transparency

private func account(_ number: Int) throws -> Address {
    try #require(
        Address([UInt8](repeating: 0, count: 18) + [UInt8(number >> 8), UInt8(number & 255)]))
}

struct ClaimsTests {
    @Test(arguments: [1, 2, 3, 7, 64, 100])
    func `Every claim is proved, and no other amount, account or node`(_ count: Int) throws {
        let claims = try (1...count).map {
            Claim(account: try account($0), amount: Amount(UInt128($0) * 10))
        }
        let token = try account(5000)
        let tree = try ClaimsTree(epoch: 9, token: token, claims: claims.reversed())
        for claim in claims {
            let mine = try #require(try tree.claim(of: claim.account))
            func verify(amount: Amount, epoch: Int = 9) throws -> Bool {
                let leaf = try StandardMerkleTree.leaf(
                    [
                        .string("\(epoch)"), .string("\(mine.index)"), .string(token.hex),
                        .string(claim.account.hex), .amount(amount),
                    ], encoding: ClaimsTree.encoding)
                return SortedPairTree.verify(leaf: leaf, proof: mine.proof, root: tree.root)
            }
            #expect(try verify(amount: claim.amount))
            #expect(try !verify(amount: try claim.amount.adding(Amount(1))))
            #expect(try !verify(amount: claim.amount, epoch: 10))
        }
        #expect(try tree.claim(of: token) == nil)
        #expect(try StandardMerkleTree(dump: tree.tree.dump).root == tree.root)
    }

    @Test func `Multi-proofs hold for any choice of leaves`() throws {
        var random = SplitMix64(seed: 3)
        for count in 1...20 {
            let values = (0..<count).map { [JSON.string("\($0)")] }
            let tree = try StandardMerkleTree(values, encoding: ["uint256"])
            let chosen = (0..<count).filter { _ in random.next(below: 2) == 0 }
            let proof = try tree.multiProof(chosen)
            #expect(StandardMerkleTree.verify(proof, root: tree.root))
            let short = StandardMerkleTree.MultiProof(
                leaves: proof.leaves, proof: Array(proof.proof.dropLast()), flags: proof.flags)
            if !proof.proof.isEmpty {
                #expect(!StandardMerkleTree.verify(short, root: tree.root))
            }
        }
    }

    @Test func `Duplicates, nothing and forged dumps are refused`() throws {
        let claim = Claim(account: try account(1), amount: Amount(1))
        #expect(throws: Refusal("claims.duplicate", "")) {
            _ = try ClaimsTree(epoch: 1, token: .zero, claims: [claim, claim])
        }
        #expect(throws: Refusal("claims.empty", "")) {
            _ = try ClaimsTree(
                epoch: 1, token: .zero, claims: [Claim(account: claim.account, amount: .zero)])
        }
        #expect(throws: Refusal("claims.duplicate", "")) {
            _ = try MerkleDistributor([claim, claim], spelling: { $0.hex })
        }
        let two = [claim, Claim(account: try account(2), amount: Amount(2))]
        let text = try ClaimsTree(epoch: 1, token: .zero, claims: two).tree.dump.compact
        for forged in [
            text.replacing("\"2\"]", with: "\"3\"]"),
            text.replacing("standard-v1", with: "simple-v1"),
            text.replacing("\"treeIndex\":1", with: "\"treeIndex\":0"),
            text.replacing("\"treeIndex\":1", with: "\"treeIndex\":9"), "{}",
        ] {
            #expect(throws: Refusal("claims.dump", "")) {
                _ = try StandardMerkleTree(dump: try JSON.parse(forged))
            }
        }
    }
}

struct ABITests {
    @Test(
        arguments: [
            ("uint8", JSON.string("256")), ("uint8", "-1"), ("uint8", "01"), ("uint8", 1),
            ("int8", "128"), ("int8", "-129"), ("int8", "-0"), ("bool", "true"), ("bool", 1),
            ("bytes2", "0x01"), ("bytes2", "0x010203"), ("bytes2", "0102"), ("bytes", "0x1"),
            ("address", "0x12"), ("string", 5), ("uint8[2]", ["1"]), ("uint8[]", "1"),
            (
                "uint256",
                "115792089237316195423570985008687907853269984665640564039457584007913129639936"
            ),
        ] as [(String, JSON)])
    func `Nothing is coerced`(_ type: String, _ value: JSON) throws {
        #expect(throws: Refusal("abi.value", "")) {
            _ = try ABIEncoder.encode([try ABIType(parsing: type)], [value])
        }
    }

    @Test(
        arguments: [
            "", "uint", "int", "uint7", "uint264", "uint08", "bytes0", "bytes33", "tuple",
            "uint8[", "uint8]", "uint8[0]", "uint8[-1]", "[]", "address payable",
            "uint8[][][][][][][][][][][][][][][][][][]", "()", "(uint8", "uint8)", "(uint8,)",
            "(uint8),(uint8)", "(uint8)(uint8)", "(uint8]", "(tuple)",
            "uint8[1024][1024][1024][1024][1024][1024]",
        ])
    func `Other types are refused`(_ text: String) {
        #expect(throws: Refusal("abi.type", "")) { _ = try ABIType(parsing: text) }
    }

    @Test func `Static and dynamic values stand where the specification's example has them`() throws
    {
        // Solidity's documentation: f(uint256,uint32[],bytes10,bytes), the second dynamic example.
        let call = try ABIEncoder.call(
            "f(uint256,uint32[],bytes10,bytes)",
            ["291", ["1110", "1929"], "0x31323334353637383930", "0x48656c6c6f2c20776f726c6421"])
        #expect(
            Hex.encode(call) == "8be65246"
                + "0000000000000000000000000000000000000000000000000000000000000123"
                + "0000000000000000000000000000000000000000000000000000000000000080"
                + "3132333435363738393000000000000000000000000000000000000000000000"
                + "00000000000000000000000000000000000000000000000000000000000000e0"
                + "0000000000000000000000000000000000000000000000000000000000000002"
                + "0000000000000000000000000000000000000000000000000000000000000456"
                + "0000000000000000000000000000000000000000000000000000000000000789"
                + "000000000000000000000000000000000000000000000000000000000000000d"
                + "48656c6c6f2c20776f726c642100000000000000000000000000000000000000")
    }

    /// Words of 32 bytes, written without their leading zeros.
    private static func joined(_ words: String) -> String {
        words.split(whereSeparator: \.isWhitespace).map { word in
            String(repeating: "0", count: 64 - word.count) + word
        }.joined()
    }

    @Test func `Tuples stand as their members do, behind an offset when one is dynamic`() throws {
        // Computed with eth-abi 6.0.0.
        let call = try ABIEncoder.call(
            "f((uint256,(address,bytes)[]),int8[2][],bytes3)",
            [
                ["7", [["0x1111111111111111111111111111111111111111", "0x0102"]]],
                [["-1", "2"], ["3", "-128"]], "0x616263",
            ])
        let words = """
            60 160 6162630000000000000000000000000000000000000000000000000000000000 7 40 1 20
            1111111111111111111111111111111111111111 40 2
            0102000000000000000000000000000000000000000000000000000000000000 2
            ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 2 3
            ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff80
            """
        #expect(Hex.encode(call) == "b5c74d2f" + Self.joined(words))
        let flat = try ABIEncoder.encode(
            [try ABIType(parsing: "(uint8,bool)[2]")], [[["1", true], ["2", false]]])
        #expect(Hex.encode(flat) == Self.joined("1 1 2 0"))
        #expect(throws: Refusal("abi.value", "")) {
            _ = try ABIEncoder.encode([try ABIType(parsing: "(uint8,bool)")], [["1"]])
        }
    }

    @Test func `Signed numbers are two's complement`() throws {
        let type = try ABIType(parsing: "int16")
        #expect(
            try Hex.encode(ABIEncoder.encode([type], ["-1"])) == String(repeating: "f", count: 64))
        #expect(
            try Hex.encode(ABIEncoder.encode([type], ["-32768"])).hasSuffix("ffff8000"))
        #expect(try Hex.encode(ABIEncoder.encode([type], ["32767"])).hasSuffix("00007fff"))
    }
}
