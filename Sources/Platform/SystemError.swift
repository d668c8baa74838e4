// What the system answers when it cannot do something, as a code and a sentence.

import Glibc
public import Primitives

/// Turns an `errno` into a refusal that names the deed, the path and the reason.
public enum SystemError {
    /// `cannot <deed> <path>: <reason>`, with a code that says what kind of reason it is.
    ///
    /// Codes: `file.missing`, `file.exists`, `file.permission`, `file.no-space`, `file.read-only`,
    /// `file.is-folder`, `file.not-a-folder`, `file.damaged` (the device cannot read or write),
    /// `file.too-many-open`, and `file.failed` for all else.
    public static func refusal(_ number: Int32, _ deed: String, _ path: String) -> Refusal {
        Refusal(code(of: number), "cannot \(deed) \(path): \(sentence(for: number))")
    }

    /// The refusal of a deed that has no path: `system.failed`.
    public static func refusal(_ number: Int32, _ deed: String) -> Refusal {
        Refusal("system.failed", "cannot \(deed): \(sentence(for: number))")
    }

    /// The system's own words for an error number, in lower case.
    public static func sentence(for number: Int32) -> String {
        switch number {
        case ENOSPC: return "no space is left on the device"
        case EDQUOT: return "the disk quota is used up"
        case EROFS: return "the file system is read-only"
        case EACCES, EPERM: return "permission denied"
        case ENOENT: return "no such file or folder"
        case EIO: return "the device reports an input/output error"
        default:
            guard let text = strerror(number) else { return "error \(number)" }
            return String(cString: text).lowercased()
        }
    }

    static func code(of number: Int32) -> String {
        switch number {
        case ENOENT: return "file.missing"
        case EEXIST, ENOTEMPTY: return "file.exists"
        case EACCES, EPERM: return "file.permission"
        case ENOSPC, EDQUOT: return "file.no-space"
        case EROFS: return "file.read-only"
        case EISDIR: return "file.is-folder"
        case ENOTDIR: return "file.not-a-folder"
        case EIO: return "file.damaged"
        case EMFILE, ENFILE: return "file.too-many-open"
        default: return "file.failed"
        }
    }
}
