// Policies are read with every entry and change with few.

import Primitives

/// Each policy as it was last parsed. What a text says depends on nothing but the text, so nobody
/// can tell whether it was parsed now or before. Used from one thread, as its database is.
final class ParsedPolicies {
    private var last: [String: (text: String, policy: any Sendable)] = [:]

    /// What `text` says, by `parse` if it is not the text of that name that was parsed last.
    func policy<Policy: Sendable>(
        _ name: String, _ text: String, _ parse: (String) throws(Refusal) -> Policy
    ) throws(Refusal) -> Policy {
        if let known = last[name], known.text == text, let policy = known.policy as? Policy {
            return policy
        }
        let policy = try parse(text)
        last[name] = (text, policy)
        return policy
    }
}
