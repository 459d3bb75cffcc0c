//! What the tests of several crates share. No crate of the product depends on it but for its tests.
//!
//! | module | what |
//! | --- | --- |
//! | `house` | with the feature `house`: a committee with all its secrets, and a round's close |
//! | [`signature`] | signatures that a dishonest holder of a key makes |
//! | [`text`] | every place of a type that holds text, found by walking its decoder |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a failure is a panic"
)]

#[cfg(feature = "house")]
pub mod house;
pub mod signature;
pub mod text;
