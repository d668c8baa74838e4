// The house style, held by a test instead of by reviewers.

import Testing

@Suite struct TidyTests {
    static let sources = Repository.sources(in: "Sources", ending: ".swift")
    static let targets = Manifest.targets(in: Repository.text(of: "Package.swift") ?? "")

    private func expectNone(_ faults: [String], _ rule: Comment, debt: Int = 0) {
        #expect(faults.count <= debt, rule)
        if faults.count < debt { print("lower the debt from \(debt) to \(faults.count): \(rule)") }
        if faults.count > debt { for fault in faults { print(fault) } }
    }

    @Test func `the repository was found`() {
        #expect(TidyTests.sources.count > 20)
        #expect(TidyTests.targets.count > 20)
    }

    @Test func `a file opens by saying what it is`() {
        let faults = TidyTests.sources.filter { file in
            guard let first = file.lines.first else { return true }
            return !first.hasPrefix("// ") || first.count < 15
        }
        expectNone(
            faults.map(\.path), "the first line must be a comment that says what it is",
            debt: Debt.silentFiles)
    }

    @Test func `lines stay short`() {
        let faults = TidyTests.sources.flatMap { file in
            file.lines.enumerated().filter { $0.element.count > 100 }.map { number, line in
                "\(file):\(number + 1): \(line.count) columns"
            }
        }
        expectNone(faults, "at most 100 columns a line", debt: Debt.longLines)
    }

    @Test func `files and functions stay short`() {
        var faults: [String] = []
        for file in TidyTests.sources {
            let lines = file.lines
            if lines.count > 501 { faults.append("\(file): \(lines.count - 1) lines") }
            for function in FoundFunction.all(in: file.text) where function.lineCount > 70 {
                faults.append(
                    "\(file):\(function.line): \(function.name) has \(function.lineCount) lines")
            }
        }
        expectNone(faults, "at most 500 lines a file, 70 lines a function")
    }

    @Test func `a target imports what its floor permits and nothing else`() {
        var faults: [String] = []
        for target in TidyTests.targets {
            guard let floor = target.floor else { continue }
            var permitted = Set(target.dependencies)
            if floor >= 3 { permitted.formUnion(["Glibc", "Musl", "Synchronization"]) }
            if floor >= 4 { permitted.insert("Dispatch") }
            let folder = "Sources/\(target.name)/"
            for file in TidyTests.sources where file.path.hasPrefix(folder) {
                for (line, module) in imports(of: file) where !permitted.contains(module) {
                    faults.append("\(file):\(line): imports \(module) on floor \(floor)")
                }
            }
        }
        expectNone(faults, "floors 0 to 2 do no input or output; all depend downwards only")
    }

    @Test func `Foundation is imported nowhere`() {
        let faults = TidyTests.sources.flatMap { file in
            imports(of: file).filter { $0.module.hasPrefix("Foundation") }.map {
                "\(file):\($0.line)"
            }
        }
        expectNone(faults, "Foundation adds forty megabytes and a slow JSON")
    }

    private func imports(of file: SourceFile) -> [(line: Int, module: String)] {
        let code = SwiftScanner.code(of: file.text)
        let lines = code.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().compactMap { number, line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place < 3,
                words[..<place].allSatisfy({ $0.hasPrefix("@") || $0 == "public" }),
                words.count > place + 1
            else { return nil }
            // `import struct Module.Name` names a kind first.
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var"]
            var name = words[place + 1]
            if kinds.contains(name), words.count > place + 2 { name = words[place + 2] }
            return (number + 1, String(name.prefix { $0 != "." }))
        }
    }

    @Test func `words that end the process or hide an error are not used`() {
        let banned = ["fatalError(", "try!", "as!", "unsafeBitCast("]
        var faults: [String] = []
        for file in TidyTests.sources {
            let code = SwiftScanner.code(of: file.text)
            let lines = code.split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated() {
                // Reaching a function of a library opened at run time has no other spelling; only
                // the benchmarks do that.
                let isPeer = "\(file)".contains("Sources/benchmarks/")
                for word in banned
                where line.contains(word) && !(word == "unsafeBitCast(" && isPeer) {
                    faults.append("\(file):\(number + 1): \(word)")
                }
            }
        }
        expectNone(faults, "errors are values")
    }

    @Test func `what is left to do has an owner, and no path of one machine is named`() {
        // Put together here, so that this file does not find itself.
        let paths = ["/wo" + "rk/", "/ro" + "ot/", "/hom" + "e/"]
        let mark = "TO" + "DO"
        var faults: [String] = []
        let folders = ["Sources", "Tests", "Policies", "Proposals", "Deploy"]
        let files = folders.flatMap { Repository.sources(in: $0, ending: "") }
        for file in files {
            for (number, line) in file.lines.enumerated() {
                for path in paths where line.contains(path) {
                    faults.append("\(file):\(number + 1): names \(path)")
                }
                if let found = line.firstRange(of: mark),
                    line[found.upperBound...].first != "("
                {
                    faults.append("\(file):\(number + 1): \(mark) without an owner")
                }
            }
        }
        expectNone(faults, "\(mark)(name): what; paths come from the environment")
    }

    @Test func `every target has its folder and every folder its target`() {
        let declared = Set(TidyTests.targets.map(\.name))
        let folders = Set(Repository.names(in: "Sources"))
        expectNone(declared.subtracting(folders).sorted(), "a target without a folder")
        expectNone(folders.subtracting(declared).sorted(), "a folder without a target")
    }

    @Test func `nothing that a build makes is kept`() {
        guard let tracked = Repository.tracked() else {
            print("skipped: git is not here to say what is kept")
            return
        }
        let faults = tracked.filter { path in
            path.hasPrefix(".build") || path.hasSuffix("Package.resolved")
                || path.hasSuffix(".sqlite") || path.hasSuffix(".o") || path.contains("__pycache__")
        }
        expectNone(faults, "built files are not kept")
    }

    @Test func `policies, proposals and deployment files open with their purpose`() {
        let faults = ["Policies", "Proposals", "Deploy"].flatMap {
            Repository.sources(in: $0, ending: "")
        }.filter { file in
            // JSON has no comments, and neither have a corpus and a mnemonic: they are data.
            let isData = [".json", ".txt", ".mnemonic", "/LICENSE"].contains {
                file.path.hasSuffix($0)
            }
            return !isData && !saysItsPurpose(file)
        }
        expectNone(faults.map(\.path), "a comment or heading at the top says what the file is for")
    }

    private func saysItsPurpose(_ file: SourceFile) -> Bool {
        // Behind a shebang, the dashes of a YAML header, or nothing; in a proposal the heading
        // stands behind the header.
        let isProse = file.path.hasSuffix(".md")
        let top = file.lines.prefix(isProse ? 400 : 5)
        return top.contains { line in
            let isComment = ["# ", "// ", "<!--", "; ", "-- ", "## ", "\"\"\""].contains {
                line.hasPrefix($0)
            }
            return isComment && line.count > 8
        }
    }
}

@Suite struct ScannerTests {
    @Test func `comments and strings are blanked, code stays on its line`() {
        let text = #"""
            let a = "}{" // {
            /* { /* nested */ { */ let b = "\(f("}") + "x")}"
            let c = """
                { "quoted" }
                """; func d() {}
            """#
        let code = SwiftScanner.code(of: text)
        #expect(!code.contains("}{"))
        #expect(code.split(separator: "\n", omittingEmptySubsequences: false).count == 5)
        #expect(code.filter { $0 == "{" }.count == 1)
        #expect(code.filter { $0 == "}" }.count == 1)
    }

    @Test func `functions are found with their lengths, requirements are not`() {
        let text = """
            protocol P {
                func required(_ x: Int) throws
                init()
            }
            struct S {
                public static func long(
                    _ body: () -> Void = { }
                ) {
                    body()
                }
                init?(x: Int) { nil }
                func short() -> Int { 1 }
            }
            """
        #expect(
            FoundFunction.all(in: text) == [
                FoundFunction(line: 6, name: "long", lineCount: 5),
                FoundFunction(line: 11, name: "init", lineCount: 1),
                FoundFunction(line: 12, name: "short", lineCount: 1),
            ])
    }

    @Test func `the manifest's way of writing is understood`() {
        let text = """
            let floor0: [Target] = [
                system("CX", pkg: "x", apt: "libx-dev"),
                library("A", on: []),
            ]
            let floor3: [Target] = [
                library(
                    "B",
                    on: ["A", nioCore]),
            ]
            let testTargets: [Target] = [ tests("A") ]
            """
        let found = Manifest.targets(in: text)
        #expect(found.map(\.name) == ["CX", "A", "B"])
        #expect(found.last == ManifestTarget(name: "B", floor: 3, dependencies: ["A", "NIOCore"]))
    }
}
