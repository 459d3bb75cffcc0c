//! Acknowledgements and reports of other members, held against each other.
//!
//! What is found is evidence only if it convinces whoever was not there: the envelope's first round
//! is the one that is reported, so that no earlier round can have listed it.

use sealbid_types::id::MemberIndex;
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Report};

use super::io::Output;
use super::{Engine, Rules};
use crate::closing::names;
use crate::evidence::{BrokenPromise, Evidence};

/// How many acknowledgements that a report may break are looked at: the witness keeps them
/// unverified, and who lies could have signed none of them.
const MOST_VERIFIED: usize = 16;

impl<R: Rules> Engine<R> {
    /// A member's report has come: it lists what the member has acknowledged for the round.
    pub(super) fn hold_to_promises(&mut self, report: &Signed<Report>, out: &mut Vec<Output>) {
        let broken = self
            .witness
            .of(report.member)
            .filter_map(|promised| self.broken_by(promised, report))
            .take(MOST_VERIFIED)
            .find(|broken| self.is_signed(broken));
        self.accuse_of_breaking(report.member, broken, out);
    }

    /// A member's acknowledgement has come: it is not for a round that the member has reported.
    pub(super) fn hold_to_report(
        &mut self,
        promised: &Signed<Acknowledgement>,
        out: &mut Vec<Output>,
    ) {
        if promised.body.round != self.closing.round() {
            return;
        }
        let broken = self
            .closing
            .book
            .of(promised.member)
            .find_map(|report| self.broken_by(promised, report))
            .filter(|broken| self.is_signed(broken));
        self.accuse_of_breaking(promised.member, broken, out);
    }

    fn accuse_of_breaking(
        &mut self,
        member: MemberIndex,
        broken: Option<BrokenPromise>,
        out: &mut Vec<Output>,
    ) {
        let Some(broken) = broken else { return };
        let envelope = broken.acknowledgement.body.envelope.short();
        let what = format!("acknowledged envelope {envelope} and did not report it");
        let evidence = Evidence::Promise(Box::new(broken));
        self.accuse(member, what, Some(&evidence), out);
    }

    /// The two of them and the envelope, if the report leaves out what was promised for it. Whether
    /// the acknowledgement is signed is not asked.
    fn broken_by(
        &self,
        promised: &Signed<Acknowledgement>,
        report: &Signed<Report>,
    ) -> Option<BrokenPromise> {
        let (promise, body) = (&promised.body, &report.body);
        if promise.round != body.round || names(body, &promise.envelope) {
            return None;
        }
        let envelope = &self.inbox.get(&promise.envelope)?.envelope;
        let slot_end = self.context.committee.schedule.end_of(body.slot);
        let is_bound =
            envelope.header.first == body.round && envelope.header.is_alive(body.round, slot_end);
        is_bound.then(|| BrokenPromise {
            acknowledgement: promised.clone(),
            report: report.clone(),
            envelope: envelope.clone(),
        })
    }

    /// Whether it would convince a third party.
    fn is_signed(&self, broken: &BrokenPromise) -> bool {
        let evidence = Evidence::Promise(Box::new(broken.clone()));
        let (committee, keys) = (&self.context.committee, &self.context.keys);
        evidence.judge(committee, keys).is_ok()
    }
}
