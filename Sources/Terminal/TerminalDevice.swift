// The terminal itself: its width, writing, and typing that is not shown.

import Glibc
import Platform
public import Primitives

/// The controlling terminal.
public enum TerminalDevice {
    /// The columns of the terminal behind a descriptor, or nil.
    static func columns(of descriptor: Int32) -> Int? { TerminalSize.columns(of: descriptor) }

    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let put = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if put < 0 {
                if errno == EINTR { continue }
                return  // Nobody reads any more; there is no one to tell.
            }
            bytes = bytes.dropFirst(put)
        }
    }

    /// Whether a person can be asked.
    public static var canAsk: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks on the terminal and reads one line; throws `terminal.none` where there is none and
    /// `terminal.ended` when the input ends.
    public static func ask(_ question: String) throws(Refusal) -> String {
        let terminal = try open()
        write(question, to: terminal.number)
        return String(decoding: try readLine(from: terminal), as: UTF8.self)
    }

    /// Asks for a secret on the terminal without showing what is typed, also when standard input
    /// is a pipe. The terminal shows typing again afterwards, however this ends.
    public static func askSecret(_ question: String) throws(Refusal) -> [UInt8] {
        let terminal = try open()
        var before = termios()
        guard tcgetattr(terminal.number, &before) == 0 else {
            throw SystemError.refusal(errno, "set up", "the terminal")
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(terminal.number, TCSAFLUSH, &silent) == 0 else {
            throw SystemError.refusal(errno, "set up", "the terminal")
        }
        defer {
            tcsetattr(terminal.number, TCSAFLUSH, &before)
            write("\n", to: terminal.number)
        }
        write(question, to: terminal.number)
        return try readLine(from: terminal)
    }

    /// Asks for a new secret twice; throws `terminal.mismatch` when the two differ.
    public static func askNewSecret(_ question: String) throws(Refusal) -> [UInt8] {
        let first = try askSecret(question)
        guard first == (try askSecret("Once more: ")) else {
            throw Refusal("terminal.mismatch", "the two are not the same")
        }
        return first
    }

    /// Asks a question to which only `yes` in full is yes.
    public static func confirm(_ question: String) throws(Refusal) -> Bool {
        try ask("\(question) Type yes to go on: ") == "yes"
    }

    private static func open() throws(Refusal) -> FileDescriptor {
        do throws(Refusal) {
            return try FileDescriptor.open("/dev/tty", O_RDWR)
        } catch {
            throw Refusal(
                "terminal.none",
                "there is no terminal to ask on: give the answer by a file or an option")
        }
    }

    /// One line without its end, at most four kibibytes.
    static func readLine(from file: FileDescriptor) throws(Refusal) -> [UInt8] {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < 4096 {
            let got = read(file.number, &byte, 1)
            if got < 0 && errno == EINTR { continue }
            guard got == 1 else {
                if line.isEmpty { throw Refusal("terminal.ended", "the input ended") }
                return line
            }
            if byte == 10 {
                if line.last == 13 { line.removeLast() }
                return line
            }
            line.append(byte)
        }
        throw Refusal("terminal.too-long", "the answer is longer than 4096 bytes")
    }
}
