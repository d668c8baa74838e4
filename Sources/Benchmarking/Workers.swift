// How a computation uses several cores without this floor knowing threads.

/// Runs independent pieces of work, on as many threads as its owner chose to give.
///
/// The shell makes one over its thread pool; `run` must call the body once for every index below
/// the count, in any order and on any thread, and return when all calls have.
public struct Workers: Sendable {
    /// Calls a body for every index below a count.
    public typealias Run = @Sendable (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void

    /// How many pieces can make progress at once.
    public let width: Int
    private let run: Run

    /// Workers over some thread pool.
    public init(width: Int, run: @escaping Run) {
        self.width = max(1, width)
        self.run = run
    }

    /// The calling thread alone.
    public static let serial = Workers(width: 1) { count, body in
        for index in 0..<count { body(index) }
    }

    /// Calls `body` for every index below `count`, and returns when all calls have.
    func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
        if width == 1 || count == 1 {
            for index in 0..<count { body(index) }
        } else {
            run(count, body)
        }
    }
}
