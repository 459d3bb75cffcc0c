//! What was measured, for people and for programs.

use core::fmt;

use sealbid_benches::statistics::{median, percentile};
use sealbid_benches::{Outcome, table};
use sealbid_types::id::Round;
use serde::Serialize;

use super::members::Memory;

/// Times from an order, or from the submission of a sealed one, to the verified receipt.
#[derive(Debug, Serialize)]
pub(crate) struct Latency {
    median_ms: f64,
    p95_ms: f64,
}

impl Latency {
    /// Of times in milliseconds.
    pub(crate) fn of(times: &[f64]) -> Outcome<Self> {
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

/// A round that listed intents of a batch.
#[derive(Debug, Serialize)]
pub(crate) struct SettledRound {
    pub(crate) round: Round,
    pub(crate) intents: u32,
    pub(crate) filled: u32,
    /// The median of the members that settled it themselves; none if none did.
    pub(crate) close_to_settlement_ms: Option<f64>,
}

/// What became of a batch.
#[derive(Debug, Serialize)]
pub(crate) struct Batch {
    pub(crate) intents: u32,
    pub(crate) submissions_per_second: f64,
    pub(crate) receipts: Latency,
    pub(crate) rounds: Vec<SettledRound>,
    pub(crate) memory: Vec<Memory>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) members: u8,
    pub(crate) clients: u8,
    pub(crate) in_flight: u8,
    /// Signing, sealing and submitting in a process that is connected.
    pub(crate) sequential: Latency,
    /// The same by the command, its start included.
    pub(crate) command: Latency,
    pub(crate) batches: Vec<Batch>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            members,
            clients,
            in_flight,
            ..
        } = self;
        writeln!(
            f,
            "{members} members, {clients} clients of {in_flight} submissions at once\n"
        )?;
        writeln!(f, "swap to receipt (mark: under 300 ms)")?;
        writeln!(f, "  connected client    {}", self.sequential)?;
        writeln!(f, "  `sealbid swap`      {}", self.command)?;
        self.batches
            .iter()
            .try_for_each(|batch| write!(f, "\n{batch}"))
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} intents", self.intents)?;
        writeln!(
            f,
            "  submissions         {:.0} a second",
            self.submissions_per_second
        )?;
        writeln!(f, "  submit to receipt   {}", self.receipts)?;
        let mut rounds = table(&["  round", "intents", "filled", "close to settlement"]);
        for round in &self.rounds {
            let took = round.close_to_settlement_ms;
            let took = took.map_or_else(|| "not seen".to_owned(), |ms| format!("{ms:.0} ms"));
            rounds.add_row([
                format!("  {}", round.round),
                round.intents.to_string(),
                round.filled.to_string(),
                took,
            ]);
        }
        writeln!(f, "{rounds}")?;
        let mut memory = table(&["  member", "resident MiB", "peak MiB"]);
        for member in &self.memory {
            memory.add_row([
                format!("  {}", member.member),
                format!("{:.0}", member.resident_mib),
                format!("{:.0}", member.peak_mib),
            ]);
        }
        writeln!(f, "{memory}")
    }
}
