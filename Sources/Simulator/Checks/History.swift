// What clients saw, and when: the outside view that must look like one account book.

import Primitives

/// One operation of a client.
struct ClientOperation {
    let client: Int
    let question: ClientQuestion
    /// When it was first asked.
    let called: VirtualTime
    /// When it was answered; nil while nobody knows whether it happened.
    var returned: VirtualTime?
    /// Of a transfer: whether it was carried out.
    var isAccepted = false
    /// Of a read: what it saw.
    var reading: AccountReading?
    /// Of a transfer: where in the log it stands.
    var index: UInt64 = 0
    var position: UInt64 = 0
}

/// All operations of a run.
struct History {
    private(set) var operations: [ClientOperation] = []

    mutating func begin(_ client: Int, _ question: ClientQuestion, at time: VirtualTime) -> Int {
        operations.append(ClientOperation(client: client, question: question, called: time))
        return operations.count - 1
    }

    subscript(operation: Int) -> ClientOperation {
        get { operations[operation] }
        set { operations[operation] = newValue }
    }

    /// What happened to one account, as its owner, its payers and its readers saw it. If the whole
    /// history can be put in one order, so can each account's part of it.
    func actions(on account: Int, _ blueprint: Blueprint) -> [TimedAction<AccountModel.Action>] {
        operations.compactMap { operation in
            let action: AccountModel.Action
            switch operation.question {
            case .read(let read):
                guard read == account, let reading = operation.reading else { return nil }
                action = .read(reading)
            case .transfer(let nonce):
                let (recipient, amount) = blueprint.transfer(
                    client: operation.client, nonce: nonce)
                if operation.client == account {
                    let outcome = operation.returned == nil ? nil : operation.isAccepted
                    action = .debit(amount, nonce: nonce, isAccepted: outcome)
                } else if recipient == account {
                    // Nobody knows yet whether there was enough to give.
                    guard operation.returned == nil || operation.isAccepted else { return nil }
                    action = .credit(amount)
                } else {
                    return nil
                }
            }
            return TimedAction(
                action: action, called: operation.called, returned: operation.returned)
        }
    }
}
