//! The demo, and whether what it reports is possible.

use std::path::PathBuf;

use serde::Deserialize;

use super::command::CommandLine;
use super::error::StepError;
use super::steps::{DEMO_SECONDS, Step};
use super::{Ended, Summary};

/// The last line of `demo --json`.
#[derive(Debug, Clone, Deserialize)]
struct Report {
    ok: bool,
    members: u32,
    quorum: u32,
    rounds: Vec<Round>,
    submitted: u32,
    settled: u32,
    /// What a heist leaves behind, for whoever wants to check it.
    directory: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
struct Round {
    round: u64,
    intents: u32,
    filled: u32,
    unfilled: u32,
    certificate: String,
    audit: String,
}

pub(super) fn run(step: &Step, _: &mut Summary) -> Result<Ended, StepError> {
    let text = CommandLine::new(step.runs).within(DEMO_SECONDS).read()?;
    let last = text.lines().last().unwrap_or_default();
    println!("{last}");
    let report: Report = serde_json::from_str(last).map_err(|source| StepError::Output {
        command: step.runs.to_owned(),
        source,
    })?;
    report.check().map_err(StepError::Found)?;
    report.clear()?;
    println!("rounds of the demo that check out: {}", report.rounds.len());
    Ok(Ended::Done)
}

impl Report {
    /// Here nobody looks at it any more.
    fn clear(&self) -> Result<(), StepError> {
        let ours = self.directory.as_deref();
        let Some(ours) = ours.filter(|path| path.starts_with(std::env::temp_dir())) else {
            return Ok(());
        };
        std::fs::remove_dir_all(ours).map_err(|source| StepError::Cannot {
            command: format!("remove {}", ours.display()),
            source,
        })
    }

    /// `ok` is what the demo says of itself; the rest is whether that can be.
    fn check(&self) -> Result<(), String> {
        holds(self.ok, "ok is not true")?;
        let has_quorum = self.members >= 3 && 2 * self.quorum > self.members;
        holds(has_quorum, "members and quorum")?;
        holds(!self.rounds.is_empty(), "no rounds")?;
        let mut pairs = self.rounds.iter().zip(self.rounds.iter().skip(1));
        holds(
            pairs.all(|(one, next)| one.round < next.round),
            "rounds out of order",
        )?;
        self.rounds.iter().try_for_each(Round::check)?;
        let sum = |of: fn(&Round) -> u32| self.rounds.iter().map(of).sum::<u32>();
        holds(self.submitted > 0, "nothing was submitted")?;
        holds(self.settled == self.submitted, "not all was settled")?;
        let listed = sum(|round| round.intents);
        holds(listed == self.submitted, "not all was listed")?;
        holds(sum(|round| round.filled) > 0, "nothing was filled")?;
        let unfilled = sum(|round| round.unfilled);
        holds(unfilled > 0, "the unfillable orders were filled")
    }
}

impl Round {
    fn check(&self) -> Result<(), String> {
        let of = |what: &str| format!("round {}: {what}", self.round);
        holds(self.audit == "ok", &of(&format!("audit {}", self.audit)))?;
        holds(!self.certificate.is_empty(), &of("no certificate"))?;
        let counted = self.filled + self.unfilled <= self.intents;
        holds(counted, &of("counts"))
    }
}

fn holds(condition: bool, otherwise: &str) -> Result<(), String> {
    condition.then_some(()).ok_or_else(|| otherwise.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"{"members":4,"quorum":3,"seed":1,"rounds":[
        {"round":1,"intents":30,"quotes":8,"filled":25,"unfilled":5,"certificate":"ab","audit":"ok"},
        {"round":2,"intents":30,"quotes":8,"filled":25,"unfilled":5,"certificate":"cd","audit":"ok"}],
        "submitted":60,"settled":60,"problems":[],"ok":true}"#;

    /// The sample with one thing changed, and what is said of it.
    fn said(change: impl FnOnce(&mut Report)) -> Result<(), String> {
        let mut report: Report = serde_json::from_str(SAMPLE).unwrap();
        change(&mut report);
        report.check()
    }

    #[test]
    fn what_cannot_be_is_refused() {
        said(|_| ()).unwrap();
        let refused = |change: fn(&mut Report)| said(change).unwrap_err();
        assert_eq!(refused(|r| r.ok = false), "ok is not true");
        assert_eq!(refused(|r| r.quorum = 2), "members and quorum");
        assert_eq!(refused(|r| r.rounds.clear()), "no rounds");
        assert_eq!(refused(|r| r.rounds.reverse()), "rounds out of order");
        assert_eq!(refused(|r| r.submitted = 0), "nothing was submitted");
        assert_eq!(refused(|r| r.settled = 59), "not all was settled");
        assert_eq!(refused(|r| r.rounds[1].intents = 31), "not all was listed");
        assert_eq!(
            refused(|r| r.rounds[1].audit = "bad".into()),
            "round 2: audit bad"
        );
        assert_eq!(
            refused(|r| r.rounds[0].certificate.clear()),
            "round 1: no certificate"
        );
        assert_eq!(refused(|r| r.rounds[0].filled = 26), "round 1: counts");
        let nothing = |r: &mut Report| r.rounds.iter_mut().for_each(|round| round.filled = 0);
        assert_eq!(refused(nothing), "nothing was filled");
        let all = |r: &mut Report| r.rounds.iter_mut().for_each(|round| round.unfilled = 0);
        assert_eq!(refused(all), "the unfillable orders were filled");
    }
}
