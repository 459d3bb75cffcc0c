//! The SDK: what traders, solvers, relayers and auditors do, from a committee file alone.
//!
//! | module | what |
//! | --- | --- |
//! | [`committee`] | the committee file, read and checked |
//! | [`client`] | one house seen from outside: its committee, its keys, the members' front doors |
//! | [`standing`] | where the house stands, by the word of a quorum |
//! | [`order`], [`trader`] | an order becomes signed terms, and those a sealed envelope |
//! | [`solver`] | a price schedule becomes a sealed quote |
//! | [`receipt`] | what an acknowledged envelope is owed, verified |
//! | [`round`] | a round's record, verified against the committee's key; what became of an envelope |
//! | [`records`] | records at hand: a directory of them, as good as a member's word |
//! | [`prices`] | what was quoted and paid lately, from certified rounds |
//! | [`guest`] | joining the mesh with a ticket: what solvers and relayers read there |
//! | [`relay`] | settled rounds, each once and in order |
//! | [`audit`] | whether the committee settled rightly: a round computed again |
//! | [`evidence`] | what shows anybody that a member lied, judged by the committee file alone |
//! | [`tokens`] | tokens by name, and amounts in whole units, exactly |
//! | [`watch`] | a member's events, from whichever member answers |
//! | [`types`] | everything of the other crates that is taken or given here |
//!
//! A single member may lie. So a receipt is verified before it is believed, the round is the median
//! of what a quorum says, and what became of an envelope is read from a record that carries the
//! committee's signature. What remains one member's word says so in its name: [`client::Hint`].

pub mod account;
pub mod audit;
pub mod client;
pub mod committee;
pub mod error;
pub mod evidence;
pub mod guest;
pub mod order;
mod outcome;
pub mod prices;
pub mod receipt;
pub mod records;
pub mod relay;
pub mod round;
pub mod solver;
pub mod standing;
mod submit;
pub mod tokens;
pub mod trader;
pub mod types;
pub mod watch;

mod entropy;
#[cfg(test)]
mod testing;

pub use account::Account;
pub use audit::RoundAudit;
pub use client::{Client, Hint, OpenError};
pub use committee::{CommitteeFile, CommitteeFileError};
pub use error::{ClientError, ErrorClass};
pub use order::{Order, Reveal, Window};
pub use outcome::Outcome;
pub use prices::{Lookback, PairPrices, RecentRounds};
pub use records::RecordDirectory;
pub use round::VerifiedRound;
pub use solver::{Offer, Solver};
pub use standing::Standing;
pub use submit::{Accepted, Sent};
pub use trader::{IdempotencyKey, Trader};

/// The examples of the README are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
