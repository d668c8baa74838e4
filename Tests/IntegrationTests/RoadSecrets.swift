// Every secret that lies in the files of a deployment, to look for it where it must not be.

import Platform
import Primitives

enum RoadSecrets {
    private static let names: Set<String> = [
        "password", "agent.password", "seat.key", "api.key",
    ]

    /// The secrets below a folder: the first line of each secret file, and the ciphertext of each
    /// keystore, which belongs into no log either.
    static func canaries(below folder: String) throws(Refusal) -> [(place: String, secret: String)]
    {
        var found: [(place: String, secret: String)] = []
        for file in try Files.walk(folder) {
            let path = "\(folder)/\(file.path)"
            if names.contains(Files.name(of: path)) {
                let line = try Files.readText(path).split(separator: "\n").first ?? ""
                found.append((file.path, String(line)))
            } else if path.hasSuffix(".json"), let text = try? Files.readText(path),
                let cipher = try? JSON.parse(text)["crypto"]?["ciphertext"]?.text
            {
                found.append((file.path, cipher))
            }
        }
        return found.filter { $0.secret.utf8.count >= 6 }
    }
}
