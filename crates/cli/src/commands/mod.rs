//! The commands, by who uses them.

pub(crate) mod about;
pub(crate) mod keys;
pub(crate) mod near;
pub(crate) mod operate;
pub(crate) mod rounds;
pub(crate) mod trade;
