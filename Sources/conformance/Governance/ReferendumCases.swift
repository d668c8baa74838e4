// OpenGov's referenda: a case is a script of steps, each at its block.

import Primitives

enum ReferendumCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        guard let name = item["config"]?.text, let config = document["configs"]?[name] else {
            throw mismatch("the configuration is missing")
        }
        let chamber = ReferendumChamber(config: config)
        for step in try item.items("steps") {
            let block = try step.integer("at")
            try chamber.run(to: block)
            var refusal: String?
            do {
                try chamber.perform(step)
            } catch {
                guard error.code != "case.mismatch" else { throw error }
                refusal = error.code
            }
            try expectEqual(refusal, step["expectError"]?.text, "block \(block): refusal")
        }
    }
}
