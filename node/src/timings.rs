//! How long the stages of a round took at this member: one line a round in `timings.jsonl`.
//!
//! They are the member's own measurements, no part of a round's record: nobody can check them.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sealbid_auction::member::Stage;
use sealbid_types::door::RoundSummary;
use sealbid_types::id::Round;
use sealbid_types::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How many rounds the file keeps at least.
pub const KEPT: usize = 256;
/// How many lines it may have before it is cut.
const MOST_LINES: usize = 4 * KEPT;

/// The times of one round at one member, in milliseconds after the closing time: the end of the
/// slot that the round closed at. A stage that this member did not take part in has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundTimings {
    /// The round.
    pub round: Round,
    /// Its closing time.
    pub closed_at: Timestamp,
    /// How many intents it lists.
    pub intents: u32,
    /// How many quotes it lists.
    pub quotes: u32,
    /// The close certificate.
    pub certified_ms: Option<u64>,
    /// Terms and quotes are open.
    pub terms_opened_ms: Option<u64>,
    /// The allocation is signed.
    pub cleared_ms: Option<u64>,
    /// The authorisations of the fills are open.
    pub authorised_ms: Option<u64>,
    /// The settlement is signed and stored.
    pub settled_ms: Option<u64>,
}

impl RoundTimings {
    /// Reads a member's file; lines that are none (a torn last one) are left out.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn read(path: &Path) -> io::Result<Vec<Self>> {
        let text = fs::read_to_string(path)?;
        Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }
}

/// A member's timings.
#[derive(Debug, Clone)]
pub(crate) struct Timings(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    path: PathBuf,
    /// When the stages of rounds in progress were reached.
    reached: BTreeMap<Round, BTreeMap<&'static str, Timestamp>>,
    /// The last lines.
    lines: VecDeque<String>,
    /// How many lines the file has.
    in_file: usize,
}

impl Timings {
    /// Opens the file, which need not exist.
    ///
    /// # Errors
    /// Those of reading it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        let whole = text
            .lines()
            .filter(|line| serde_json::from_str::<RoundTimings>(line).is_ok());
        let mut lines: VecDeque<String> = whole.map(str::to_owned).collect();
        let in_file = text.lines().count();
        lines.drain(..lines.len().saturating_sub(KEPT));
        let mut state = State {
            path: path.to_owned(),
            reached: BTreeMap::new(),
            lines,
            in_file,
        };
        if !text.is_empty() && !text.ends_with('\n') {
            state.rewrite()?;
        }
        Ok(Self(Arc::new(Mutex::new(state))))
    }

    /// Notes that a stage was reached at `now`; the first time counts.
    pub(crate) fn reached(&self, round: Round, stage: Stage, now: Timestamp) {
        let mut state = self.state();
        state
            .reached
            .entry(round)
            .or_default()
            .entry(name(stage))
            .or_insert(now);
        while state.reached.len() > KEPT {
            state.reached.pop_first();
        }
    }

    /// Writes the line of a round that has settled.
    ///
    /// # Errors
    /// Those of writing the file.
    pub(crate) fn settled(&self, summary: &RoundSummary) -> io::Result<()> {
        let mut state = self.state();
        let reached = state.reached.remove(&summary.round).unwrap_or_default();
        let timings = timings_of(summary, &reached);
        let line = serde_json::to_string(&timings).map_err(io::Error::other)?;
        state.append(&line)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, line: &str) -> io::Result<()> {
        self.lines.push_back(line.to_owned());
        if self.lines.len() > KEPT {
            self.lines.pop_front();
        }
        if self.in_file >= MOST_LINES {
            return self.rewrite();
        }
        self.in_file = self.in_file.saturating_add(1);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    /// Writes the last lines anew, beside the file, and moves them there.
    fn rewrite(&mut self) -> io::Result<()> {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        let beside = self.path.with_extension("new");
        fs::write(&beside, text)?;
        fs::rename(&beside, &self.path)?;
        self.in_file = self.lines.len();
        Ok(())
    }
}

const fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Certified => "certified",
        Stage::TermsOpened => "terms opened",
        Stage::Cleared => "cleared",
        Stage::Authorised => "authorised",
        Stage::Settled => "settled",
    }
}

fn timings_of(summary: &RoundSummary, reached: &BTreeMap<&'static str, Timestamp>) -> RoundTimings {
    let after = |stage| {
        let reached = reached.get(name(stage))?;
        u64::try_from(reached.since(summary.closed_at).as_millis()).ok()
    };
    RoundTimings {
        round: summary.round,
        closed_at: summary.closed_at,
        intents: summary.intents,
        quotes: summary.quotes,
        certified_ms: after(Stage::Certified),
        terms_opened_ms: after(Stage::TermsOpened),
        cleared_ms: after(Stage::Cleared),
        authorised_ms: after(Stage::Authorised),
        settled_ms: after(Stage::Settled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(round: u64) -> RoundSummary {
        RoundSummary {
            round: Round(round),
            closed_at: Timestamp(1_000),
            intents: 3,
            quotes: 2,
            filled: 2,
            unfilled: 1,
            void: 0,
        }
    }

    #[test]
    fn stages_count_from_the_closing_time_and_only_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("timings.jsonl");
        let timings = Timings::open(&path).unwrap();
        timings.reached(Round(1), Stage::Certified, Timestamp(1_040));
        timings.reached(Round(1), Stage::Certified, Timestamp(1_900));
        timings.reached(Round(1), Stage::Settled, Timestamp(1_250));
        timings.settled(&summary(1)).unwrap();
        let read = RoundTimings::read(&path).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].certified_ms, Some(40));
        assert_eq!(read[0].terms_opened_ms, None);
        assert_eq!(read[0].settled_ms, Some(250));
    }

    #[test]
    fn the_file_stays_short_and_survives_a_torn_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("timings.jsonl");
        let timings = Timings::open(&path).unwrap();
        let rounds = MOST_LINES as u64 + 10;
        for round in 1..=rounds {
            timings.settled(&summary(round)).unwrap();
        }
        let read = RoundTimings::read(&path).unwrap();
        assert!(read.len() <= MOST_LINES && read.len() >= KEPT);
        assert_eq!(read.last().unwrap().round, Round(rounds));
        let mut torn = fs::read_to_string(&path).unwrap();
        torn.truncate(torn.len() - 20);
        fs::write(&path, torn).unwrap();
        let timings = Timings::open(&path).unwrap();
        timings.settled(&summary(rounds + 1)).unwrap();
        let read = RoundTimings::read(&path).unwrap();
        let last: Vec<u64> = read.iter().rev().take(2).map(|line| line.round.0).collect();
        assert_eq!(
            last,
            [rounds + 1, rounds - 1],
            "the torn line is gone, nothing else"
        );
    }
}
