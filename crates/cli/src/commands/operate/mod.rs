//! What runs on: a member, a solver, a relayer, each a process of its operator's.

pub(crate) mod clocks;
pub(crate) mod doctor;
pub(crate) mod evidence;
pub(crate) mod guest;
pub(crate) mod ledger;
pub(crate) mod member_setup;
mod new_file;
pub(crate) mod node;
pub(crate) mod relayer;
pub(crate) mod solver;
mod store;
mod store_export;
