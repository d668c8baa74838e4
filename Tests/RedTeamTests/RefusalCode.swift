// What a member's door answers, as tests compare it.

import Primitives

/// The code of the refusal that `work` ends with; `none` when it is not refused.
func code<Value>(_ work: () async throws(Refusal) -> Value) async -> String {
    do throws(Refusal) {
        _ = try await work()
        return "none"
    } catch {
        return error.code
    }
}
