//! What was measured, for people and for programs.
//!
//! Marks stand beside the numbers. Nothing fails by them: how busy this machine is otherwise, the
//! benchmark cannot know.

use core::fmt;

use sealbid_benches::house::latency::Latency;
use sealbid_benches::house::members::{Measured, Memory};
use sealbid_benches::table;
use sealbid_types::id::Round;
use serde::Serialize;

/// The mark: how many times the arithmetic's own time a round may take from its close to its
/// settlement.
const MOST_RATIO: f64 = 2.0;

/// A round that listed intents of a batch.
#[derive(Debug, Serialize)]
pub(crate) struct SettledRound {
    pub(crate) round: Round,
    pub(crate) intents: u32,
    pub(crate) filled: u32,
    /// None if no member settled it itself.
    pub(crate) measured: Option<Measured>,
}

/// What became of a batch.
#[derive(Debug, Serialize)]
pub(crate) struct Batch {
    pub(crate) intents: u32,
    /// Of all clients together, from the first submission to the last receipt.
    pub(crate) submissions_per_second: f64,
    /// Of each submission, with the others under way.
    pub(crate) receipts: Latency,
    /// Those that listed any of it, in order.
    pub(crate) rounds: Vec<SettledRound>,
    /// When all of it has settled. The peak is since the process began.
    pub(crate) memory: Vec<Memory>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) members: u8,
    pub(crate) clients: u8,
    /// Of each client.
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
        // The mark is printed and not applied: it is for a machine with nothing else to do.
        writeln!(f, "swap to receipt (mark: under 300 ms)")?;
        writeln!(f, "  connected client    {}", self.sequential)?;
        writeln!(f, "  `sealbid swap`      {}", self.command)?;
        self.batches
            .iter()
            // In the order in which they were sent.
            .try_for_each(|batch| write!(f, "\n{batch}"))
    }
}

impl SettledRound {
    /// A dash where no member has measured anything.
    fn row(&self) -> Vec<String> {
        let ms = |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0}"));
        let measured = self.measured.as_ref();
        let stages = measured.map_or([None; 4], |measured| measured.stages_ms);
        // Stages in the order in which they come, then what they are held against.
        let times = stages.into_iter().chain([
            measured.map(|measured| measured.close_to_settlement_ms),
            measured.map(|measured| measured.arithmetic_ms),
        ]);
        let ratio = measured.map(|measured| format!("{:.1}", measured.times_the_arithmetic));
        let counts = [self.intents, self.filled].map(|count| count.to_string());
        [format!("  {}", self.round)]
            .into_iter()
            .chain(counts)
            .chain(times.map(ms))
            .chain([ratio.unwrap_or_else(|| "-".to_owned())])
            .collect()
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
        let mut rounds = table(&[
            "  round",
            "intents",
            "filled",
            "certified",
            "opened",
            "cleared",
            "authorised",
            "settled",
            "arithmetic",
            "ratio",
        ]);
        for round in &self.rounds {
            rounds.add_row(round.row());
        }
        writeln!(f, "{rounds}")?;
        writeln!(
            f,
            "  (ms after the close; settled at most {MOST_RATIO} times the arithmetic)\n"
        )?;
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
