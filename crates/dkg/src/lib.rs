//! Making a committee key: a polynomial f of degree q - 1 over the scalars, of which member i holds
//! `s_i = f(i + 1)`, and whose value at zero nobody holds.
//!
//! The ceremony has the shape of ChillDKG (Nick, Ruffing and Seurin's proposal for a BIP,
//! `BlockstreamResearch/bip-frost-dkg`) over BLS12-381: Pedersen's joint sharing with proofs of
//! possession (there `SimplPedPop`), shares encrypted within a public transcript (`EncPedPop`), and
//! at its end every participant's signature over the transcript's hash (`CertEq`). Without all n
//! signatures nobody uses the key.
//!
//! | module | step |
//! | --- | --- |
//! | [`message`] | what travels: signed messages, all of them public |
//! | [`board`] | a growing set of them; where it comes from does not matter |
//! | [`participant`] | what one who takes part does next, given its secrets and the board |
//! | [`transcript`] | what remains: anybody checks it, a member recovers its share from it |
//! | [`fault`] | why a session is void, and who is to blame |
//! | [`dealer`] | makes a key in one place: development only |
//!
//! As in every joint sharing without commitments to the dealings, who deals last can choose among
//! several public keys; that neither tells it the secret nor weakens what the key is used for
//! (Gennaro, Jarecki, Krawczyk and Rabin, J. Cryptology 20, 2007, section 5).
//!
//! No I/O, no ambient randomness: entropy and time are arguments.

pub mod board;
mod check;
mod commitment;
mod complaint;
mod context;
pub mod dealer;
mod dealing;
pub mod fault;
pub mod invitation;
pub mod message;
pub mod participant;
mod payload;
mod polynomial;
mod proof;
mod receive;
pub mod secret;
pub mod session;
pub mod signed;
pub mod transcript;

#[cfg(test)]
mod adversaries;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod testing;

pub use board::{Board, BoardError, PostError, Posted};
pub use check::{DealingError, DealtPoint};
pub use dealer::{DealError, Dealing as DealerDealing, deal};
pub use fault::{Culprit, Fault, FaultReason, Void};
pub use invitation::InvitationError;
pub use message::{Invitation, Meeting, Message, MessageId, Purpose};
pub use participant::{Outcome, Participant, Stage, Step, Waiting};
pub use polynomial::Polynomial;
pub use proof::{EqualityProof, PossessionProof};
pub use secret::{SecretBytes, SessionSecret};
pub use session::{EnrolmentError, RosterError, Session};
pub use signed::{Signable, Signed};
pub use transcript::{RecoverError, Recovered, Transcript, TranscriptError};
