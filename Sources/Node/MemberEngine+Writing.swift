// When what was applied is written to the state's database: several entries together, so that a row
// that many of them change is written once, and nobody waits for it. The log has them meanwhile.

import ControlPlane
import Primitives

extension MemberEngine {
    /// What a process that ends may have to apply again, in ticks.
    static let ticksBetweenWrites = 5

    /// Writes the state's changes if they have waited long enough, or are held back.
    func writeIfDue() {
        ticksUntilWrite -= 1
        if ticksUntilWrite <= 0 || heldBy != nil { writeState() }
    }

    /// Writes the state's changes. Without space for them nothing more is applied until there is.
    package func writeState() {
        ticksUntilWrite = MemberEngine.ticksBetweenWrites
        do throws(Refusal) {
            try machine.flush()
            if toApply.isEmpty { noteSpace() }
        } catch {
            if error.code == "disk.full" { hold(error) } else { fail(error) }
        }
    }

    /// There is no space for what was applied, or for what is to be.
    func hold(_ refusal: Refusal) {
        isHeld = true
        if heldBy == nil { note(.held(refusal)) }
        heldBy = refusal
    }

    /// There is space again, if there was none.
    func noteSpace() {
        guard heldBy != nil else { return }
        heldBy = nil
        note(.released)
    }
}
