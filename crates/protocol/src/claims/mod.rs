//! What other members say: proven, or only said.
//!
//! A heartbeat is a bare claim: it may choose whom to ask, and what people are shown. It never
//! stops, delays or silences anything. What makes a member that starts abstain from a round is
//! *proven*: its own signature, that its disk does not know.
//!
//! | file | subject |
//! | --- | --- |
//! | `peers` | heartbeats: who is here, how far they say they are, what time they say it is |
//! | `answers` | how much is answered to each member |
//! | `overheard` | what others signed for rounds that this member is not in, for their starts |
//! | `start` | this member's start: what others hold of its signatures |
//! | `witness` | what this member holds of the others' signatures, for their starts |

mod answers;
mod overheard;
mod peers;
mod start;
mod witness;

pub(crate) use self::answers::Asked;
pub(crate) use self::overheard::{Overheard, newest};
pub(crate) use self::peers::Peers;
pub(crate) use self::start::{Recollection, Start};
pub(crate) use self::witness::{Witness, witnessed};
