//! All checks of a run, and who tells them what happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::{EnvelopeId, MemberIndex};
use sealbid_types::report::Receipt;
use sealbid_types::time::Timestamp;

use super::promise::{Hearers, promises};
use super::{Heard, Invariant, Promise, Said, Scene, Verdict, Violation};
use super::{
    admitted, arithmetic, blame, bounds, chain, complete_reports, evidence, heartbeats,
    late_acknowledgements, locks, named, places, receipts, records, sealed, single_promises, slots,
};
use crate::house::fixture::Fixture;
use crate::house::world::World;

/// All checks.
pub struct Checks(Vec<Box<dyn Invariant>>);

impl Checks {
    /// Asks each about a run that goes on, up to the first that finds something.
    pub fn meanwhile(&mut self, world: &World) -> Option<(&'static str, String)> {
        self.find(|check| check.meanwhile(&world.watch.scene, world))
    }

    /// Asks each about a run that is over, up to the first that finds something.
    pub fn at_end(&mut self, world: &World) -> Option<(&'static str, String)> {
        self.find(|check| check.at_end(&world.watch.scene, world))
    }

    fn find(
        &mut self,
        ask: impl Fn(&mut dyn Invariant) -> Verdict,
    ) -> Option<(&'static str, String)> {
        self.0.iter_mut().find_map(|check| {
            let what = ask(check.as_mut()).err()?;
            Some((check.name(), what))
        })
    }
}

/// All checks, and what they look at.
pub struct Watch {
    /// What has been seen.
    pub scene: Scene,
    /// The first thing that did not hold. Nothing is checked after it.
    pub violation: Option<Violation>,
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
            envelopes: BTreeMap::new(),
            headers: BTreeMap::new(),
            closes: BTreeMap::new(),
            acknowledgements: BTreeMap::new(),
            reports: BTreeMap::new(),
            prevotes: BTreeMap::new(),
            released: BTreeMap::new(),
            latest: BTreeMap::new(),
            liars: BTreeSet::new(),
            doubtful: BTreeSet::new(),
        };
        let checks: Vec<Box<dyn Invariant>> = vec![
            Box::new(late_acknowledgements::LateAcknowledgements),
            Box::new(complete_reports::CompleteReports),
            Box::new(single_promises::SinglePromises::default()),
            Box::new(heartbeats::Heartbeats::default()),
            Box::new(locks::Locks::default()),
            Box::new(places::Places),
            Box::new(sealed::Sealed::default()),
            Box::new(admitted::Admitted::default()),
            Box::new(named::Named::default()),
            Box::new(arithmetic::Arithmetic::default()),
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
            violation: None,
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

    /// A member's process looks at its clock.
    pub fn shows(&mut self, member: MemberIndex, wall: Timestamp) {
        let latest = self.scene.latest.entry(member).or_insert(wall);
        *latest = (*latest).max(wall);
    }

    /// A member said something.
    pub fn said(&mut self, by: MemberIndex, now: u64, wall: Timestamp, message: &PeerMessage) {
        let said = Said {
            by,
            now,
            wall,
            message,
        };
        // Of liars too: a certificate that verifies is one, whoever shows it.
        self.scene.see(&said);
        if !self.scene.trusts(by) {
            return;
        }
        self.ask(&|| format!("{now} ms: {by}"), |check, scene| {
            check.said(scene, &said)
        });
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

    /// A member has taken what anybody said to it.
    pub fn took(&mut self, heard: &Heard<'_>) {
        if self.scene.trusts(heard.to) {
            for check in &mut self.checks {
                check.heard(&self.scene, heard);
            }
        }
    }

    /// A member has an envelope proved.
    pub fn proves(&mut self, by: MemberIndex, now: u64, envelope: EnvelopeId) {
        if self.scene.trusts(by) {
            self.ask(&|| format!("{now} ms: {by}"), |check, scene| {
                check.proves(scene, by, envelope)
            });
        }
    }

    /// A member's engine has sent all others a heartbeat.
    pub fn spoke(&mut self, by: MemberIndex, now: u64) {
        if self.scene.trusts(by) {
            self.ask(&|| format!("{now} ms: {by}"), |check, _| {
                check.spoke(by, now)
            });
        }
    }

    /// A member's process has started, or has had a turn.
    pub fn runs(&mut self, member: MemberIndex, now: u64) {
        for check in &mut self.checks {
            check.runs(member, now);
        }
    }

    /// A member's process stands still for a while, or ends.
    pub fn rests(&mut self, member: MemberIndex) {
        for check in &mut self.checks {
            check.rested(member);
        }
    }

    /// A member's process has ended.
    pub fn stopped(&mut self, member: MemberIndex, now: u64) {
        self.rests(member);
        for check in &mut self.checks {
            check.ended(member);
        }
        let gone = self.hearers.stopped(member, now);
        self.forget(gone);
    }

    /// A member gave a client a receipt.
    pub fn receipted(&mut self, by: MemberIndex, now: u64, receipt: &Receipt) {
        if !self.scene.trusts(by) {
            return;
        }
        self.ask(&|| format!("{now} ms: {by}"), |check, scene| {
            check.receipted(scene, receipt)
        });
    }

    /// The checks by themselves, to look at the world that has them.
    #[must_use]
    pub fn lend_checks(&mut self) -> Checks {
        Checks(core::mem::take(&mut self.checks))
    }

    /// The checks are back, with what they found.
    pub fn take_back(&mut self, checks: Checks, when: &str, found: Option<(&'static str, String)>) {
        self.checks = checks.0;
        if let Some((invariant, what)) = found {
            self.violation.get_or_insert_with(|| Violation {
                seed: self.seed,
                when: when.to_owned(),
                invariant,
                what,
            });
        }
    }

    /// Asks each check, up to the first that finds something.
    fn ask(
        &mut self,
        when: &dyn Fn() -> String,
        verdict: impl Fn(&mut dyn Invariant, &Scene) -> Verdict,
    ) {
        if self.violation.is_some() {
            return;
        }
        for check in &mut self.checks {
            if let Err(what) = verdict(check.as_mut(), &self.scene) {
                self.violation = Some(Violation {
                    seed: self.seed,
                    when: when(),
                    invariant: check.name(),
                    what,
                });
                return;
            }
        }
    }
}
