// Unicode normalisation form KD, which BIP-39 demands of passphrases. The standard library keeps
// its own tables to itself, so the decompositions are in `NormalizationData`; characters assigned
// after Unicode 14 pass unchanged, as Unicode's stability policy lets older software do.

enum Normalization {
    /// The UTF-8 of `text` in form KD.
    static func nfkd(_ text: String) -> [UInt8] {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return Array(text.utf8) }
        var scalars: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars {
            if let syllable = hangul(scalar) {
                scalars += syllable
            } else if let mapped = NormalizationData.mappings[scalar.value] {
                scalars += mapped
            } else {
                scalars.append(scalar)
            }
        }
        order(&scalars)
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return Array(String(view).utf8)
    }

    /// The letters of a Hangul syllable, by arithmetic (The Unicode Standard, section 3.12).
    private static func hangul(_ scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
        guard 0xAC00...0xD7A3 ~= scalar.value else { return nil }
        let index = scalar.value - 0xAC00
        let letters = [0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + index % 28]
        return letters.filter { $0 != 0x11A7 }.compactMap(Unicode.Scalar.init)
    }

    /// Sorts each run of combining marks by class, keeping the order within a class.
    private static func order(_ scalars: inout [Unicode.Scalar]) {
        let classes = scalars.map { $0.properties.canonicalCombiningClass.rawValue }
        var start = 0
        while start < scalars.count {
            guard classes[start] != 0 else {
                start += 1
                continue
            }
            var end = start
            while end < scalars.count, classes[end] != 0 { end += 1 }
            let run = (start..<end).sorted { (classes[$0], $0) < (classes[$1], $1) }
            scalars.replaceSubrange(start..<end, with: run.map { scalars[$0] })
            start = end
        }
    }
}

/// The decompositions as a table, made at first use from their compact text.
enum NormalizationData {
    static let mappings: [UInt32: [Unicode.Scalar]] = {
        var mappings: [UInt32: [Unicode.Scalar]] = [:]
        for table in [letters, ideographs] {
            for entry in table.split(whereSeparator: \.isWhitespace) {
                add(entry, to: &mappings)
            }
        }
        return mappings
    }()

    private static func add(_ entry: Substring, to mappings: inout [UInt32: [Unicode.Scalar]]) {
        let sides = entry.split(separator: ":")
        let source = sides[0].split(separator: "+").compactMap { UInt32($0, radix: 16) }
        let target = sides[1].split(separator: ",").compactMap { UInt32($0, radix: 16) }
        if source.count == 2 {
            for offset in 0..<source[1] {
                mappings[source[0] + offset] = [target[0] + offset].compactMap(Unicode.Scalar.init)
            }
        } else {
            mappings[source[0]] = target.compactMap(Unicode.Scalar.init)
        }
    }
}
