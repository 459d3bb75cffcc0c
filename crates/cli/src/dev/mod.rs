//! Development houses: a whole committee with solvers and a relayer, all on one machine.

pub(crate) mod demo;
pub(crate) mod free_ports;
pub(crate) mod house_ceremony;
pub(crate) mod house_claim;
pub(crate) mod house_making;
pub(crate) mod house_process;
pub(crate) mod house_setup;
pub(crate) mod keeper;
pub(crate) mod running_house;
pub(crate) mod sample_books;
pub(crate) mod up;
