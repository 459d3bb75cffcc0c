//! From the certificate to the plaintexts: what of a round is opened, and the exchange of shares.

mod exchange;
mod message;
mod parts;
mod suspects;

pub(crate) use self::exchange::{Exchange, ShareQuestion, SignatureQuestion};
pub use self::message::{Opening, Parts, Purpose, Shares, SignatureShareMessage};
pub use self::parts::{
    FirstOpening, OpenedIntents, OpenedQuotes, PartId, Plaintexts, first_opening, read_opened,
};
pub(crate) use self::suspects::Suspects;
