//! Room for large answers.
//!
//! An answer stays in memory until its reader has taken it, and a reader may take its time. So the
//! bytes of large answers are counted, in all and by the network that they go to. A member that
//! fetches what it has missed has room of its own: strangers cannot fill it.

use std::sync::Arc;

use crate::PeerId;
use crate::tally::{Held, Prefix, Tally};

/// The room for all large answers.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    all: Arc<Tally<()>>,
    prefixes: Arc<Tally<Prefix>>,
    members: Arc<Tally<PeerId>>,
    most: usize,
    most_of_prefix: usize,
    most_of_member: usize,
}

/// Whom answers go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// A member of the committee.
    Member(PeerId),
    /// Anybody else in a network; none for the host's own.
    Stranger(Option<Prefix>),
}

/// The room for answers to one reader.
#[derive(Debug, Clone)]
pub(super) struct Room {
    answers: Answers,
    reader: Reader,
}

/// Room that is taken, until it is dropped.
#[derive(Debug)]
pub struct Taken {
    _all: Option<Held<()>>,
    _of_prefix: Option<Held<Prefix>>,
    _of_member: Option<Held<PeerId>>,
}

impl Answers {
    pub(super) fn new(most: usize, most_of_prefix: usize, most_of_member: usize) -> Self {
        Self {
            all: Arc::default(),
            prefixes: Arc::default(),
            members: Arc::default(),
            most,
            most_of_prefix,
            most_of_member,
        }
    }

    pub(super) fn of(&self, reader: Reader) -> Room {
        Room {
            answers: self.clone(),
            reader,
        }
    }
}

impl Room {
    /// Takes room for `bytes`, if there is so much.
    pub(super) fn take(&self, bytes: usize) -> Option<Taken> {
        let answers = &self.answers;
        let (all, most) = (&answers.all, answers.most);
        let prefix = match self.reader {
            Reader::Member(peer) => {
                let own = answers.members.hold(peer, bytes, answers.most_of_member)?;
                return Some(Taken {
                    _all: None,
                    _of_prefix: None,
                    _of_member: Some(own),
                });
            }
            Reader::Stranger(prefix) => prefix,
        };
        // This part goes back by itself if the whole has no room.
        let of_prefix = match prefix {
            Some(prefix) => Some(
                answers
                    .prefixes
                    .hold(prefix, bytes, answers.most_of_prefix)?,
            ),
            None => None,
        };
        Some(Taken {
            _all: Some(all.hold((), bytes, most)?),
            _of_prefix: of_prefix,
            _of_member: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_cannot_take_all_of_it() {
        let answers = Answers::new(100, 60, 10);
        let of = |text: &str| answers.of(Reader::Stranger(Prefix::of(text.parse().unwrap())));
        let here = answers.of(Reader::Stranger(None));
        let (near, far) = (of("192.0.2.1"), of("198.51.100.1"));
        let first = near.take(40).unwrap();
        assert!(near.take(40).is_none(), "more than its part");
        let second = far.take(60).unwrap();
        assert!(here.take(1).is_none(), "there is no more");
        drop(first);
        assert!(near.take(40).is_some());
        drop(second);
        assert!(here.take(100).is_some(), "what failed has taken nothing");
    }

    #[test]
    fn strangers_leave_members_their_room() {
        let answers = Answers::new(100, 60, 10);
        let member = |n: u8| answers.of(Reader::Member(PeerId::of_secret(&[n; 32])));
        let _all = answers.of(Reader::Stranger(None)).take(100).unwrap();
        let one = member(1).take(10).unwrap();
        assert!(member(1).take(1).is_none(), "it reads one at a time");
        assert!(member(2).take(10).is_some());
        drop(one);
        assert!(member(1).take(10).is_some());
    }
}
