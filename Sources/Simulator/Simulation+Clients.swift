// What clients do and what members answer them.

import ControlPlane
import Ledger
import Node
import Primitives

extension Simulation {
    /// How long a client waits before it asks somebody else, in microseconds.
    private static let patience: VirtualTime = 1_500_000

    // MARK: Asking

    /// A client's timer: the next operation, or the next attempt at the one under way.
    func advance(_ number: Int, _ step: UInt64) throws(Refusal) {
        guard clients[number].step == step else { return }
        if clients[number].open == nil {
            guard isFaulty || clients[number].completed < lengths.finalOperations else { return }
            let question = clients[number].nextQuestion()
            let operation = history.begin(number, question, at: now)
            let target = clients[number].target(for: question, among: members.count)
            clients[number].open = SimulatedClient.Open(
                operation: operation, question: question, target: target)
        } else {
            try retry(number, hint: nil)
        }
        request(number)
    }

    /// Turns to another member; a read that failed is forgotten, it changed nothing.
    private func retry(_ number: Int, hint: Int?) throws(Refusal) {
        guard var open = clients[number].open else { return }
        probes.reach(.commandRetried)
        open.attempts += 1
        open.target = hint ?? clients[number].random.position(members.count)
        clients[number].favourite = open.target
        clients[number].open = open
    }

    private func request(_ number: Int) {
        guard let open = clients[number].open else { return }
        clients[number].step += 1
        queue.plan(
            .client(number, step: clients[number].step), at: now + Simulation.patience)
        var targets = [open.target]
        // Some ask two members at once: the same command must not happen twice.
        if clients[number].random.happens(80) {
            probes.reach(.commandHedged)
            targets.append(clients[number].random.position(members.count))
        }
        for target in targets {
            let delay = clients[number].random.pick(50...3_000)
            let request = ClientRequest(
                client: number, operation: open.operation, member: target,
                question: open.question)
            queue.plan(.request(request), at: now + delay)
        }
    }

    // MARK: At the member

    /// A request reached its member.
    func ask(_ request: ClientRequest) throws(Refusal) {
        let ticket = nextRequest
        nextRequest += 1
        requests[ticket] = request
        trace.add(UInt64(ticket))
        guard let machine = members[request.member].current?.engine.machine else {
            answer(ticket, .failure(Refusal("cluster.unreachable", "connection refused")))
            return
        }
        let replies = replies
        switch request.question {
        case .transfer(let nonce):
            let envelope = try blueprint.envelope(client: request.client, nonce: nonce)
            let reply = Reply<CommandReceipt> { replies.put(.receipt(ticket, $0)) }
            try feed(request.member, .submit(envelope, reply))
        case .read:
            if flaw == .readsWithoutQuorum {
                answer(ticket, .success(read(request, from: machine)))
                return
            }
            let reply = Reply<UInt64> { replies.put(.barrier(ticket, $0)) }
            try feed(request.member, .readBarrier(reply))
        }
    }

    /// Takes what the member had to say in this step.
    func answerClients(of number: Int) throws(Refusal) {
        for reply in replies.takeAll() {
            switch reply {
            case .receipt(let ticket, .success(let receipt)):
                answer(ticket, .success(.receipt(receipt)))
            case .barrier(let ticket, .success):
                guard let request = requests[ticket] else { continue }
                let isLeader = members[number].current?.engine.isLeader == true
                probes.reach(isLeader ? .readServedByLeader : .readServedByFollower)
                // The read before may have found the damage that ended the member.
                guard let machine = members[request.member].current?.engine.machine else {
                    answer(
                        ticket, .failure(Refusal("member.stopped", "the member was stopped")))
                    continue
                }
                let result = read(request, from: machine)
                // Nothing is served from a damaged state.
                if let damage = machine.damage {
                    answer(ticket, .failure(damage))
                    try feed(request.member, .stateDamaged(damage))
                } else {
                    answer(ticket, .success(result))
                }
            case .receipt(let ticket, .failure(let refusal)),
                .barrier(let ticket, .failure(let refusal)):
                answer(ticket, .failure(refusal))
            }
        }
    }

    /// What the member's state says of an account.
    private func read(_ request: ClientRequest, from machine: StateMachine) -> ClientResult {
        guard case .read(let account) = request.question else {
            return .reading(AccountReading(balance: 0, nonce: 0))
        }
        let address = blueprint.accounts[account]
        let views = Views(state: machine.state, genesis: blueprint.genesis)
        var nonce = clients[account].nonce
        while nonce > 0, views.receipt(of: address, nonce: nonce) == nil { nonce -= 1 }
        return .reading(
            AccountReading(balance: blueprint.balance(of: account, in: machine), nonce: nonce))
    }

    private func answer(_ ticket: Int, _ result: Result<ClientResult, Refusal>) {
        guard let request = requests.removeValue(forKey: ticket) else { return }
        let delay = clients[request.client].random.pick(50...3_000)
        queue.plan(.answer(ClientAnswer(request: request, result: result)), at: now + delay)
    }

    // MARK: Answers

    /// An answer reached its client.
    func take(_ answer: ClientAnswer) throws(Refusal) {
        let number = answer.request.client
        trace.add(UInt64(number))
        if history[answer.request.operation].returned != nil {
            try compare(answer)
            return
        }
        guard let open = clients[number].open, open.operation == answer.request.operation else {
            return
        }
        switch answer.result {
        case .success(let result): try complete(open, result, by: answer.request)
        case .failure(let refusal):
            count(refusal)
            guard answer.request.member == open.target else { return }
            // It tries again soon, not at once: whoever leads may not be known yet.
            clients[number].step += 1
            let pause = clients[number].random.pick(5_000...100_000)
            queue.plan(.client(number, step: clients[number].step), at: now + pause)
        }
    }

    private func count(_ refusal: Refusal) {
        switch refusal.code {
        case "cluster.not-leader": probes.reach(.notLeader)
        case "cluster.timeout": probes.reach(.commandTimedOut)
        case "cluster.no-leader": probes.reach(.readFailed)
        default: break
        }
    }

    private func complete(
        _ open: SimulatedClient.Open, _ result: ClientResult, by request: ClientRequest
    ) throws(Refusal) {
        let number = request.client
        history[open.operation].returned = now
        switch result {
        case .reading(let reading):
            history[open.operation].reading = reading
            trace.add(reading.balance)
            tell("client \(number + 1) reads \(reading) at member \(request.member + 1)")
        case .receipt(let receipt):
            clients[number].favourite = request.member
            history[open.operation].isAccepted = receipt.accepted
            history[open.operation].index = receipt.index
            history[open.operation].position = receipt.position
            probes.reach(receipt.accepted ? .commandAccepted : .commandRefused)
            trace.add(receipt.index)
            tell("client \(number + 1) has an answer in entry \(receipt.index)")
            guard receipt.accepted || receipt.code == "ledger.insufficient-funds" else {
                throw Refusal(
                    "simulation.refusal",
                    "client \(number + 1) was refused with \(receipt.code): \(receipt.message)")
            }
        }
        clients[number].open = nil
        if !isFaulty { clients[number].completed += 1 }
        clients[number].step += 1
        let pause = clients[number].random.pick(1_000...250_000)
        queue.plan(.client(number, step: clients[number].step), at: now + pause)
    }

    /// A second answer to one command must be the first one again.
    private func compare(_ answer: ClientAnswer) throws(Refusal) {
        guard case .success(.receipt(let receipt)) = answer.result else { return }
        let operation = history[answer.request.operation]
        probes.reach(.commandAnsweredTwice)
        guard receipt.index == operation.index, receipt.position == operation.position,
            receipt.accepted == operation.isAccepted
        else {
            throw Refusal(
                "simulation.idempotency",
                "client \(answer.request.client + 1) was given two answers to one command, from"
                    + " entries \(operation.index) and \(receipt.index)")
        }
    }
}
