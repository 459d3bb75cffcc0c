//! What has been seen of a run so far, by whoever sees everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealbid_crypto::CloseCertificate;
use sealbid_protocol::member::message::{Opening, PeerMessage};
use sealbid_protocol::vote::{Message, Subject};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::Close;
use sealbid_types::codec::decode;
use sealbid_types::envelope::{Envelope, Header};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round, ValueDigest, View};
use sealbid_types::report::Report;
use sealbid_types::time::Timestamp;

use super::{Promise, Said};
use crate::house::fixture::Fixture;

/// What has been seen so far, by whoever sees everything.
pub struct Scene {
    /// The committee and its keys.
    pub house: Arc<Fixture>,
    /// All envelopes that have been submitted, passed somebody's gate, or were sent to a member.
    pub envelopes: BTreeMap<EnvelopeId, Envelope>,
    /// Their public parts.
    pub headers: BTreeMap<EnvelopeId, Header>,
    /// Certified closes.
    pub closes: BTreeMap<Round, Close>,
    /// Acknowledgements that honest members sent: for which round.
    pub acknowledgements: BTreeMap<(MemberIndex, EnvelopeId), Round>,
    /// The first report of an honest member for a round that it sent.
    /// A check of the same report does not find it here yet.
    pub reports: BTreeMap<(MemberIndex, Round), Report>,
    /// What honest members prevoted, or that it was nil.
    pub prevotes: BTreeMap<(Round, Subject, View, MemberIndex), Option<ValueDigest>>,
    /// How many decryption shares an honest member released at an opening, and of which parts.
    pub released: BTreeMap<(Round, Opening, MemberIndex), (usize, FixedBytes<32>)>,
    /// The latest time that each member's clock has shown while its process ran.
    pub latest: BTreeMap<MemberIndex, Timestamp>,
    /// Members that lie.
    pub liars: BTreeSet<MemberIndex>,
    /// Members whose disk has lied, or is an old copy that nobody spoke of.
    pub doubtful: BTreeSet<MemberIndex>,
}

impl Scene {
    /// Whether a member keeps the rules, as far as it can.
    #[must_use]
    pub fn trusts(&self, member: MemberIndex) -> bool {
        !self.liars.contains(&member) && !self.doubtful.contains(&member)
    }

    /// An envelope exists.
    pub fn knows(&mut self, envelope: &Envelope) {
        let id = envelope.id();
        self.headers
            .entry(id)
            .or_insert_with(|| envelope.header.clone());
        self.envelopes.entry(id).or_insert_with(|| envelope.clone());
    }

    /// A round is certified.
    pub fn closed(&mut self, close: &Close) {
        self.closes
            .entry(close.round)
            .or_insert_with(|| close.clone());
    }

    /// Whether a round before `round` lists the envelope.
    #[must_use]
    pub fn listed_before(&self, id: &EnvelopeId, round: Round) -> bool {
        let earlier = self.closes.range(..round);
        let mut closes = earlier.map(|(_, close)| close);
        closes.any(|close| close.intents.contains(id) || close.quotes.contains(id))
    }

    /// Whether an acknowledgement for `from` makes its member owe the envelope to a report for
    /// `round`, at a time when its clock shows `wall`.
    #[must_use]
    pub fn is_owed(&self, id: &EnvelopeId, from: Round, round: Round, wall: Timestamp) -> bool {
        let Some(header) = self.headers.get(id) else {
            return false;
        };
        (from..=header.last).contains(&round)
            && header.expires > wall
            && !self.listed_before(id, round)
    }

    pub(super) fn see(&mut self, said: &Said<'_>) {
        match said.message {
            PeerMessage::Certified(certified) => {
                let close = &certified.close;
                let is_news = !self.closes.contains_key(&close.round);
                let certificate = &certified.certificate;
                let keys = &self.house.keys;
                if is_news && CloseCertificate::verify(keys, close.clone(), certificate).is_ok() {
                    self.closed(close);
                }
            }
            PeerMessage::Envelopes(blobs) => {
                for blob in blobs {
                    if let Ok(envelope) = decode::<Envelope>(&blob.0) {
                        self.knows(&envelope);
                    }
                }
            }
            _ => {}
        }
    }

    /// What a check of the same message may rest on is noted after the check.
    pub(super) fn keep(&mut self, said: &Said<'_>) {
        match said.message {
            PeerMessage::Acknowledgements(batch) => {
                for signed in batch.iter().filter(|signed| signed.member == said.by) {
                    let key = (said.by, signed.body.envelope);
                    self.acknowledgements
                        .entry(key)
                        .or_insert(signed.body.round);
                }
            }
            PeerMessage::Report(signed) if signed.member == said.by => {
                self.reports
                    .entry((said.by, signed.body.round))
                    .or_insert_with(|| signed.body.clone());
            }
            PeerMessage::Vote(vote) => {
                if let Message::Prevote(signed) = &**vote
                    && signed.member == said.by
                {
                    let key = (vote.round(), vote.subject(), vote.view(), said.by);
                    self.prevotes.entry(key).or_insert(signed.body.value);
                }
            }
            PeerMessage::Shares(signed) if signed.member == said.by => {
                let key = (signed.body.round, signed.body.opening, said.by);
                let released = (signed.body.shares.len(), signed.body.parts);
                self.released.entry(key).or_insert(released);
            }
            _ => {}
        }
    }

    /// Nobody knows of a promise any more, not even the member that made it.
    pub(super) fn forget(&mut self, by: MemberIndex, promise: Promise) {
        match promise {
            Promise::Acknowledgement(id) => drop(self.acknowledgements.remove(&(by, id))),
            Promise::Report(round) => drop(self.reports.remove(&(by, round))),
            Promise::Vote(..) | Promise::Statement(..) => {}
        }
    }
}
