//! About the command itself: its settings, its documentation, and whom it trusts.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod man;
pub(crate) mod tokens;
pub(crate) mod trust;
