//! How long traders wait.

use core::fmt;

use serde::Serialize;

use crate::Fallible;
use crate::statistics::{median, percentile};

/// Times from an order, or from the submission of a sealed one, to the verified receipt.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub median_ms: f64,
    /// Nineteen of twenty took no longer.
    pub p95_ms: f64,
}

impl Latency {
    /// Of times in milliseconds.
    ///
    /// # Errors
    /// If there are none.
    pub fn of(times: &[f64]) -> Fallible<Self> {
        let nothing = "nothing was measured";
        Ok(Self {
            median_ms: median(times).ok_or(nothing)?,
            p95_ms: percentile(times, 95).ok_or(nothing)?,
        })
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "median {:.0} ms, p95 {:.0} ms",
            self.median_ms, self.p95_ms
        )
    }
}
