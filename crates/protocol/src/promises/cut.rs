//! The cut of the open round: when it is frozen, what was reported, whether it was given up.

use sealbid_types::id::{Round, Slot};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use serde::{Deserialize, Serialize};

/// One row, since the parts belong together: a member that knew its report but not that it had
/// frozen would go on to acknowledge intents for a round that it has already reported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Cut {
    /// The round that the rest is about; of an earlier one, it says nothing any more.
    pub(crate) round: Round,
    /// The slot at whose end the report is due.
    pub(crate) slot: Option<Slot>,
    pub(crate) report: Option<Signed<Report>>,
    /// Neither report nor vote is signed in this round.
    pub(crate) abstains: bool,
}
sealbid_types::schema!(Cut, "sealbid.cut", 1, (1 << 20) + 64);

impl Cut {
    /// The cut, if it is that of `round`.
    pub(crate) fn of(&self, round: Round) -> Option<&Self> {
        (self.round == round).then_some(self)
    }
}
