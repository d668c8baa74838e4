// What commands print: a table for people or JSON for programs; refusals with their code.

public import Primitives

/// How a command prints its result.
public enum OutputFormat: String, Sendable, CaseIterable {
    /// For people.
    case table
    /// For programs.
    case json
}

/// Where a command prints, and how.
public struct Output: Sendable {
    /// How results are printed.
    public let format: OutputFormat
    /// Where results go.
    public let screen: Screen
    /// Where progress and refusals go.
    public let errorScreen: Screen

    /// Prints to the standard outputs, or to given ones.
    public init(
        _ format: OutputFormat, screen: Screen = .standardOutput(),
        errorScreen: Screen = .standardError()
    ) {
        self.format = format
        self.screen = screen
        self.errorScreen = errorScreen
    }

    /// Prints a result in the format that was asked for.
    public func show(_ table: TextTable, json: JSON) {
        switch format {
        case .table: table.show(on: screen)
        case .json: screen.line(json.pretty)
        }
    }

    /// Prints a result as lines or as JSON.
    public func show(_ lines: [String], json: JSON) {
        switch format {
        case .table: for line in lines { screen.line(line) }
        case .json: screen.line(json.pretty)
        }
    }

    /// Prints words for a person, who is not there when a program reads.
    public func say(_ words: String) {
        if format == .table { screen.line(words) }
    }

    /// Prints a refusal: `error[CODE]: sentence`, with the place in front of the sentence.
    public func refuse(_ refusal: Refusal) {
        let word = errorScreen.styled("error[\(refusal.code)]", .red)
        let place = refusal.place.map { "\($0): " } ?? ""
        errorScreen.line("\(word): \(Screen.sanitized(place + refusal.message))")
    }

    /// Prints what a person should know although it worked.
    public func warn(_ words: String) {
        let word = errorScreen.styled("warning", .yellow)
        errorScreen.line("\(word): \(Screen.sanitized(words))")
    }

    /// The progress of long work, shown beside the results.
    public func progress(_ title: String) -> ProgressLine { ProgressLine(title, on: errorScreen) }
}
