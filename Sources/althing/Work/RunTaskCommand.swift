// `althing run-task`: the built-in workload, as a sandbox starts it.

import ArgumentParser
import Primitives
import Provider

/// The hidden command that runs one task from files to files. It knows no network.
struct RunTaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-task", abstract: "Run one task from files to files.",
        shouldDisplay: false)

    @Argument(help: "Folder with the order and its inputs.")
    var inputs: String

    @Argument(help: "Folder for the result.")
    var output: String

    func run() throws { try TaskFiles.run(inputs: inputs, output: output) }
}
