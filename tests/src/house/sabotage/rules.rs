//! Rules with one decision turned, and what notices.
//!
//! Rules are types without values: an engine has them as a parameter. Those that an invariant has
//! to notice are put on all members, so that no honest majority makes up for them.

use sealbid_protocol::member::rules::seal::Seal;
use sealbid_protocol::member::{Lists, Rules};
use sealbid_protocol::vote::Verdict;
use sealbid_types::allocation::{Allocation, Unfilled, UnfilledReason};
use sealbid_types::close::Close;
use sealbid_types::door::Refusal;
use sealbid_types::envelope::Header;
use sealbid_types::id::{EnvelopeId, Round, Slot};

/// Acknowledges whatever comes, place or not.
/// `places` notices, as soon as one more is acknowledged than a report may list.
#[derive(Debug)]
pub enum TakesEveryone {}

impl Seal for TakesEveryone {}
impl Rules for TakesEveryone {
    fn place(
        honest: Result<Round, Refusal>,
        header: &Header,
        open: Round,
    ) -> Result<Round, Refusal> {
        honest.or(Ok(header.first.max(open)))
    }
}

/// Leaves an intent out of its reports that it has acknowledged.
/// `complete_reports` notices when the report is sent, before any close rests on it.
#[derive(Debug)]
pub enum LeavesOut {}

impl Seal for LeavesOut {}
impl Rules for LeavesOut {
    fn cut(honest: Lists) -> Lists {
        let mut lists = honest;
        lists.intents.pop();
        lists
    }
}

/// Leaves an intent out of its proposals, and finds whatever is proposed right.
/// Either half alone would do no harm: honest members find such a close invalid. `receipts`
/// notices.
#[derive(Debug)]
pub enum Omits {}

impl Seal for Omits {}
impl Rules for Omits {
    fn compose(honest: Close) -> Close {
        let mut close = honest;
        close.intents.pop();
        close
    }

    fn judge(_: Option<Verdict>, _: &Close) -> Option<Verdict> {
        Some(Verdict::Valid)
    }
}

/// Is content with one report, ballot and acknowledgement less.
/// `receipts` notices. It takes five members: of four, one less than the quorum is no majority,
/// and the vote refuses to begin.
#[derive(Debug)]
pub enum ContentWithLess {}

impl Seal for ContentWithLess {}
impl Rules for ContentWithLess {
    fn quorum(honest: u8) -> u8 {
        honest - 1
    }
}

/// Runs a version that clears otherwise: it fills nothing, and finds reasons.
/// No invariant has to notice it: with honest members beside it, it makes a house of two versions,
/// which has to get by (docs/protocol.md 4.7).
#[derive(Debug)]
pub enum ClearsOtherwise {}

impl Seal for ClearsOtherwise {}
impl Rules for ClearsOtherwise {
    fn clear(honest: Allocation) -> Allocation {
        let mut allocation = honest;
        let fills = core::mem::take(&mut allocation.fills);
        let unfilled = fills.into_iter().map(|fill| Unfilled {
            intent: fill.intent,
            reason: UnfilledReason::NoQuote,
        });
        allocation.unfilled.extend(unfilled);
        allocation
    }
}

/// Finds whatever is proposed right, and asks for no report. Its own proposals are honest: it takes
/// a proposer that lies, and is believed.
#[derive(Debug)]
pub enum BelievesProposers {}

impl Seal for BelievesProposers {}
impl Rules for BelievesProposers {
    fn judge(_: Option<Verdict>, _: &Close) -> Option<Verdict> {
        Some(Verdict::Valid)
    }
}

/// Prevotes any valid value, whatever it is locked on.
#[derive(Debug)]
pub enum IgnoresItsLock {}

impl Seal for IgnoresItsLock {}
impl Rules for IgnoresItsLock {
    fn may_prevote(_: bool) -> bool {
        true
    }
}

/// Acknowledges for the open round though it has reported that round.
#[derive(Debug)]
pub enum AcknowledgesLate {}

impl Seal for AcknowledgesLate {}
impl Rules for AcknowledgesLate {
    fn place(
        honest: Result<Round, Refusal>,
        header: &Header,
        open: Round,
    ) -> Result<Round, Refusal> {
        honest.map(|_| header.first.max(open))
    }
}

/// Acknowledges for the round after the one that it has a place in.
/// What it promises is less than it seems: its client waits for a round that need not come.
#[derive(Debug)]
pub enum PromisesFarRounds {}

impl Seal for PromisesFarRounds {}
impl Rules for PromisesFarRounds {
    fn place(honest: Result<Round, Refusal>, header: &Header, _: Round) -> Result<Round, Refusal> {
        honest.map(|round| Round(round.0 + 3).min(header.last))
    }
}

/// Proposes the slot before, and finds that right.
#[derive(Debug)]
pub enum ClosesInTheSlotBefore {}

impl Seal for ClosesInTheSlotBefore {}
impl Rules for ClosesInTheSlotBefore {
    fn compose(honest: Close) -> Close {
        let slot = Slot(honest.slot.0.saturating_sub(1));
        Close { slot, ..honest }
    }

    fn judge(_: Option<Verdict>, _: &Close) -> Option<Verdict> {
        Some(Verdict::Valid)
    }
}

/// Leaves its reports' ids out of its proposals, and finds that right: nobody could tell which
/// reports a round rests on.
#[derive(Debug)]
pub enum NamesNoReports {}

impl Seal for NamesNoReports {}
impl Rules for NamesNoReports {
    fn compose(honest: Close) -> Close {
        Close {
            reports: Vec::new(),
            ..honest
        }
    }

    fn judge(_: Option<Verdict>, _: &Close) -> Option<Verdict> {
        Some(Verdict::Valid)
    }
}

/// Reports nothing of what it has acknowledged.
#[derive(Debug)]
pub enum ReportsNothing {}

impl Seal for ReportsNothing {}
impl Rules for ReportsNothing {
    fn cut(_: Lists) -> Lists {
        Lists::default()
    }
}

/// Lists whatever it was told in its reports, an envelope that does not exist too.
#[derive(Debug)]
pub enum ReportsWhatIsNot {}

impl Seal for ReportsWhatIsNot {}
impl Rules for ReportsWhatIsNot {
    fn cut(honest: Lists) -> Lists {
        let mut lists = honest;
        lists.intents.insert(0, EnvelopeId::from([0; 32]));
        lists
    }
}

/// Forgets no envelope.
#[derive(Debug)]
pub enum KeepsWhatIsOver {}

impl Seal for KeepsWhatIsOver {}
impl Rules for KeepsWhatIsOver {
    fn forgets(_: bool, _: &EnvelopeId) -> bool {
        false
    }
}

/// Forgets whatever it holds when a round is settled: what it has acknowledged for the next one too.
#[derive(Debug)]
pub enum ForgetsWhatIsOwed {}

impl Seal for ForgetsWhatIsOwed {}
impl Rules for ForgetsWhatIsOwed {
    fn forgets(_: bool, _: &EnvelopeId) -> bool {
        true
    }
}

/// Takes an envelope that has failed the gate for one that has not come yet.
/// `named` notices: nobody says who reported it.
#[derive(Debug)]
pub enum RefusesNothing {}

impl Seal for RefusesNothing {}
impl Rules for RefusesNothing {
    fn refuses(_: bool, _: &EnvelopeId) -> bool {
        false
    }
}
