// The backward pass against the forward pass, by finite differences.

import CKernels
import Primitives
import Testing

@testable import LanguageModel

@Suite("the gradient is the slope of the loss")
struct GradientTests {
    /// The mean loss in double precision.
    private func loss(_ parameters: [Float], _ shape: althing_shape, _ text: [UInt8]) -> Double {
        var shape = shape
        let count = Int(shape.context)
        let workspace = Scratch(althing_evaluation_workspace(&shape, 1, 1))
        let losses = Scratch(count)
        althing_losses(
            &shape, parameters, Array(text[..<count]), Array(text[1...count]), 1, losses.base,
            workspace.base, 1)
        return losses.floats.reduce(0) { $0 + Double($1) } / Double(count)
    }

    @Test("along a random direction of each tensor")
    func directions() throws {
        let configuration = try ModelConfiguration(
            layers: 1, heads: 2, width: 32, context: 16, vocabulary: 16)
        var generator = SplitMix64(seed: 3)
        // Larger weights than a run starts from, so that no part of the gradient is near zero.
        let parameters = ModelParameters(configuration: configuration, seed: 9).values
            .map { abs($0) == 1 ? $0 : 6 * $0 }
        let text = (0...16).map { _ in UInt8.random(in: 0..<16, using: &generator) }
        var shape = configuration.shape
        let workspace = Scratch(althing_training_workspace(&shape, 1, 1))
        let losses = Scratch(16), gradient = Scratch(parameters.count)
        althing_gradient(
            &shape, parameters, Array(text[..<16]), Array(text[1...]), 1, losses.base,
            gradient.base,
            workspace.base, 1)
        var offset = 0
        for tensor in configuration.tensors {
            let range = offset..<offset + tensor.count
            let direction = range.map { _ in Float.random(in: -1...1, using: &generator) }
            // A step of this length moves the loss well above its rounding.
            let step = 0.02 / Double(tensor.count).squareRoot()
            var slope = 0.0
            for (index, part) in zip(range, direction) {
                slope += Double(gradient.floats[index]) * Double(part)
            }
            func moved(_ sign: Double) -> Double {
                var values = parameters
                for (index, part) in zip(range, direction) {
                    values[index] += Float(sign * step) * part
                }
                return loss(values, shape, text)
            }
            let measured = (moved(1) - moved(-1)) / (2 * step)
            #expect(
                abs(measured - slope) < 0.01 * abs(slope) + 2e-4,
                "\(tensor.name): \(measured) against \(slope)")
            offset = range.upperBound
        }
    }
}
