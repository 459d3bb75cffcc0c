//! Making a committee key: a polynomial f of degree q - 1 over the scalars, of which member i holds
//! `s_i = f(i + 1)`, and whose value at zero nobody holds.
//!
//! The ceremony has the shape of ChillDKG (Nick, Ruffing and Seurin's proposal for a BIP,
//! `BlockstreamResearch/bip-frost-dkg`) over BLS12-381: Pedersen's joint sharing with proofs of
//! possession (there `SimplPedPop`), shares encrypted within a public transcript (`EncPedPop`), and
//! at its end every participant's signature over the transcript's hash (`CertEq`). Without all n
//! signatures nobody uses the key. Not ChillDKG's are the commitments to dealings before any is
//! shown, the proof of knowledge of a dealing's ephemeral secret, and complaints that show a point.
//!
//! | module | step |
//! | --- | --- |
//! | [`message`] | what travels: signed messages, all of them public |
//! | [`board`] | a growing set of them; where it comes from does not matter |
//! | [`participant`] | what one who takes part does next, given its secrets and the board |
//! | [`waiting`] | whose messages it waits for |
//! | [`transcript`] | what remains: anybody checks it, a member recovers its share from it |
//! | [`fault`] | why a session is void or in doubt, and who is to blame |
//! | [`dealer`] | makes a key in one place: development only |
//!
//! # What bias remains
//!
//! Gennaro, Jarecki, Krawczyk and Rabin (J. Cryptology 20, 2007) show that who deals last in a joint
//! sharing like this one chooses among public keys. Here everybody has committed to its dealing
//! before anybody has seen one, so that nothing is left to choose but whether to take part: a cheat
//! that has seen the others' dealings, and does not like the key, can keep back its own dealing or
//! its confirmation. Then there is no key, everybody sees whose message is missing, and the next
//! session has nothing in common with this one: to turn down one key costs one session, openly. Of a
//! key that it lets pass the cheat knows no more than anybody. What the key is used for bears far more: BLS signatures and encryption to it stay
//! secure where an adversary may even shift the key by a known amount (Gurkan, Jovanovic, Maller,
//! Meiklejohn, Stern and Tomescu, EUROCRYPT 2021, ePrint 2021/005, of keys that are *rekeyable*).
//!
//! No I/O, no ambient randomness: entropy and time are arguments.

pub mod board;
mod check;
mod commitment;
mod complaint;
mod context;
pub mod dealer;
mod dealing;
mod evidence;
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
pub mod waiting;

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
pub use participant::{CeremonyOutcome, Participant, Step};
pub use polynomial::Polynomial;
pub use proof::{EqualityProof, PossessionProof};
pub use secret::{SecretBytes, SessionSecret};
pub use session::{EnrolmentError, RosterError, Session};
pub use signed::{Signable, Signed};
pub use transcript::{RecoverError, Recovered, Transcript, TranscriptError};
pub use waiting::{Doubt, Stage, Waiting};
