//! The committee's protocol as state machines without I/O.
//!
//! Time, entropy, messages and what the disk holds are arguments; what to send, to store and to
//! answer are values. That is what lets a whole committee run, with faults, inside one test.
//!
//! The rooms follow the life of a round:
//!
//! | room | subject |
//! | --- | --- |
//! | [`admission`] | what may enter, what waits, who gets a receipt |
//! | `promises` | what this member has promised: acknowledgements, the cut, reports |
//! | `claims` | what other members say: proven, or only said |
//! | `closing` | the cut, reports, proposals and their judgement |
//! | [`vote`] | the close vote: Tendermint over the fixed roster |
//! | [`opening`] | what is opened, and the exchange of shares |
//! | [`settlement`] | clearing, authorisations, signatures, the record |
//! | [`chain`] | what certified rounds rule out, and catching up with them |
//! | [`time`] | wall and monotonic clocks |
//! | [`limits`] | times and bounds that an operator may set |
//! | [`member`] | the engine that joins them: inputs and time in, outputs out |
//! | [`evidence`] | what shows anybody that a member lied |
//! | [`inspection`] | a member's store looked through
//! | [`audit`] | the same computations again, from a record alone |
//! | [`pool`] | the replicated set that spreads envelopes |
//! | [`disk`] | what a member must not forget, as values |

pub mod admission;
pub mod audit;
pub mod chain;
mod claims;
mod closing;
pub mod disk;
pub mod evidence;
pub mod inspection;
pub mod limits;
pub mod member;
pub mod opening;
pub mod pool;
mod promises;
pub mod settlement;
pub mod time;
pub mod vote;
