//! Reports of what no member takes.

use sealbid_types::envelope::Envelope;
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use super::io::Output;
use super::{Engine, Rules};
use crate::evidence::{BogusReport, Evidence};

impl<R: Rules> Engine<R> {
    /// A report lists an envelope that it should not: says so, and keeps both.
    ///
    /// One that lists hundreds of them is judged once: that takes the arithmetic which the gate has
    /// done already, and this thread is the one that votes.
    pub(super) fn accuse_of_bogus_report(
        &mut self,
        report: Signed<Report>,
        envelope: Envelope,
        what: String,
        out: &mut Vec<Output>,
    ) {
        let member = report.member;
        let evidence = Evidence::BogusReport(Box::new(BogusReport { report, envelope }));
        if self.accusations.has_like(&evidence) {
            return;
        }
        let (committee, keys) = (&self.context.committee, &self.context.keys);
        // Nobody is charged with what would not convince whoever was not there.
        let evidence = evidence.judge(committee, keys).is_ok().then_some(evidence);
        self.accuse(member, what, evidence.as_ref(), out);
    }
}
