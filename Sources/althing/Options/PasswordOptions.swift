// Where passwords come from: a terminal, a file that nobody else can read, or a descriptor. Never
// an argument, which every process of the machine could read.

import ArgumentParser
import Cryptography
import Platform
import Primitives
import Terminal

/// Where a keystore's password comes from.
struct PasswordOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "File with the password, mode 0600; ALTHING_PASSWORD_FILE otherwise.",
            valueName: "file"))
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "Open descriptor to read the password from.", valueName: "number"))
    var passwordDescriptor: Int32?

    /// The password of a keystore that exists.
    func password(for name: String) throws(Refusal) -> SecretBytes {
        if let given = try given() { return given }
        return SecretBytes(try TerminalDevice.askSecret("Password of \(name): "))
    }

    /// The password of a keystore that is being made; a person types it twice.
    func newPassword() throws(Refusal) -> SecretBytes {
        if let given = try given() { return given }
        return SecretBytes(try TerminalDevice.askNewSecret("New password: "))
    }

    private func given() throws(Refusal) -> SecretBytes? {
        if let passwordDescriptor {
            return PasswordOptions.line(
                try Files.read("/dev/fd/\(passwordDescriptor)", limit: 4096))
        }
        guard let path = passwordFile ?? Environment.value("ALTHING_PASSWORD_FILE") else {
            return nil
        }
        return try PasswordOptions.read(path)
    }

    /// The password in a file: its first line, without the line's end.
    static func read(_ path: String) throws(Refusal) -> SecretBytes {
        line(try Files.readPrivate(path, limit: 4096))
    }

    /// The first line of a secret, without its end.
    static func line(_ bytes: [UInt8]) -> SecretBytes {
        var bytes = bytes
        if let end = bytes.firstIndex(of: 0x0A) { bytes.removeSubrange(end...) }
        if bytes.last == 0x0D { bytes.removeLast() }
        return SecretBytes(consuming: &bytes)
    }
}
