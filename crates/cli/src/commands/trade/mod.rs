//! Orders and quotes: made, sealed, sent, and looked after.

pub(crate) mod inspect;
pub(crate) mod intent;
pub(crate) mod orders;
pub(crate) mod quote;
pub(crate) mod seal;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod swap;
