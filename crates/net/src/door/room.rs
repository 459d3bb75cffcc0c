//! Room for large answers.
//!
//! An answer stays in memory until its reader has taken it, and a reader may take its time. So the
//! bytes of large answers are counted, in all and by the network that they go to.

use std::sync::Arc;

use crate::tally::{Held, Prefix, Tally};

/// The room for all large answers.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    all: Arc<Tally<()>>,
    prefixes: Arc<Tally<Prefix>>,
    most: usize,
    most_of_prefix: usize,
}

/// The room for answers to one network; none for the host's own.
#[derive(Debug, Clone)]
pub(super) struct Room {
    answers: Answers,
    prefix: Option<Prefix>,
}

/// Room that is taken, until it is dropped.
#[derive(Debug)]
pub struct Taken {
    _all: Held<()>,
    _of_prefix: Option<Held<Prefix>>,
}

impl Answers {
    pub(super) fn new(most: usize, most_of_prefix: usize) -> Self {
        Self {
            all: Arc::default(),
            prefixes: Arc::default(),
            most,
            most_of_prefix,
        }
    }

    pub(super) fn of(&self, prefix: Option<Prefix>) -> Room {
        Room {
            answers: self.clone(),
            prefix,
        }
    }
}

impl Room {
    /// Takes room for `bytes`, if there is so much.
    pub(super) fn take(&self, bytes: usize) -> Option<Taken> {
        let Answers {
            all,
            prefixes,
            most,
            most_of_prefix,
        } = &self.answers;
        // This part goes back by itself if the whole has no room.
        let of_prefix = match self.prefix {
            Some(prefix) => Some(prefixes.hold(prefix, bytes, *most_of_prefix)?),
            None => None,
        };
        Some(Taken {
            _all: all.hold((), bytes, *most)?,
            _of_prefix: of_prefix,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_cannot_take_all_of_it() {
        let answers = Answers::new(100, 60);
        let of = |text: &str| answers.of(Prefix::of(text.parse().unwrap()));
        let (near, far) = (of("192.0.2.1"), of("198.51.100.1"));
        let first = near.take(40).unwrap();
        assert!(near.take(40).is_none(), "more than its part");
        let second = far.take(60).unwrap();
        assert!(answers.of(None).take(1).is_none(), "there is no more");
        drop(first);
        assert!(near.take(40).is_some());
        drop(second);
        assert!(
            answers.of(None).take(100).is_some(),
            "what failed has taken nothing"
        );
    }
}
