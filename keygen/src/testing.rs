//! What several tests share.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::io;

use sealbid_crypto::CommitteeKeys;
use sealbid_types::committee::Committee;
use sealbid_types::time::Timestamp;

use crate::dealer::{DealerOptions, Dealt, MemberContact, deal};
use crate::encryption::WorkFactor;
use crate::passphrase::{Passphrase, Terminal};

/// A terminal that answers from a list, and is none when the list is at its end.
#[derive(Debug, Default)]
pub(crate) struct ScriptedTerminal {
    answers: Vec<String>,
    lines: Vec<String>,
    pub(crate) prompts: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl ScriptedTerminal {
    pub(crate) fn answering<'a>(answers: impl IntoIterator<Item = &'a str>) -> Self {
        let mut answers: Vec<String> = answers.into_iter().map(str::to_owned).collect();
        answers.reverse();
        Self {
            answers,
            ..Self::default()
        }
    }

    /// One that types these lines.
    pub(crate) fn typing(lines: &[&str]) -> Self {
        let lines = lines.iter().rev().map(|&line| line.to_owned()).collect();
        Self {
            lines,
            ..Self::default()
        }
    }
}

impl Terminal for ScriptedTerminal {
    fn ask_secret(&mut self, prompt: &str) -> io::Result<String> {
        self.prompts.push(prompt.to_owned());
        self.answers
            .pop()
            .ok_or_else(|| io::Error::other("the script is at its end"))
    }

    fn ask(&mut self, prompt: &str) -> io::Result<String> {
        self.prompts.push(prompt.to_owned());
        self.lines
            .pop()
            .ok_or_else(|| io::Error::other("nobody types"))
    }

    fn warn(&mut self, message: &str) {
        self.warnings.push(message.to_owned());
    }
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::new("open sesame").unwrap()
}

/// The least work, where guessing is not what is tested.
pub(crate) const FAST: WorkFactor = match WorkFactor::new(1) {
    Some(work) => work,
    None => WorkFactor::DEVELOPMENT,
};

pub(crate) const fn now() -> Timestamp {
    Timestamp(1_800_000_000_000)
}

pub(crate) fn contacts(members: u8) -> Vec<MemberContact> {
    let port = |index: u8| 7_400 + 10 * u16::from(index);
    (0..members)
        .map(|index| MemberContact::loopback(port(index)).unwrap())
        .collect()
}

/// A house of which nothing is drawn at random.
pub(crate) fn dealt(members: u8, quorum: u8, entropy: u8) -> Dealt {
    let options = DealerOptions::new(contacts(members)).with_quorum(quorum);
    deal(&options, &[entropy; 32], now()).unwrap()
}

pub(crate) fn committee_keys(committee: &Committee) -> CommitteeKeys {
    CommitteeKeys::new(&committee.keys, committee.quorum).unwrap()
}
