// An election that shares a budget out over projects: what the rules in this folder take.

/// A project and its price.
public struct BudgetProject: Hashable, Sendable {
    /// Its name; ties are broken by it where nothing else is said.
    public var name: String
    /// What it costs: paid whole or not at all.
    public var cost: Rational

    /// Makes a project.
    public init(name: String, cost: Rational) {
        self.name = name
        self.cost = cost
    }
}

/// What a voter likes, and how many voters say the same.
///
/// Token weights are multiplicities: a thousand tokens vote like a thousand voters who agree.
public struct BudgetBallot: Hashable, Sendable {
    /// Projects by position, ascending, with the utility of each; none is zero.
    public var utilities: [(project: Int, utility: Rational)]
    /// How many voters, or units of power, cast it.
    public var weight: UInt128

    /// Makes a ballot.
    public init(utilities: [(project: Int, utility: Rational)], weight: UInt128) {
        self.utilities = utilities.filter { !$0.utility.isZero }
        self.weight = weight
    }

    /// Equal by content.
    public static func == (left: BudgetBallot, right: BudgetBallot) -> Bool {
        left.weight == right.weight && left.utilities.count == right.utilities.count
            && zip(left.utilities, right.utilities).allSatisfy {
                $0.project == $1.project && $0.utility == $1.utility
            }
    }

    /// Hashes projects and weight.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(weight)
        for entry in utilities { hasher.combine(entry.project) }
    }
}

/// How approval of a project becomes utility.
public enum ApprovalUtility: Sendable {
    /// A project is worth what it costs: money well spent.
    case cost
    /// Every project is worth the same.
    case cardinality
}

/// Budget, projects, ballots.
public struct BudgetElection: Sendable {
    /// The most the winners may cost.
    public var budget: Rational
    /// The projects.
    public var projects: [BudgetProject]
    /// The ballots; identical ones merged for speed, which changes nothing.
    public var ballots: [BudgetBallot]
    /// The order in which ties go: position of each project; the least wins.
    public var precedence: [Int]

    /// Makes an election; ties go by name.
    public init(budget: Rational, projects: [BudgetProject], ballots: [BudgetBallot]) {
        self.budget = budget
        self.projects = projects
        self.ballots = ballots
        precedence = BudgetElection.ranks(
            projects.indices.sorted {
                projects[$0].name < projects[$1].name
            })
    }

    /// An election by approvals, each a list of projects by position.
    public init(
        budget: Rational, projects: [BudgetProject],
        approvals: [(projects: [Int], weight: UInt128)],
        utility: ApprovalUtility
    ) {
        let ballots = approvals.map { approval in
            BudgetBallot(
                utilities: approval.projects.sorted().map { position in
                    switch utility {
                    case .cost: (position, projects[position].cost)
                    case .cardinality: (position, .one)
                    }
                }, weight: approval.weight)
        }
        self.init(budget: budget, projects: projects, ballots: ballots)
    }

    /// Everybody's weight together.
    public var totalWeight: UInt128 { ballots.reduce(0) { $0 + $1.weight } }

    /// The same election with identical ballots made one, which changes no result.
    public func merged() -> BudgetElection {
        var positions: [[Int]: [Int]] = [:]
        var merged: [BudgetBallot] = []
        for ballot in ballots {
            let projects = ballot.utilities.map(\.project)
            let twin = positions[projects]?.first { position in
                zip(merged[position].utilities, ballot.utilities).allSatisfy {
                    $0.utility == $1.utility
                }
            }
            if let twin {
                merged[twin].weight += ballot.weight
            } else {
                positions[projects, default: []].append(merged.count)
                merged.append(ballot)
            }
        }
        var election = self
        election.ballots = merged
        return election
    }

    /// The power behind each project: the weights of the ballots that name it.
    public var votes: [UInt128] {
        var votes = [UInt128](repeating: 0, count: projects.count)
        for ballot in ballots {
            for entry in ballot.utilities { votes[entry.project] += ballot.weight }
        }
        return votes
    }

    /// Breaks ties by least cost, then most votes (as equalshares.net recommends), then by `lot`,
    /// an order of positions, or by name.
    public mutating func preferCheapThenPopular(lot: ((Int, Int) -> Bool)? = nil) {
        let votes = votes
        precedence = BudgetElection.ranks(
            projects.indices.sorted { left, right in
                if projects[left].cost != projects[right].cost {
                    return projects[left].cost < projects[right].cost
                }
                if votes[left] != votes[right] { return votes[left] > votes[right] }
                if let lot { return lot(left, right) }
                return projects[left].name < projects[right].name
            })
    }

    /// What a set of projects costs.
    public func cost(of positions: some Sequence<Int>) -> Rational {
        positions.reduce(.zero) { $0 + projects[$1].cost }
    }

    private static func ranks(_ order: [Int]) -> [Int] {
        var ranks = [Int](repeating: 0, count: order.count)
        for (rank, position) in order.enumerated() { ranks[position] = rank }
        return ranks
    }
}
