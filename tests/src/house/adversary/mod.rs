//! Members that lie, one behaviour a file. A liar runs an honest engine, holds its keys, and alters
//! what leaves it; some say things that nobody asked for, serve other records than theirs, or put
//! things into the pool.
//!
//! The engine goes on unaware: its disk holds what it should have said. When a lie of its own
//! comes back to it, in an answer to what it lacks, it takes its disk for an old copy and
//! abstains: so some liars are tamer than they need be.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbid_protocol::member::MemberSecrets;
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::pool::PoolCommand;
use sealbid_protocol::vote::Message;
use sealbid_types::codec::{Schema, decode};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round, ValueDigest};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use sealbid_types::time::Timestamp;

use super::fixture::Fixture;
use crate::world::Draws;

mod abstainer;
mod another_close;
mod believes_memory;
mod boasts;
mod bogus_ids;
mod crowd;
mod double_voter;
mod early_releaser;
mod equivocating_proposer;
mod extra_envelope;
mod falls_silent;
mod false_acknowledgements;
mod false_certificates;
mod false_memory;
mod far_clock;
mod far_rounds;
mod far_views;
mod forged_acknowledgements;
mod forged_record;
mod idle_reporter;
mod late_reporter;
mod loses;
mod omitter;
mod omitting_proposer;
mod opens_authorisations;
mod poisoned_signatures;
mod repeater;
mod reports_ahead;
mod reports_expired;
mod shared_u;
mod signs_no_view;
mod silent;
mod stale_slot;
mod third_report;
mod torsion;
mod two_reports;
mod want_flooder;
mod withholder;
mod wrong_shares;
mod wrong_signatures;

pub use abstainer::Abstainer;
pub use another_close::AnotherClose;
pub use believes_memory::BelievesMemory;
pub use boasts::Boasts;
pub use bogus_ids::BogusIds;
pub use crowd::{fill_far_rounds, fill_quota};
pub use double_voter::DoubleVoter;
pub use early_releaser::EarlyReleaser;
pub use equivocating_proposer::EquivocatingProposer;
pub use extra_envelope::ExtraEnvelope;
pub use falls_silent::FallsSilent;
pub use false_acknowledgements::FalseAcknowledgements;
pub use false_certificates::FalseCertificates;
pub use false_memory::FalseMemory;
pub use far_clock::FarClock;
pub use far_rounds::FarRounds;
pub use far_views::FarViews;
pub use forged_acknowledgements::ForgedAcknowledgements;
pub use forged_record::{ForgedRecord, Forgery};
pub use idle_reporter::IdleReporter;
pub use late_reporter::LateReporter;
pub use loses::Loses;
pub use omitter::Omitter;
pub use omitting_proposer::OmittingProposer;
pub use opens_authorisations::OpensAuthorisations;
pub use poisoned_signatures::PoisonedSignatures;
pub use repeater::Repeater;
pub use reports_ahead::ReportsAhead;
pub use reports_expired::ReportsExpired;
pub use shared_u::share_u;
pub use signs_no_view::SignsNoView;
pub use silent::Silent;
pub use stale_slot::StaleSlot;
pub use third_report::ThirdReport;
pub use torsion::Torsion;
pub use two_reports::TwoReports;
pub use want_flooder::WantFlooder;
pub use withholder::Withholder;
pub use wrong_shares::WrongShares;
pub use wrong_signatures::WrongSignatures;

/// What somebody says to a member.
pub type Said = (MemberIndex, PeerMessage);

/// One way to lie. Every lie is noted by [`Kit::lie`], so that a test can tell that there was one.
pub trait Adversary {
    /// What goes to `to` instead of a message of the honest engine. Nothing withholds it.
    /// It is asked once for each receiver, and again when the engine repeats itself.
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        to: MemberIndex,
    ) -> Vec<PeerMessage>;

    /// What it says when it hears something.
    fn hear(&mut self, _kit: &mut Kit, _from: MemberIndex, _message: &PeerMessage) -> Vec<Said> {
        Vec::new()
    }

    /// What it says unasked, whenever its engine has had a turn.
    fn unasked(&mut self, _kit: &mut Kit) -> Vec<Said> {
        Vec::new()
    }

    /// What it gives to a member that fetches the record of a round. `own` is its own, or if it
    /// has none, its newest.
    fn record(&mut self, _kit: &mut Kit, _round: Round, own: Option<Vec<u8>>) -> Option<Vec<u8>> {
        own
    }

    /// What it puts into the pool, whenever its engine has had a turn.
    /// The pool takes it unchecked, as it takes every envelope.
    fn pooled(&mut self, _kit: &mut Kit) -> Vec<PoolCommand> {
        Vec::new()
    }
}

/// What a liar has at hand.
pub struct Kit {
    /// The committee, with everybody's public keys.
    pub house: Arc<Fixture>,
    /// Its own secrets.
    pub secrets: MemberSecrets,
    /// Its own draws.
    pub draws: Draws,
    /// True time in milliseconds.
    pub now: u64,
    /// What its wall clock shows.
    pub wall: Timestamp,
    /// The first round that its engine does not know to be certified.
    pub open: Round,
    /// Envelopes that it has seen.
    /// From its clients, from its gate and from other members' messages.
    pub envelopes: BTreeMap<EnvelopeId, Envelope>,
    /// The value of the newest proposal that it has heard.
    pub proposed: Option<ValueDigest>,
    lies: u64,
}

/// A liar speaks unasked so often at most, in milliseconds: its lies have answers, which would make
/// it speak again.
const UNASKED_EVERY: u64 = 20;

impl Kit {
    /// Notes a lie.
    pub const fn lie(&mut self) {
        self.lies += 1;
    }

    /// Its place in the roster.
    #[must_use]
    pub const fn me(&self) -> MemberIndex {
        self.secrets.index
    }

    /// Everybody else.
    #[must_use]
    pub fn others(&self) -> Vec<MemberIndex> {
        let me = self.me();
        self.house.members().filter(|other| *other != me).collect()
    }

    /// Signs something as this member.
    #[must_use]
    pub fn sign<T: Schema>(&self, body: T) -> Signed<T> {
        Signed::new(body, self.secrets.index, &self.secrets.identity)
    }

    /// Its own report in a message, if that is what it is.
    #[must_use]
    pub fn own_report<'a>(&self, message: &'a PeerMessage) -> Option<&'a Signed<Report>> {
        match message {
            PeerMessage::Report(signed) if signed.member == self.me() => Some(signed),
            _ => None,
        }
    }

    /// A report of this member with something else in it.
    /// Its lists are sorted again: one that is not would be refused for that alone, and the lie in
    /// it never be looked at.
    pub fn altered(
        &mut self,
        report: &Signed<Report>,
        alter: impl FnOnce(&mut Report),
    ) -> PeerMessage {
        let mut body = report.body.clone();
        alter(&mut body);
        for list in [&mut body.intents, &mut body.quotes] {
            list.sort_unstable();
            list.dedup();
        }
        self.lie();
        PeerMessage::Report(Box::new(self.sign(body)))
    }

    /// The same thing, to everybody else.
    #[must_use]
    pub fn to_all(&self, message: &PeerMessage) -> Vec<Said> {
        let others = self.others().into_iter();
        others.map(|other| (other, message.clone())).collect()
    }

    fn see(&mut self, message: &PeerMessage) {
        match message {
            PeerMessage::Envelopes(blobs) => {
                for blob in blobs {
                    if let Ok(envelope) = decode::<Envelope>(&blob.0) {
                        self.envelopes.insert(envelope.id(), envelope);
                    }
                }
            }
            PeerMessage::Vote(vote) => {
                if let Message::Proposal(full) = &**vote {
                    self.proposed = Some(full.header.body.value);
                }
            }
            _ => {}
        }
    }
}

/// Whether a member is one of those that are shown something else.
pub(super) const fn is_other_half(member: MemberIndex) -> bool {
    member.0 % 2 == 1
}

/// A way to lie, and how often the member has lied so.
struct InUse {
    way: Box<dyn Adversary>,
    lies: u64,
}

impl InUse {
    /// Lets it act, and counts what it does.
    fn act<T>(&mut self, kit: &mut Kit, act: impl FnOnce(&mut dyn Adversary, &mut Kit) -> T) -> T {
        let before = kit.lies;
        let result = act(self.way.as_mut(), kit);
        self.lies += kit.lies - before;
        result
    }
}

/// A member that lies, in one way or in several.
pub struct Liar {
    kit: Kit,
    spoke_at: Option<u64>,
    ways: Vec<InUse>,
}

impl Liar {
    /// A member that lies in these ways, the first first.
    #[must_use]
    pub fn new(
        house: Arc<Fixture>,
        member: MemberIndex,
        seed: u64,
        ways: Vec<Box<dyn Adversary>>,
    ) -> Self {
        let kit = Kit {
            secrets: house.secrets(member),
            house,
            draws: Draws::new(seed, &format!("liar {}", member.0)),
            now: 0,
            wall: Timestamp(0),
            open: Round(1),
            envelopes: BTreeMap::new(),
            proposed: None,
            lies: 0,
        };
        let ways = ways.into_iter().map(|way| InUse { way, lies: 0 });
        Self {
            kit,
            spoke_at: None,
            ways: ways.collect(),
        }
    }

    /// How often it has lied.
    #[must_use]
    pub const fn lies(&self) -> u64 {
        self.kit.lies
    }

    /// How often it has lied in each of its ways.
    #[must_use]
    pub fn lies_by_way(&self) -> Vec<u64> {
        self.ways.iter().map(|way| way.lies).collect()
    }

    /// Time goes on, and the member's engine knows of these rounds and envelopes.
    pub fn knows(&mut self, now: u64, wall: Timestamp) {
        (self.kit.now, self.kit.wall) = (now, wall);
    }

    /// An envelope that it has seen.
    pub fn sees(&mut self, envelope: Envelope) {
        self.kit.envelopes.insert(envelope.id(), envelope);
    }

    /// What goes to `to` instead of `message`.
    pub fn instead(&mut self, message: &PeerMessage, to: MemberIndex) -> Vec<PeerMessage> {
        // Its engine's own word, before any way of lying has altered it.
        if let PeerMessage::Heartbeat(standing) = message {
            self.kit.open = standing.certified.next();
        }
        // Each way is given what the one before it makes of the message: ways that withhold and
        // ways that alter can be mixed.
        let mut said = vec![message.clone()];
        for way in &mut self.ways {
            let kit = &mut self.kit;
            said = way.act(kit, |way, kit| {
                let altered = said
                    .iter()
                    .flat_map(|message| way.instead(kit, message, to));
                altered.collect()
            });
        }
        said
    }

    /// What it says when it hears something.
    pub fn hear(&mut self, from: MemberIndex, message: &PeerMessage) -> Vec<Said> {
        self.kit.see(message);
        let kit = &mut self.kit;
        let ways = self.ways.iter_mut();
        ways.flat_map(|way| way.act(kit, |way, kit| way.hear(kit, from, message)))
            .collect()
    }

    /// What it says unasked.
    pub fn unasked(&mut self) -> Vec<Said> {
        let kit = &mut self.kit;
        if self.spoke_at.is_some_and(|at| kit.now < at + UNASKED_EVERY) {
            return Vec::new();
        }
        self.spoke_at = Some(kit.now);
        let ways = self.ways.iter_mut();
        ways.flat_map(|way| way.act(kit, |way, kit| way.unasked(kit)))
            .collect()
    }

    /// What it gives to a member that fetches a record, `own` being that or its newest.
    pub fn record(&mut self, round: Round, own: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let kit = &mut self.kit;
        let mut ways = self.ways.iter_mut();
        ways.try_fold(own, |own, way| {
            Some(way.act(kit, |way, kit| way.record(kit, round, own)))
        })
        .flatten()
    }

    /// What it puts into the pool.
    pub fn pooled(&mut self) -> Vec<PoolCommand> {
        let kit = &mut self.kit;
        let ways = self.ways.iter_mut();
        ways.flat_map(|way| way.act(kit, |way, kit| way.pooled(kit)))
            .collect()
    }
}
