//! The formats of the NEAR Intents Verifier, and what its chain will check of them.
//!
//! | module | what |
//! | --- | --- |
//! | [`payload`] | the signed JSON: account, contract, deadline, nonce, intents |
//! | [`action`] | one intent of it, to and from the Verifier's JSON |
//! | [`rules`] | what the Verifier asks of actions, and we of terms before they are sealed |
//! | [`deadline`] | deadlines to the nanosecond, by the Verifier's reader |
//! | [`nonce`] | the versioned layout of nonces |
//! | [`authorisation`] | signing a payload, and checking that a signature authorises given terms |
//! | [`bundle`] | `MultiPayload`s, and the argument of `execute_intents` |
//! | [`signed`] | terms and authorisation together, as tools hand them around |
//!
//! That is what rounds take. What the Verifier takes of any wallet, they do not take yet:
//!
//! | module | what |
//! | --- | --- |
//! | [`multi_payload`] | signed payloads of every standard: hashes, signatures, what they say |
//! | [`intents`] | every kind of intent, read as the Verifier reads them |
//! | [`verifier`] | whether the Verifier would execute a signed payload, and why not |
//! | [`ledger`] | what a bundle of them would do to balances, keys and nonces, or why nothing |
//!
//! Signatures cover the payload's exact bytes: hashes are taken of the text that was signed, never
//! of one written anew. In rounds, the standard is `raw_ed25519`, and the account has to be the implicit one
//! of the signing key: which other keys an account has is known to the chain alone, so payloads of
//! named accounts are refused.

pub mod action;
pub mod authorisation;
mod base64;
pub mod bundle;
pub mod deadline;
pub mod intents;
mod json;
pub mod ledger;
pub mod multi_payload;
pub mod nonce;
pub mod payload;
pub mod rules;
pub mod signed;
pub mod verifier;

pub use json::{FieldName, JsonError};

#[cfg(test)]
mod taken;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
