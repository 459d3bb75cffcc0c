//! From the certificate to the plaintexts: what of a round is opened, and the exchange of shares.

mod exchange;
mod parts;

pub(crate) use self::exchange::Exchange;
pub use self::parts::{
    FirstOpening, OpenedIntents, OpenedQuotes, PartId, first_opening, read_opened,
};
