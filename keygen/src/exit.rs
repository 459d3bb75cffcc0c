//! How a command fails, as a number: all exit codes of `sealbid` and `sealbid-keygen`, in the one
//! place where they are written.

use serde::Serialize;

/// How many codes a line of the help has.
const IN_A_LINE: usize = 5;

macro_rules! exits {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $brief:literal;)*) => {
        /// The kinds of failure, by exit code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "kebab-case")]
        #[repr(u8)]
        pub enum Exit {
            $($(#[$doc])* $name = $code,)*
        }

        impl Exit {
            /// All of them, by ascending codes.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            const fn brief(self) -> &'static str {
                match self { $(Self::$name => $brief,)* }
            }
        }
    };
}

exits! {
    /// The work failed.
    Work = 1, "the work failed";
    /// The command line, or a file that the user wrote, is wrong.
    Usage = 2, "usage";
    /// A passphrase, ticket or signature is wrong.
    Authentication = 3, "authentication";
    /// A key or committee file is missing, corrupt or foreign.
    Key = 4, "key";
    /// The disk: a directory, a file or a store.
    Storage = 5, "storage";
    /// No member is reachable, or fewer than a quorum are alive.
    NoQuorum = 6, "no quorum";
    /// It took too long.
    Timeout = 7, "timeout";
    /// A record does not check out.
    Audit = 8, "audit failed";
    /// `--wait`: the intent was not filled.
    NotFilled = 9, "not filled (with --wait)";
    /// What is here must be kept as it is, and neither be gone on with nor begun anew: a member saw
    /// the committee contradict itself, or a ceremony is in doubt.
    Halted = 10, "halted or in doubt";
    /// Ctrl-C.
    Interrupted = 130, "Ctrl-C";
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What another process of these commands ended with; none if it was none of them.
    #[must_use]
    pub fn of_code(code: i32) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|exit| i32::from(exit.code()) == code)
    }

    /// The paragraph of a command's help that lists these.
    #[must_use]
    pub fn help(exits: &[Self]) -> String {
        let fine = core::iter::once("0 fine".to_owned());
        let failed = exits
            .iter()
            .map(|exit| format!("{} {}", exit.code(), exit.brief()));
        let all: Vec<String> = fine.chain(failed).collect();
        let lines: Vec<String> = all.chunks(IN_A_LINE).map(|line| line.join(", ")).collect();
        format!("Exit codes: {}.", lines.join(",\n"))
    }
}
