//! The votes: Tendermint (Buchman, Kwon, Milosevic: The latest gossip on BFT consensus, arXiv
//! 1807.04938, algorithm 1) over a fixed roster. A round of the auction has two, each a [`Vote`]: on
//! what it lists ([`Subject::Close`]), and on how that cleared ([`Subject::Allocation`]).
//!
//! | the paper | here |
//! | --- | --- |
//! | height | the auction's round and the subject: a `Vote` each |
//! | round | view |
//! | `2f + 1` | q |
//! | `f + 1`, to skip to a later view (line 55) | `min(2q - n, n - q + 1)` |
//! | `valid(v)` | [`Output::Validate`], answered by [`Vote::validated`]; and, for a fresh value, its slot by the clock |
//! | `getValue()` | [`Output::Propose`], answered by [`Vote::propose`]; for an allocation, the own one |
//! | gossip | [`Vote::resend`] passes on what others signed; a re-proposal carries its q prevotes |
//! | `decision` | a certificate: the shares of q precommits of one view, combined |
//!
//! The number of the paper's line stands above the lines that do it. Where the paper is silent:
//! members crash and come back (whatever a message follows from is persisted before it is sent,
//! [`VoteState`]); a value may take time to be made or judged (the step waits, until its timeout);
//! and line 36 takes the value from wherever it is known, since q prevotes that name it say all
//! that the proposal of that view would.
//!
//! An allocation is computed by every member from the same certified round. So its first view has no
//! proposal: each prevotes its own at once, which is a message delay less, and safe, since safety
//! rests on prevotes, precommits and locks and never on who proposes. From view `2n` on proposers
//! propose the allocation that fills nothing, and it is valid then: members of two versions that
//! clear differently cannot stop a house for good ([`Vote::assume`]).
//!
//! # Where the guarantee ends
//!
//! - *At most one value of a round is certified* while at most `2q - n - 1` members lie; a member
//!   whose disk is an old copy counts as a liar, unless a message of its own comes back to it and
//!   it abstains ([`Output::Abstains`]). Beyond that, [`Output::Forked`] shows both certificates.
//! - *A certified value was valid* to an honest member while fewer than q members lie.
//! - *A round is decided* once q honest members reach each other within the timeouts, their clocks
//!   agree on the newest slot or the one before, and they can judge what is proposed; while at
//!   most `min(n - q, 2q - n - 1)` members lie.
//! - A lie is found when both halves of it reach one honest member that still votes, and a wrong
//!   share when it stands between q precommits and their certificate: [`Evidence`] names who lied,
//!   and never anybody else, as long as identity keys are secret. Silence, and a value that is
//!   invalid, prove nothing here.

mod cast;
mod config;
mod evidence;
mod instance;
mod intake;
mod message;
mod rules;
mod signer;
mod state;
mod tally;
#[cfg(test)]
mod tests;
mod timing;
mod value;
mod values;

pub use config::{Config, ConfigError, proposer, withdrawn_from};
pub use evidence::Evidence;
pub use instance::{Certified, Output, RestoreError, Verdict, Vote};
pub use intake::{LearnError, Received, Refused, WrongBallot};
pub use message::{
    Commitment, FullProposal, Message, Position, Precommit, Prevote, Proposal, Step,
};
pub use signer::{
    Combination, CommitteeSigner, IdentityKeys, RosterKeys, Signers, ThresholdSigner,
};
pub use state::VoteState;
pub use timing::VoteTimes;
pub use value::{Subject, Value};
