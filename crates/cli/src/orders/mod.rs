//! One's own orders: the options that describe them, the files that keep them, the session that
//! sends them.

pub(crate) mod args;
pub(crate) mod files;
pub(crate) mod in_hand;
pub(crate) mod keyed;
mod not_sent;
mod price_check;
pub(crate) mod session;
mod waiting;
