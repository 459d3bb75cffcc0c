//! One digest a promise: a member signs one round for an envelope, one report for a round, one vote
//! for a subject, view and step, and one statement of each purpose for a round.
//!
//! Promises are kept here from a member's first word to the end of the run, however often its
//! process starts again: it is the disk that has to remember (docs/protocol.md 4.2, 4.4). A member
//! whose disk has lied is not asked.

use std::collections::BTreeMap;

use sealbid_protocol::member::message::{PeerMessage, Purpose};
use sealbid_protocol::vote::{Message, Step, Subject};
use sealbid_types::codec::encode;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round, View};

use super::{Invariant, Said, Scene, Verdict};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Promise {
    Acknowledgement(EnvelopeId),
    Report(Round),
    Vote(Round, Subject, View, Step),
    Statement(Round, Purpose),
}

#[derive(Default)]
pub(super) struct SinglePromises(BTreeMap<(MemberIndex, Promise), Vec<u8>>);

impl SinglePromises {
    fn promise(&mut self, by: MemberIndex, what: Promise, digest: &[u8]) -> Verdict {
        let text = format!("{what:?}");
        let first = self.0.entry((by, what)).or_insert_with(|| digest.to_vec());
        if first == digest {
            Ok(())
        } else {
            Err(format!("two of {text}: {first:02x?} and {digest:02x?}"))
        }
    }

    fn vote(&mut self, by: MemberIndex, vote: &Message) -> Verdict {
        let round = vote.round();
        let (view, step) = (vote.view(), vote.position().step);
        let value = match vote {
            Message::Proposal(full) => Some(full.header.body.value),
            Message::Header(header) => Some(header.body.value),
            Message::Prevote(prevote) => prevote.body.value,
            Message::Precommit(precommit) => precommit.body.commitment.map(|value| value.value),
        };
        // Nil is as good a promise as a value: after it no value may follow.
        let digest = value.as_ref().map_or(&[][..], |value| value.as_bytes());
        self.promise(by, Promise::Vote(round, vote.subject(), view, step), digest)
    }
}

impl Invariant for SinglePromises {
    fn name(&self) -> &'static str {
        "one digest a promise"
    }

    fn said(&mut self, _: &Scene, said: &Said<'_>) -> Verdict {
        let by = said.by;
        match said.message {
            PeerMessage::Acknowledgements(batch) => batch
                .iter()
                .filter(|signed| signed.member == by)
                .try_for_each(|signed| {
                    let what = Promise::Acknowledgement(signed.body.envelope);
                    self.promise(by, what, &encode(&signed.body))
                }),
            PeerMessage::Report(signed) if signed.member == by => {
                // The id covers the signature: the same lists signed anew are another report.
                let id = signed.id();
                self.promise(by, Promise::Report(signed.body.round), id.as_bytes())
            }
            PeerMessage::Vote(vote) if vote.member() == by => self.vote(by, vote),
            PeerMessage::SignatureShare(signed) => {
                let share = &signed.body;
                let what = Promise::Statement(share.round, share.purpose);
                self.promise(by, what, &share.statement.0)
            }
            _ => Ok(()),
        }
    }
}
