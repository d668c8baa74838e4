// Checking a policy's text without a cluster: the same check as at submission and at execution.

public import Primitives

/// Checks policies.
public enum PolicyCheck {
    /// Refuses a text that could not come into force.
    ///
    /// - Parameters:
    ///   - name: which policy it is.
    ///   - text: the file's text.
    ///   - timings: whose floors the constitution has to keep.
    ///   - path: the file that refusals name; the policy's usual one otherwise.
    public static func check(
        _ name: String, text: String, timings: Timings = .production, at path: String? = nil
    ) throws(Refusal) {
        let genesis = Genesis(
            name: "check", chainID: 1, timestamp: .zero, governanceAsset: "", currencyAsset: "",
            assets: [], allocations: [], guardian: nil, timings: timings)
        try PolicyBook.check(name, text: text, genesis: genesis, at: path)
    }
}
