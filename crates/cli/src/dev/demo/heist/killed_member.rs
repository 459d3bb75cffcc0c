//! A member is killed while a round that has its acknowledgements is under way.

use core::time::Duration;
use std::collections::BTreeSet;
use std::time::SystemTime;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sealbid_protocol::vote::proposer;
use sealbid_types::door::Phase;
use sealbid_types::id::{MemberIndex, Round, View};
use sealbid_types::record::RoundRecord;
use sealbid_types::time::Timestamp;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::Scene;
use crate::commands::operate::node::phase_name;
use crate::exit::Failure;

/// How long before the cut of the round a member is killed: it has acknowledged, and has not reported.
/// On a machine that is busy it may be later than that.
const BEFORE_THE_CUT: Duration = Duration::from_millis(1200);
/// How long the round may take to be frozen, in slots.
const PATIENCE_SLOTS: u32 = 8;
/// How often that is asked.
const LOOK: Duration = Duration::from_millis(100);

/// A member that was killed.
#[derive(Debug, Serialize)]
pub(super) struct KilledMember {
    pub(super) member: MemberIndex,
    /// The round that was to be closed.
    pub(super) round: Round,
    /// The phase in which it was killed.
    pub(super) phase: Phase,
    /// Whether a round that was not settled then has been settled since.
    pub(super) settled: bool,
    /// Whose reports closed it.
    pub(super) closed_by: BTreeSet<MemberIndex>,
}

impl KilledMember {
    /// Takes note of the record of the round that lists the orders.
    pub(super) fn look_at(&mut self, record: &RoundRecord) {
        self.settled = record.close.round == self.round;
        self.closed_by = record.reports.iter().map(|report| report.member).collect();
    }

    /// What is not as it has to be.
    pub(super) fn problems(&self) -> Vec<String> {
        let Self { member, phase, .. } = self;
        let mut problems = Vec::new();
        if !is_under_way(*phase) {
            problems.push(format!("{member} was killed in phase {phase:?}"));
        }
        if !self.settled {
            let round = self.round;
            problems.push(format!("without {member} round {round} was not settled"));
        }
        problems
    }
}

/// Whether a round in this phase holds orders, and is not settled.
const fn is_under_way(phase: Phase) -> bool {
    !matches!(phase, Phase::CatchingUp | Phase::Intents)
}

/// Kills the member whose turn to propose the next round begins with, between the freeze of this one
/// and its cut.
///
/// # Errors
/// What the house said; timeout.
pub(super) async fn kill_one(scene: &Scene<'_>, round: Round) -> Result<KilledMember, Failure> {
    let committee = scene.client.committee();
    let member = proposer(committee.members(), round.next(), View(0));
    let period = Duration::from_millis(committee.schedule.period_ms.into());
    let deadline = Instant::now() + period * PATIENCE_SLOTS;
    loop {
        let standing = scene.client.standing().await?;
        let is_frozen = standing.round == round && standing.phase != Phase::Intents;
        if is_frozen || standing.round > round {
            break;
        }
        if Instant::now() >= deadline {
            return Err(Failure::timeout(format!("round {round} is not frozen")));
        }
        sleep(LOOK).await;
    }
    let now = Timestamp::from(SystemTime::now());
    let cut = committee.schedule.end_of(committee.schedule.current(now));
    sleep(cut.since(now).saturating_sub(BEFORE_THE_CUT)).await;
    let standing = scene.client.standing().await?;
    let phase = if standing.round == round {
        standing.phase
    } else {
        Phase::Intents
    };
    scene.headline(&format!(
        "3. {member} is killed while round {round} is under way (phase: {})",
        phase_name(phase)
    ));
    scene.fallen.expect(&member.to_string());
    kill(process(scene, member)?, Signal::SIGKILL)
        .map_err(|error| Failure::work(format!("{member} cannot be killed: {error}")))?;
    scene.fallen.has_ended(&member.to_string()).await?;
    Ok(KilledMember {
        member,
        round,
        phase,
        settled: false,
        closed_by: BTreeSet::new(),
    })
}

/// A member's process. It runs: its end would have ended the demo.
fn process(scene: &Scene<'_>, member: MemberIndex) -> Result<Pid, Failure> {
    let path = scene.house.member(member).pid();
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|error| Failure::storage(format!("{}: {error}", path.display())))?;
    let id = text.trim().parse::<i32>().ok().filter(|id| *id > 1);
    let id = id.ok_or_else(|| Failure::work(format!("{} names no process", path.display())))?;
    Ok(Pid::from_raw(id))
}
