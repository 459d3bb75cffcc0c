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
//! Signatures cover the payload's exact bytes: hashes are taken of the text that was signed, never
//! of one written anew. The standard is `raw_ed25519`, and the account has to be the implicit one
//! of the signing key: which other keys an account has is known to the chain alone, so payloads of
//! named accounts are refused.

pub mod action;
pub mod authorisation;
pub mod bundle;
pub mod deadline;
mod json;
pub mod nonce;
pub mod payload;
pub mod rules;
pub mod signed;

pub use json::{FieldName, JsonError};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
