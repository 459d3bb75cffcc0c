//! The attackers.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use sealbid_benches::Fallible;
use sealbid_client::CommitteeFile;
use sealbid_net::door::{DoorAddress, DoorClient, DoorError};
use sealbid_types::codec::decode;
use sealbid_types::door::Response;
use sealbid_types::id::MemberIndex;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::envelopes::{Envelopes, Kind};

/// How often each attacker sends what has become due.
const TICK: Duration = Duration::from_millis(20);
/// How many requests of one attacker may wait for their answers: a member that leaves more waiting
/// holds its attackers up.
const UNANSWERED: usize = 256;
/// How long an attacker waits for an answer.
const ANSWER: Duration = Duration::from_secs(2);

/// What came of what was sent.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    /// How many requests left.
    pub(crate) sent: usize,
    /// By the time from the first to the last.
    pub(crate) sent_per_second: f64,
    /// How many could not be sent, since so many of the attacker's waited for their answers.
    pub(crate) held_up: usize,
    /// By kind, and by the answer: `receipt`, a refusal's code, what the door says of the request, or
    /// `no answer`.
    pub(crate) answers: BTreeMap<Kind, BTreeMap<String, usize>>,
}

/// A flood that is about to begin.
pub(crate) struct Attack(Vec<Attacker>);

/// A flood that goes on.
pub(crate) struct Flood {
    began: Instant,
    stop: Arc<AtomicBool>,
    attackers: JoinSet<Answers>,
}

impl Attack {
    /// So many attackers.
    pub(crate) async fn of(
        committee: &CommitteeFile,
        envelopes: Envelopes,
        count: u32,
        per_second: u32,
    ) -> Fallible<Self> {
        let (next, envelopes) = (Arc::new(AtomicUsize::new(0)), Arc::new(envelopes));
        let mut attackers = Vec::new();
        for _ in 0..count {
            let doors = DoorAddress::all(committee.committee());
            let client = DoorClient::new(None, doors)
                .await?
                .with_timeouts(ANSWER, ANSWER);
            attackers.push(Attacker {
                client: Arc::new(client),
                envelopes: Arc::clone(&envelopes),
                next: Arc::clone(&next),
                per_second: f64::from(per_second) / f64::from(count),
            });
        }
        Ok(Self(attackers))
    }

    /// Begins.
    pub(crate) fn start(self) -> Flood {
        let (began, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
        let floods = self.0.into_iter();
        let floods = floods.map(|attacker| attacker.flood(Arc::clone(&stop)));
        Flood {
            began,
            attackers: floods.collect(),
            stop,
        }
    }
}

impl Flood {
    /// Ends it, and tells what came of it.
    pub(crate) async fn stop(mut self) -> Fallible<Answers> {
        let seconds = self.began.elapsed().as_secs_f64();
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Answers::default();
        while let Some(answers) = self.attackers.join_next().await {
            sum.add(answers?);
        }
        sum.sent_per_second = sum.sent as f64 / seconds;
        Ok(sum)
    }
}

impl Answers {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.held_up += other.held_up;
        for (kind, answers) in other.answers {
            for (code, count) in answers {
                *self
                    .answers
                    .entry(kind)
                    .or_default()
                    .entry(code)
                    .or_default() += count;
            }
        }
    }
}

struct Attacker {
    client: Arc<DoorClient>,
    envelopes: Arc<Envelopes>,
    /// Counts what all of them have sent.
    next: Arc<AtomicUsize>,
    per_second: f64,
}

impl Attacker {
    /// Sends at its pace, whatever becomes of it; each request goes to the next member.
    async fn flood(self, stop: Arc<AtomicBool>) -> Answers {
        let members: Vec<MemberIndex> = self.client.members().collect();
        let room = Arc::new(Semaphore::new(UNANSWERED));
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (began, mut due) = (Instant::now(), 0_usize);
        let (mut sum, mut waiting) = (Answers::default(), JoinSet::new());
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            while (due as f64) < began.elapsed().as_secs_f64() * self.per_second {
                due += 1;
                let Ok(room) = Arc::clone(&room).try_acquire_owned() else {
                    sum.held_up += 1;
                    continue;
                };
                let nth = self.next.fetch_add(1, Ordering::Relaxed);
                let (kind, nth) = (Kind::of(nth), nth / Kind::ALL.len());
                let member = nth
                    .checked_rem(members.len())
                    .and_then(|at| members.get(at));
                let (Some(&member), Some(request)) = (member, self.envelopes.get(kind, nth)) else {
                    continue;
                };
                let client = Arc::clone(&self.client);
                waiting.spawn(async move {
                    let answer = client.request(member, request).await;
                    drop(room);
                    (kind, answer)
                });
            }
            while let Some(Ok((kind, answer))) = waiting.try_join_next() {
                sum.count(kind, &answer);
            }
        }
        while let Some(Ok((kind, answer))) = waiting.join_next().await {
            sum.count(kind, &answer);
        }
        self.client.close().await;
        sum
    }
}

impl Answers {
    fn count(&mut self, kind: Kind, answer: &Result<Bytes, DoorError>) {
        let code = match answer {
            Ok(bytes) => code(bytes),
            Err(DoorError::TimedOut { .. }) => "no answer".to_owned(),
            Err(DoorError::Refused { refusal, .. }) => format!("door: {refusal}"),
            // It did not come so far.
            Err(_) => return,
        };
        self.sent += 1;
        *self
            .answers
            .entry(kind)
            .or_default()
            .entry(code)
            .or_default() += 1;
    }
}

fn code(answer: &[u8]) -> String {
    match decode::<Response>(answer) {
        Ok(Response::Receipt(_)) => "receipt".to_owned(),
        Ok(Response::Refused(refusal)) => refusal.code.to_string(),
        _ => "something else".to_owned(),
    }
}
