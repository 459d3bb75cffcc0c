//! What else one could use, as published and as each crate's own documentation shows it. One
//! thread, and inputs already parsed; their members check all n shares, since none of them combines
//! first.

pub(crate) mod blsttc;
pub(crate) mod commonware;
pub(crate) mod ferveo;
mod interface;
pub(crate) mod threshold_crypto;

/// Ciphertexts that a slow engine is run with at most.
const MOST: u32 = 256;

/// Named and seeded alike everywhere, so that runs repeat.
const SEED: u64 = 0x5ea1;
