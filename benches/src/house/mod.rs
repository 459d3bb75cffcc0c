//! A house of real processes: started, traded with, and looked at.

pub mod latency;
pub mod members;
pub mod process;
pub mod traders;
