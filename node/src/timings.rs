//! How long the stages of a round took at this member: one line a round in `timings.jsonl`.
//!
//! They are the member's own measurements, no part of a round's record: nobody can check them.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sealbid_protocol::member::Stage;
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
    /// What the stages took of this member's cores.
    #[serde(default)]
    pub work: RoundWork,
}

/// The processor time, in microseconds and over all cores, of admission, and of the engine's steps
/// from each stage to the next. Clients' requests, and what the network and the disk take, are not
/// in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RoundWork {
    /// How many envelopes were checked since the round before settled.
    #[serde(default)]
    pub admitted: u32,
    /// Checking those envelopes, preparing their openings' check, and making this member's shares.
    #[serde(default)]
    pub admission_us: u64,
    /// From this member's report: votes, the certificate, and the release of its shares.
    pub certified_us: u64,
    /// Combining the shares of terms and quotes, checking and decrypting them, the clearing and
    /// this member's signature share of it.
    pub terms_opened_us: u64,
    /// The allocation's certificate, and the release of the authorisations' shares.
    pub cleared_us: u64,
    /// Opening the authorisations, checking the wallet signatures in them, the settlement and
    /// this member's signature share of it.
    pub authorised_us: u64,
    /// The settlement's signature, and the record.
    pub settled_us: u64,
}

impl RoundWork {
    /// The arithmetic after the close: openings, clearing and checks. What goes before, the vote,
    /// and what goes after, the record, is not in it.
    #[must_use]
    pub const fn arithmetic(&self) -> Duration {
        let between = self.terms_opened_us.saturating_add(self.cleared_us);
        Duration::from_micros(between.saturating_add(self.authorised_us))
    }
}

impl RoundTimings {
    /// Reads a member's file; lines that do not parse (a torn last one) are left out.
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
    /// What it took to reach them.
    work: BTreeMap<Round, RoundWork>,
    /// What admission took since a round settled.
    admission: (u32, Duration),
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
            work: BTreeMap::new(),
            admission: (0, Duration::ZERO),
            lines,
            in_file,
        };
        // A crash has torn the last line: what is appended to it would be lost with it.
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

    /// Notes what processor time the step took that reached a stage; the first time counts.
    pub(crate) fn spent(&self, round: Round, stage: Stage, time: Duration) {
        let mut state = self.state();
        let work = state.work.entry(round).or_default();
        let place = match stage {
            Stage::Certified => &mut work.certified_us,
            Stage::TermsOpened => &mut work.terms_opened_us,
            Stage::Cleared => &mut work.cleared_us,
            Stage::Authorised => &mut work.authorised_us,
            Stage::Settled => &mut work.settled_us,
        };
        if *place == 0 {
            *place = micros(time);
        }
        while state.work.len() > KEPT {
            state.work.pop_first();
        }
    }

    /// Notes what processor time it took to check so many envelopes and to share their parts.
    pub(crate) fn admitted(&self, envelopes: usize, time: Duration) {
        let (count, spent) = &mut self.state().admission;
        *count = count.saturating_add(u32::try_from(envelopes).unwrap_or(u32::MAX));
        *spent = spent.saturating_add(time);
    }

    /// Writes the line of a round that has settled.
    ///
    /// # Errors
    /// Those of writing the file.
    pub(crate) fn settled(&self, summary: &RoundSummary) -> io::Result<()> {
        let mut state = self.state();
        let reached = state.reached.remove(&summary.round).unwrap_or_default();
        let mut work = state.work.remove(&summary.round).unwrap_or_default();
        let (admitted, admission) = core::mem::take(&mut state.admission);
        work.admitted = admitted;
        work.admission_us = micros(admission);
        let timings = timings_of(summary, &reached, work);
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
        // Rewritten once in many rounds, so that most of them cost one line.
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
    /// Nothing is synced: they are measurements, and nothing rests on them.
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

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
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

fn timings_of(
    summary: &RoundSummary,
    reached: &BTreeMap<&'static str, Timestamp>,
    work: RoundWork,
) -> RoundTimings {
    let after = |stage| {
        let reached = reached.get(name(stage))?;
        // Zero if this member's clock was behind and it took part before the closing time, as its
        // clock had it.
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
        work,
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
        timings.spent(Round(1), Stage::TermsOpened, Duration::from_micros(700));
        timings.spent(Round(1), Stage::TermsOpened, Duration::from_micros(9_000));
        timings.spent(Round(1), Stage::Authorised, Duration::from_micros(300));
        timings.spent(Round(1), Stage::Settled, Duration::from_micros(50));
        timings.admitted(3, Duration::from_micros(600));
        timings.admitted(2, Duration::from_micros(400));
        timings.settled(&summary(1)).unwrap();
        let read = RoundTimings::read(&path).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].certified_ms, Some(40));
        assert_eq!(read[0].terms_opened_ms, None);
        assert_eq!(read[0].settled_ms, Some(250));
        assert_eq!(read[0].work.settled_us, 50);
        assert_eq!(read[0].work.arithmetic(), Duration::from_millis(1));
        assert_eq!(
            (read[0].work.admitted, read[0].work.admission_us),
            (5, 1_000)
        );
        timings.settled(&summary(2)).unwrap();
        let read = RoundTimings::read(&path).unwrap();
        assert_eq!(read[1].work.admitted, 0, "an envelope counts once");
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
