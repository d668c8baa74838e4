// What clients and members say to each other.

import ControlPlane
import Primitives
import Synchronization

/// What a client asks.
enum ClientQuestion: Hashable {
    /// Its transfer under this nonce.
    case transfer(nonce: UInt64)
    /// The balance of a client's account.
    case read(account: Int)
}

/// A request on its way to a member.
struct ClientRequest {
    let client: Int
    /// Which of the client's operations it belongs to.
    let operation: Int
    let member: Int
    let question: ClientQuestion
}

/// What an account showed to a reader.
struct AccountReading: Hashable {
    let balance: UInt64
    /// The last nonce of the account's owner that has an answer.
    let nonce: UInt64
}

/// A member's answer on its way to a client.
struct ClientAnswer {
    let request: ClientRequest
    let result: Result<ClientResult, Refusal>
}

/// What came of a request.
enum ClientResult {
    case receipt(CommandReceipt)
    case reading(AccountReading)
}

/// Where a member's replies are put until the simulation takes them: replies may not touch the
/// simulation itself, which stands in the middle of a step when they come.
final class ReplyBox: Sendable {
    enum Given: Sendable {
        case receipt(Int, Result<CommandReceipt, Refusal>)
        case barrier(Int, Result<UInt64, Refusal>)
    }

    private let given = Mutex<[Given]>([])

    func put(_ reply: Given) { given.withLock { $0.append(reply) } }

    func takeAll() -> [Given] {
        given.withLock { given in
            defer { given = [] }
            return given
        }
    }
}
