//! How a command fails, as a number: all exit codes of `sealbid` and `sealbid-keygen`, in the one
//! place where they are written.

use serde::{Serialize, Serializer};

/// How many codes a line of the help has.
const IN_A_LINE: usize = 5;

macro_rules! exits {
    ($($name:ident = $code:literal $word:literal, $brief:literal, $when:literal;)*) => {
        /// The kinds of failure, by exit code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Exit {
            $(#[doc = $when] $name = $code,)*
        }

        impl Exit {
            /// All of them, by ascending codes.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name, as scripts read it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// When commands end with it, for documentation.
            #[must_use]
            pub const fn when(self) -> &'static str {
                match self { $(Self::$name => $when,)* }
            }

            /// The same in few words, for a command's help.
            const fn brief(self) -> &'static str {
                match self { $(Self::$name => $brief,)* }
            }
        }
    };
}

// Help, documentation, objects and the numbers themselves follow from this list. A test holds
// docs/formats.md against it.
exits! {
    Work = 1 "work", "the work failed",
        "the work failed; a member refused; an envelope is not valid";
    Usage = 2 "usage", "usage",
        "the command line, or a file that the user wrote, is wrong";
    Authentication = 3 "authentication", "authentication",
        "a passphrase, ticket or answer is wrong";
    Key = 4 "key", "key",
        "a key or committee file is missing, corrupt or foreign";
    Storage = 5 "storage", "storage",
        "a directory, file or store; or results that could not be written";
    NoQuorum = 6 "no-quorum", "no quorum",
        "no member is reachable, or fewer than q are alive";
    Timeout = 7 "timeout", "timeout",
        "it took too long";
    Audit = 8 "audit", "audit failed",
        "a record does not check out; a file of evidence proves nothing; a wallet's payload is not valid";
    NotFilled = 9 "not-filled", "not filled (with --wait)",
        "with `--wait`: not filled";
    Halted = 10 "halted", "halted or in doubt",
        "a member must not go on: it saw the committee contradict itself; or a key ceremony is in doubt";
    Interrupted = 130 "interrupted", "Ctrl-C",
        "Ctrl-C";
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

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_table_is_this_list() {
        let page = include_str!("../../docs/formats.md");
        let (_, section) = page.split_once("## Exit codes").unwrap();
        let rows: Vec<&str> = section
            .lines()
            .skip_while(|line| !line.starts_with("| 0 "))
            .skip(1)
            .take_while(|line| line.starts_with('|'))
            .collect();
        let row =
            |exit: &Exit| format!("| {} | `{}` | {} |", exit.code(), exit.name(), exit.when());
        assert_eq!(rows, Exit::ALL.iter().map(row).collect::<Vec<_>>());
    }

    #[test]
    fn a_code_names_one_kind() {
        for exit in Exit::ALL {
            assert_eq!(Exit::of_code(exit.code().into()), Some(*exit));
        }
        assert_eq!(Exit::of_code(0), None);
        assert_eq!(Exit::of_code(77), None);
    }
}
