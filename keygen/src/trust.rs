//! What n and q buy, in the words of docs/protocol.md, section 1.

use core::fmt;

use sealbid_types::committee::{MEMBERS, usual_quorum};
use serde::Serialize;

/// How many members may do what under a committee of n with quorum q.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Survival {
    /// n.
    pub members: u8,
    /// q.
    pub quorum: u8,
    /// Lying members under which a round is sealed until closed, and closes once: 2q - n - 1.
    pub lying: u8,
    /// Silent members under which rounds go on: n - q.
    pub silent: u8,
    /// Both at once: the smaller.
    pub both: u8,
    /// Members who together can read everything, whatever is closed: q.
    pub readers: u8,
}

/// A quorum that no committee may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadQuorum {
    /// n.
    pub members: u8,
    /// q.
    pub quorum: u8,
}

impl Survival {
    /// What `members` with `quorum` survive.
    ///
    /// # Errors
    /// [`BadQuorum`] unless n is 3 to 16 and n < 2q <= 2n.
    pub fn of(members: u8, quorum: u8) -> Result<Self, BadQuorum> {
        let bad = BadQuorum { members, quorum };
        if !MEMBERS.contains(&members) {
            return Err(bad);
        }
        let silent = members.checked_sub(quorum).ok_or(bad)?;
        // 2q - n - 1, as q - (n - q) - 1.
        let lying = quorum
            .checked_sub(silent)
            .and_then(|more| more.checked_sub(1))
            .ok_or(bad)?;
        Ok(Self {
            members,
            quorum,
            lying,
            silent,
            both: lying.min(silent),
            readers: quorum,
        })
    }

    const fn rows(&self) -> [(&'static str, u8); 4] {
        [
            (
                "lying members under which a round is sealed until closed, and closes once",
                self.lying,
            ),
            ("silent members under which rounds go on", self.silent),
            ("both at once: the smaller", self.both),
            (
                "members who together can read everything, whatever is closed",
                self.readers,
            ),
        ]
    }
}

impl fmt::Display for Survival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} members, quorum {}", self.members, self.quorum)?;
        for (words, members) in self.rows() {
            write!(f, "\n  {words:<74} {members:>2}")?;
        }
        Ok(())
    }
}

impl fmt::Display for BadQuorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { members, quorum } = *self;
        if !MEMBERS.contains(&members) {
            let (least, most) = (MEMBERS.start(), MEMBERS.end());
            return write!(f, "{members} members: a committee has {least} to {most}");
        }
        if quorum > members {
            return write!(
                f,
                "a quorum of {quorum} of {members} members: there are not as many"
            );
        }
        write!(
            f,
            "a quorum of {quorum} of {members} members: two groups of {quorum} that share nobody \
             could close one round in two ways, so 2q > n is needed. What quorums of {members} buy:"
        )?;
        let choices = (1..=members).filter_map(|quorum| Survival::of(members, quorum).ok());
        for survival in choices {
            let usual = usual_quorum(members) == survival.quorum;
            write!(f, "\n\n{}{survival}", if usual { "(usual) " } else { "" })?;
        }
        Ok(())
    }
}

impl core::error::Error for BadQuorum {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_design() {
        // n, q, lying, silent, both, readers
        let table = [
            [3, 2, 0, 1, 0, 2],
            [4, 3, 1, 1, 1, 3],
            [5, 4, 2, 1, 1, 4],
            [7, 5, 2, 2, 2, 5],
            [16, 11, 5, 5, 5, 11],
        ];
        for [members, quorum, lying, silent, both, readers] in table {
            let expected = Survival {
                members,
                quorum,
                lying,
                silent,
                both,
                readers,
            };
            assert_eq!(Survival::of(members, quorum), Ok(expected));
        }
    }

    #[test]
    fn exactly_the_quorums_that_close_once() {
        for members in 0..=20u8 {
            for quorum in 0..=20u8 {
                let good = (3..=16).contains(&members) && quorum <= members && 2 * quorum > members;
                assert_eq!(
                    Survival::of(members, quorum).is_ok(),
                    good,
                    "{quorum} of {members}"
                );
            }
        }
    }

    #[test]
    fn a_refusal_shows_what_could_be_had() {
        let text = Survival::of(4, 2).unwrap_err().to_string();
        assert!(text.contains("(usual) 4 members, quorum 3"), "{text}");
        assert!(text.contains("4 members, quorum 4"), "{text}");
        assert!(!text.contains("4 members, quorum 2"), "{text}");
    }
}
