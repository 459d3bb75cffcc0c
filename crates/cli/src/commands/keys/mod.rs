//! Keys: of accounts, and of a house.

pub(crate) mod account;
pub(crate) mod keygen;
