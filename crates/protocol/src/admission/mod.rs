//! What may enter, what waits, and who gets a receipt.
//!
//! | file | subject |
//! | --- | --- |
//! | [`gate`] | the checks of an envelope that need no state, and this member's shares of it |
//! | `inbox` | the envelopes that wait, and the bounds they are held to |
//! | `receipts` | clients that wait, and the acknowledgements that have come for them |

pub mod gate;
mod inbox;
mod receipts;

pub(crate) use self::inbox::{Admission, Inbox, InboxEntry, forget, offer, refusal};
pub(crate) use self::receipts::Receipts;
