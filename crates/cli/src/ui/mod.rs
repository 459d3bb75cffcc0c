//! How the command speaks: to a terminal, and as JSON.

pub(crate) mod charge;
pub(crate) mod describe;
pub(crate) mod output;
pub(crate) mod text;
