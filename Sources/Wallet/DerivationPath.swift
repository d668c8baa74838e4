// Paths in a tree of keys: BIP-32's notation, BIP-44's plan for Ethereum.

public import Primitives

/// A path such as `m/44'/60'/0'/0/0`.
public struct DerivationPath: Sendable, Hashable, CustomStringConvertible {
    /// The child numbers; hardened ones have the highest bit set.
    public let numbers: [UInt32]

    /// The bit that makes a child number hardened.
    public static let hardened: UInt32 = 0x8000_0000

    /// The most steps of a path, which is what an extended key's depth can count.
    public static let depthLimit = 255

    /// The root.
    public static let root = DerivationPath(numbers: [])

    init(numbers: [UInt32]) { self.numbers = numbers }

    /// Ethereum's account by BIP-44: `m/44'/60'/account'/0/index`; nil for 2^31 and above.
    public static func ethereum(account: UInt32 = 0, index: UInt32 = 0) -> DerivationPath? {
        guard account < hardened, index < hardened else { return nil }
        return DerivationPath(
            numbers: [44 | hardened, 60 | hardened, account | hardened, 0, index])
    }

    /// Reads `m` and steps of decimal numbers below 2^31, hardened by `'` or `h`.
    ///
    /// Throws `path.malformed`.
    public init(_ text: String) throws(Refusal) {
        let steps = text.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        guard let root = steps.first, Array(root) == [0x6D],
            steps.count <= DerivationPath.depthLimit + 1
        else { throw DerivationPath.malformed }
        var numbers: [UInt32] = []
        for step in steps.dropFirst() {
            let isHardened = step.last == 0x27 || step.last == 0x68
            let digits = Array(isHardened ? step.dropLast() : step)
            guard (1...10).contains(digits.count), digits.allSatisfy({ 0x30...0x39 ~= $0 }),
                digits.count == 1 || digits[0] != 0x30,
                let number = UInt32(String(decoding: digits, as: UTF8.self)),
                number < DerivationPath.hardened
            else { throw DerivationPath.malformed }
            numbers.append(isHardened ? number | DerivationPath.hardened : number)
        }
        self.init(numbers: numbers)
    }

    private static var malformed: Refusal {
        Refusal("path.malformed", "a path is m and steps such as /44'/60'/0'/0/0")
    }

    /// The notation with `'`.
    public var description: String {
        (["m"]
            + numbers.map {
                $0 >= DerivationPath.hardened ? "\($0 - DerivationPath.hardened)'" : "\($0)"
            }).joined(separator: "/")
    }
}
