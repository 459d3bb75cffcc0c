//! Making a committee key: a polynomial f of degree q - 1 over the scalars, of which member i holds
//! `s_i = f(i + 1)`, and whose value at zero nobody should hold.
//!
//! [`dealer`] makes it in one place, which is for development only: whoever runs it could have kept
//! f(0).
//!
//! No I/O, no ambient randomness: entropy is an argument.

pub mod dealer;
mod polynomial;

pub use dealer::{DealError, Dealing, deal};
pub use polynomial::Polynomial;
