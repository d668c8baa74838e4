// The screens of a vote, whole, from saved answers.

import Glibc
import Testing

@Suite(.enabled(if: CommandLineProgram.built != nil))
struct ProposalScreenTests {
    private static let voting = """
        {"id":7,"title":"Train kings","kind":"train-model","track":"train-model","status":"voting",
        "proposer":"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266","effects":"ab01",
        "for":"600000","against":"150000","abstain":"0","veto":"0","supply":"1000000",
        "quorum":"40000","deposit":"100","submitted_at":"2026-11-21T02:34:00.000Z",
        "opens_at":"2026-11-23T02:34:00.000Z","deadline":"2026-11-30T02:34:00.000Z",
        "ready_at":"","due_at":"","finished_at":"","last_refusal":"",
        "as_of":"2026-11-28T00:34:00.000Z","next_step_in_milliseconds":180000000,
        "quorum_counted":"750000","quorum_reached":true,"threshold":"1/2","threshold_strict":true,
        "threshold_of":"750000","has_veto":false,"passes":true,
        "explanation":["quorum: reached","threshold: approved"],"text":"the text","ballots":2,
        "votes":[{"voter":"0x70997970c51812dc3a010c7d01b50e0d17dc79c8","choice":"for",
        "own":"220000","lent":"200000","reason":"clean data","index":9,"time":""}]}
        """

    private func show(_ json: String, _ arguments: [String] = []) throws -> CommandLineResult {
        let folder = CommandLineProgram.temporaryFolder()
        defer {
            unlink("\(folder)/saved.json")
            rmdir(folder)
        }
        let file = try #require(fopen("\(folder)/saved.json", "w"))
        fputs(json, file)
        fclose(file)
        let program = try #require(CommandLineProgram.built)
        return program.run(
            ["proposal", "show", "7", "--saved", "\(folder)/saved.json"] + arguments)
    }

    @Test func `a vote that is open`() throws {
        let result = try show(Self.voting, ["--no-text"])
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.output == """
                7. Train kings
                train-model on the track train-model: voting
                by 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266
                effects ab01

                for      [#############################-------]  80.0 %  600000
                against  [#######-----------------------------]  20.0 %  150000
                abstain  [------------------------------------]   0.0 %  0

                quorum   [#|#########################---------]  75.0 %  750000 of 40000 needed: reached
                approval [#############################-------]  80.0 %  more than 1/2 needed

                submitted      2026-11-21 02:34:00
                voting opened  2026-11-23 02:34:00
                voting ends    2026-11-30 02:34:00, in 2d 2h

                as it stands it passes:
                  quorum: reached
                  threshold: approved

                VOTER\tCHOICE\tOWN\tLENT\tREASON
                0x70997970c51812dc3a010c7d01b50e0d17dc79c8\tfor\t220000\t200000\tclean data

                """)
    }

    @Test func `a vote that failed says what decided it, and its text cannot move the cursor`()
        throws
    {
        let failed = Self.voting.replacing("\"voting\"", with: "\"defeated\"")
            .replacing("\"quorum_reached\":true", with: "\"quorum_reached\":false")
            .replacing("\"passes\":true", with: "\"passes\":false")
            .replacing("Train kings", with: "Train \\u001b[2Jkings")
        let result = try show(failed)
        #expect(result.status == 0)
        #expect(result.output.contains("what decided it:\n  quorum: reached\n"))
        #expect(result.output.contains("of 40000 needed: not reached"))
        #expect(result.output.hasSuffix("the text\n"))
        #expect(!result.output.contains("\u{1B}"))
    }

    @Test func `a saved answer about another proposal is refused`() throws {
        let result = try show(Self.voting.replacing("\"id\":7", with: "\"id\":8"))
        #expect(result.status == 1)
        #expect(result.error.hasPrefix("error[proposal.saved]"))
    }
}
