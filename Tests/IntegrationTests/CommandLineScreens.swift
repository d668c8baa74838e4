// Whole screens, as they were read and found good. A change here is a change of the interface.

enum CommandLineScreens {
    /// Every command that help lists.
    static let commands: [[String]] = [
        ["proposal"],
        ["proposal", "new"],
        ["proposal", "check"],
        ["proposal", "plan"],
        ["proposal", "submit"],
        ["proposal", "list"],
        ["proposal", "show"],
        ["proposal", "explain"],
        ["proposal", "cancel"],
        ["vote"],
        ["policy"],
        ["policy", "list"],
        ["policy", "check"],
        ["policy", "show"],
        ["policy", "diff"],
        ["policy", "simulate"],
        ["wallet"],
        ["wallet", "new"],
        ["wallet", "import"],
        ["wallet", "list"],
        ["wallet", "show"],
        ["wallet", "export"],
        ["wallet", "sign"],
        ["wallet", "verify"],
        ["wallet", "change-password"],
        ["account"],
        ["account", "show"],
        ["account", "transfer"],
        ["account", "delegate"],
        ["account", "history"],
        ["account", "deposit"],
        ["account", "key"],
        ["account", "key", "new"],
        ["account", "key", "revoke"],
        ["revenue"],
        ["revenue", "show"],
        ["revenue", "preview"],
        ["revenue", "statement"],
        ["revenue", "claims"],
        ["provider"],
        ["provider", "init"],
        ["provider", "check"],
        ["provider", "register"],
        ["provider", "bench"],
        ["provider", "run"],
        ["provider", "list"],
        ["provider", "show"],
        ["provider", "drain"],
        ["provider", "earnings"],
        ["job"],
        ["job", "list"],
        ["job", "show"],
        ["job", "why"],
        ["job", "logs"],
        ["job", "cancel"],
        ["model"],
        ["model", "list"],
        ["model", "show"],
        ["model", "card"],
        ["model", "rederive"],
        ["ask"],
        ["cluster"],
        ["cluster", "init"],
        ["cluster", "status"],
        ["cluster", "doctor"],
        ["cluster", "drain"],
        ["cluster", "transfer-leader"],
        ["cluster", "backup"],
        ["cluster", "restore"],
        ["node"],
        ["node", "run"],
        ["audit"],
        ["audit", "fetch"],
        ["audit", "run"],
        ["audit", "prove"],
        ["audit", "watch"],
        ["simulate"],
        ["simulate", "cluster"],
        ["simulate", "group"],
        ["simulate", "mutants"],
        ["demo"],
    ]

    /// `althing --help`.
    static let help = #"""
        OVERVIEW: Decide together what to train, train it together, share what it
        earns.

        Commands that talk to a cluster find its members by --cluster or
        ALTHING_CLUSTER: origins such as http://host:port, separated by commas.
        Commands that sign take --keystore or ALTHING_KEYSTORE.

        Exit codes: 0 done; 1 refused, with error[CODE]: sentence on standard error; 2
        the cluster could not be reached or trusted; 64 wrong usage.

        Example:
          althing wallet new
          althing proposal list --cluster http://127.0.0.1:7000
          althing vote 7 for

        USAGE: althing <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        DECIDING SUBCOMMANDS:
          proposal                Write, check, plan, submit and follow proposals.
          vote                    Vote on a proposal.
          policy                  Read the policies in force; check and compare files.

        HOLDING SUBCOMMANDS:
          wallet                  Keystores: make, import, show, export; sign and
                                  verify messages.
          account                 Balances, transfers, delegation of votes, prepaid use.
          revenue                 Epochs of revenue: statements, previews, claims.

        WORKING SUBCOMMANDS:
          provider                Machines: register, prove their speed, run, see what
                                  they earn.
          job                     Follow training jobs, see why tasks wait, stop your
                                  own.
          model                   Models, their cards, and deriving them again.
          ask                     Ask a released model.

        RUNNING AND CHECKING SUBCOMMANDS:
          cluster                 Make a deployment; see to its members.
          node                    Run a member of the cluster.
          audit                   Copy the log and check all of it; prove one command.
          demo                    Walk the whole road on this machine: three members,
                                  four providers, real work.
          simulate                Run whole clusters in virtual time under faults, each
                                  from one seed.

          See 'althing help <subcommand>' for detailed help.

        """#

    /// `althing vote --help`.
    static let vote = #"""
        OVERVIEW: Vote on a proposal.

        The ballot that you sign holds the proposal's title, your choice in words and
        the digest of the effects, so that it can be counted for nothing else. Where a
        proposal offers options, or a funding round has projects, the words say which.

        Example:
          althing vote 7 for --reason "the data are clean"
          althing vote 7 "for 60%, against 40%"
          althing vote 8 "for; approve kings, queens"
          althing vote 9 "for; rank kings > queens"

        USAGE: althing vote <proposal> <choice> [--reason <reason>] [--cluster <urls>] [--output <output>] [--keystore <file>] [--password-file <file>] [--password-descriptor <number>] [--yes] [--no-wait]

        ARGUMENTS:
          <proposal>              The proposal's number.
          <choice>                for, against, abstain or veto, or more in words.

        OPTIONS:
          --reason <reason>       Why; it is signed and shown with the vote.
          --cluster <urls>        Origins of members, separated by commas;
                                  ALTHING_CLUSTER otherwise.
          -o, --output <output>   How to print: a table or one JSON document. (values:
                                  table, json; default: table)
          --keystore <file>       Keystore file to sign with; ALTHING_KEYSTORE
                                  otherwise, or the only one of the folder.
          --password-file <file>  File with the password, mode 0600;
                                  ALTHING_PASSWORD_FILE otherwise.
          --password-descriptor <number>
                                  Open descriptor to read the password from.
          -y, --yes               Sign without asking for confirmation.
          --no-wait               Do not wait for what follows from the command.
          --version               Show the version.
          -h, --help              Show help information.


        """#
}
