//! Members that break one rule. An invariant has to notice: a protection that nobody would miss is
//! none.
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
use sealbid_types::id::Round;

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
