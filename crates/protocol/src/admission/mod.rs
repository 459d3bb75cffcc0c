//! What may enter, what waits, and who gets a receipt.
//!
//! | file | subject |
//! | --- | --- |
//! | `read` | what can be said of an envelope without arithmetic |
//! | `screen` | what is at the gate for whom, and what has failed there |
//! | [`gate`] | the checks of signature and proofs, and this member's shares |
//! | `inbox` | the envelopes that wait, and the bounds they are held to |
//! | `receipts` | clients that wait, and the acknowledgements that have come for them |

pub mod gate;
mod inbox;
mod read;
mod receipts;
mod screen;

pub(crate) use self::inbox::{Admission, Inbox, InboxEntry, forget, offer, refusal};
pub use self::read::{Readable, Unreadable};
pub(crate) use self::receipts::Receipts;
pub use self::screen::Origin;
pub(crate) use self::screen::Screen;
