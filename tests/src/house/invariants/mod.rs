//! What must hold, one check a file: after everything that a member says, and at the end of a run.
//!
//! Checks compute from messages, disks and public keys. They call no room of the protocol: a rule
//! that is wrong there must not be wrong here too. What holds for honest members is asked of those
//! that neither lie nor have a disk that does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealbid_crypto::CloseCertificate;
use sealbid_protocol::member::message::{Opening, PeerMessage};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::Close;
use sealbid_types::codec::decode;
use sealbid_types::envelope::{Envelope, Header};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::report::{Receipt, Report};
use sealbid_types::time::Timestamp;

use self::promise::{Hearers, promises};
use super::fixture::Fixture;
use super::world::World;

mod blame;
mod bounds;
mod chain;
mod complete_reports;
mod evidence;
mod late_acknowledgements;
mod places;
mod promise;
mod receipts;
mod records;
mod sealed;
mod single_promises;
mod slots;

pub use self::promise::Promise;

/// What a check finds.
pub type Verdict = Result<(), String>;

/// Something that a member said.
pub struct Said<'a> {
    /// Who.
    pub by: MemberIndex,
    /// What its wall clock showed.
    pub wall: Timestamp,
    /// What.
    pub message: &'a PeerMessage,
}

/// One thing that must hold.
pub trait Invariant {
    /// In a few words.
    fn name(&self) -> &'static str;

    /// An honest member has said something.
    /// What it repeats comes here again.
    fn said(&mut self, _scene: &Scene, _said: &Said<'_>) -> Verdict {
        Ok(())
    }

    /// An honest member has given a client a receipt.
    fn receipted(&mut self, _scene: &Scene, _receipt: &Receipt) -> Verdict {
        Ok(())
    }

    /// A member was restored from a copy that lacks a promise, and nobody had heard of it.
    fn gone(&mut self, _by: MemberIndex, _promise: Promise) {}

    /// The run is over.
    fn at_end(&mut self, _scene: &Scene, _world: &World) -> Verdict {
        Ok(())
    }
}

/// What has been seen so far, by whoever sees everything.
pub struct Scene {
    /// The committee and its keys.
    pub house: Arc<Fixture>,
    /// Public parts of all envelopes that passed somebody's gate.
    pub headers: BTreeMap<EnvelopeId, Header>,
    /// Certified closes.
    pub closes: BTreeMap<Round, Close>,
    /// Acknowledgements that honest members sent: for which round.
    pub acknowledgements: BTreeMap<(MemberIndex, EnvelopeId), Round>,
    /// The first report of an honest member for a round that it sent.
    /// A check of the same report does not find it here yet.
    pub reports: BTreeMap<(MemberIndex, Round), Report>,
    /// How many decryption shares an honest member released at an opening, and of which parts.
    pub released: BTreeMap<(Round, Opening, MemberIndex), (usize, FixedBytes<32>)>,
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
        self.headers
            .entry(envelope.id())
            .or_insert_with(|| envelope.header.clone());
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

    fn see(&mut self, said: &Said<'_>) {
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
    fn keep(&mut self, said: &Said<'_>) {
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
            PeerMessage::Shares(signed) if signed.member == said.by => {
                let key = (signed.body.round, signed.body.opening, said.by);
                let released = (signed.body.shares.len(), signed.body.parts);
                self.released.entry(key).or_insert(released);
            }
            _ => {}
        }
    }

    /// Nobody knows of a promise any more, not even the member that made it.
    fn forget(&mut self, by: MemberIndex, promise: Promise) {
        match promise {
            Promise::Acknowledgement(id) => drop(self.acknowledgements.remove(&(by, id))),
            Promise::Report(round) => drop(self.reports.remove(&(by, round))),
            Promise::Vote(..) | Promise::Statement(..) => {}
        }
    }
}

/// All checks, and what they look at.
pub struct Watch {
    /// What has been seen.
    pub scene: Scene,
    seed: u64,
    checks: Vec<Box<dyn Invariant>>,
    hearers: Hearers,
}

impl Watch {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(seed: u64, house: Arc<Fixture>) -> Self {
        let scene = Scene {
            house,
            headers: BTreeMap::new(),
            closes: BTreeMap::new(),
            acknowledgements: BTreeMap::new(),
            reports: BTreeMap::new(),
            released: BTreeMap::new(),
            liars: BTreeSet::new(),
            doubtful: BTreeSet::new(),
        };
        let checks: Vec<Box<dyn Invariant>> = vec![
            Box::new(late_acknowledgements::LateAcknowledgements),
            Box::new(complete_reports::CompleteReports),
            Box::new(single_promises::SinglePromises::default()),
            Box::new(places::Places),
            Box::new(sealed::Sealed::default()),
            Box::new(receipts::Receipts::default()),
            Box::new(records::Records),
            Box::new(chain::Chain),
            Box::new(slots::Slots),
            Box::new(evidence::EvidenceOfLies),
            Box::new(bounds::Bounds),
            Box::new(blame::Blame),
        ];
        Self {
            scene,
            seed,
            checks,
            hearers: Hearers::default(),
        }
    }

    /// A member lies.
    pub fn distrust(&mut self, member: MemberIndex) {
        self.scene.liars.insert(member);
    }

    /// A member's disk is not what it was told to be.
    pub fn doubt(&mut self, member: MemberIndex) {
        self.scene.doubtful.insert(member);
        let gone = self.hearers.forgot(member);
        self.forget(gone);
    }

    /// A copy of a member's disk was made.
    pub fn copied(&mut self, member: MemberIndex) {
        self.hearers.copied(member);
    }

    /// A member is back on the newest copy of its disk, and was told so. `holds` says who holds an
    /// envelope.
    pub fn restored(
        &mut self,
        member: MemberIndex,
        holds: impl Fn(MemberIndex, &EnvelopeId) -> bool,
    ) {
        let gone = self.hearers.restored(member, holds);
        self.forget(gone);
    }

    fn forget(&mut self, gone: Vec<(MemberIndex, Promise)>) {
        for (by, promise) in gone {
            self.scene.forget(by, promise);
            for check in &mut self.checks {
                check.gone(by, promise);
            }
        }
    }

    /// Whether a member keeps the rules.
    #[must_use]
    pub fn trusts(&self, member: MemberIndex) -> bool {
        self.scene.trusts(member)
    }

    /// A member said something.
    ///
    /// # Panics
    /// If it should not have.
    pub fn said(&mut self, by: MemberIndex, now: u64, wall: Timestamp, message: &PeerMessage) {
        let said = Said { by, wall, message };
        // Of liars too: a certificate that verifies is one, whoever shows it.
        self.scene.see(&said);
        if !self.scene.trusts(by) {
            return;
        }
        for check in &mut self.checks {
            let verdict = check.said(&self.scene, &said);
            tell(self.seed, &format!("{now} ms: {by}"), check.name(), verdict);
        }
        self.scene.keep(&said);
        for (promise, _) in promises(by, message) {
            self.hearers.said(by, promise);
        }
    }

    /// A member has taken what another said, and has carried out all that followed from it.
    pub fn heard(&mut self, to: MemberIndex, by: MemberIndex, now: u64, message: &PeerMessage) {
        if self.scene.trusts(to) && self.scene.trusts(by) {
            for (promise, _) in promises(by, message) {
                self.hearers.heard(to, by, promise, now);
            }
        }
    }

    /// A member's process has ended.
    pub fn stopped(&mut self, member: MemberIndex, now: u64) {
        let gone = self.hearers.stopped(member, now);
        self.forget(gone);
    }

    /// A member gave a client a receipt.
    ///
    /// # Panics
    /// If it should not have.
    pub fn receipted(&mut self, by: MemberIndex, now: u64, receipt: &Receipt) {
        if !self.scene.trusts(by) {
            return;
        }
        for check in &mut self.checks {
            let verdict = check.receipted(&self.scene, receipt);
            tell(self.seed, &format!("{now} ms: {by}"), check.name(), verdict);
        }
    }

    /// The run is over.
    ///
    /// # Panics
    /// If something does not hold.
    pub fn end(&mut self, world: &World) {
        for check in &mut self.checks {
            let verdict = check.at_end(&self.scene, world);
            tell(self.seed, "at the end", check.name(), verdict);
        }
    }
}

fn tell(seed: u64, when: &str, name: &str, verdict: Verdict) {
    if let Err(what) = verdict {
        panic!("seed {seed}, {when}: {name}: {what}");
    }
}
