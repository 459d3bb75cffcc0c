//! The task that has the pool: it starts a node, joins the group, serves it, and starts over when
//! the node or the group is of no use any more.
//!
//! Whatever happens here, nothing outside waits for it: without a pool, envelopes go from member to
//! member directly.

use core::time::Duration;
use std::sync::Arc;

use mosaik::Consistency;
use mosaik::groups::{CommandError, ConsensusConfig, Group, GroupKey, QueryError};
use mosaik::primitives::UniqueId;
use sealbid_protocol::pool::{PoolLimits, PoolQuery};
use sealbid_types::id::MemberIndex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::super::config::Checked;
use super::super::counters::Counters;
use super::super::members::Members;
use super::admission::Admission;
use super::machine::{PoolDelivery, PoolMachine};
use super::node::Node;
use super::{Ask, NotNow, PoolPeers, QUERY, SUBMIT};
use crate::PeerId;

/// How often the leader is looked up.
const LOOK: Duration = Duration::from_millis(100);
/// How often the node and the group are asked whether they live.
const CHECK: Duration = Duration::from_secs(2);
/// Before the pool is joined anew: at first, and at most, doubled in between.
const FIRST_REST: Duration = Duration::from_millis(500);
const LONGEST_REST: Duration = Duration::from_secs(60);
/// A node that has lived for so long has not failed at once.
const SETTLED: Duration = Duration::from_secs(120);
/// Between two nudges while a member is heard and not bonded: at first, and at most.
const FIRST_NUDGE: Duration = Duration::from_secs(1);
const LONGEST_NUDGE: Duration = Duration::from_secs(60);
/// How long a node may be bonded with fewer than half of the members that it hears.
const ALONE: Duration = Duration::from_secs(60);
/// Cards that change often are looked at so often.
const CARDS: Duration = Duration::from_millis(50);

/// What the keeper works with.
pub(super) struct Keeper {
    pub(super) config: Arc<Checked>,
    pub(super) members: Members,
    pub(super) key: Zeroizing<[u8; 32]>,
    pub(super) peers: PoolPeers,
    pub(super) deliveries: mpsc::Sender<PoolDelivery>,
    pub(super) asks: mpsc::Receiver<Ask>,
    pub(super) leader: watch::Sender<Option<MemberIndex>>,
    pub(super) counters: Arc<Counters>,
    pub(super) leaving: CancellationToken,
}

/// Why a node is no longer served.
enum Ended {
    /// The mesh is being left.
    Left,
    /// It is of no use, for this reason.
    Useless(&'static str),
}

/// What has been seen of the bonds.
struct Bonding {
    /// Since when there have been too few.
    alone_since: Option<Instant>,
    nudge_at: Instant,
    pause: Duration,
}

impl Keeper {
    pub(super) async fn run(mut self) {
        let leaving = self.leaving.clone();
        let mut rest = FIRST_REST;
        loop {
            let config = Arc::clone(&self.config);
            let key = self.key.clone();
            let started = tokio::select! {
                started = Node::start(&config, &key) => started,
                () = self.refuse() => return,
                () = leaving.cancelled() => return,
            };
            let began = Instant::now();
            match started {
                Ok(node) => match self.serve(node).await {
                    Ended::Left => return,
                    Ended::Useless(why) => tracing::warn!("the pool is joined anew: {why}"),
                },
                Err(error) => tracing::warn!("the pool cannot be joined: {error}"),
            }
            Counters::add(&self.counters.pool_rejoined);
            rest = if began.elapsed() < SETTLED {
                (rest * 2).min(LONGEST_REST)
            } else {
                FIRST_REST
            };
            tokio::select! {
                () = leaving.cancelled() => return,
                () = self.refuse() => return,
                () = sleep(rest) => {}
            }
        }
    }

    /// Answers what is asked of a pool that there is not; ends with the last who can ask.
    async fn refuse(&mut self) {
        while let Some(ask) = self.asks.recv().await {
            ask.refuse();
        }
    }

    /// Serves a node until it is of no use, and ends it.
    async fn serve(&mut self, mut node: Node) -> Ended {
        let heard = self.members.clone();
        let admission = Admission::new(self.signature(), move |member| heard.is_heard(member));
        // The group's handle must be gone before the node is closed: dropping it tells the others.
        let group = self.join(&node, &admission);
        let bonds = group.bonds();
        admission.watch_bonds(move |peer| bonds.contains_peer(peer));
        let ended = self.serve_group(&mut node, &group, &admission).await;
        self.peers.show(None);
        self.leader.send_replace(None);
        drop(group);
        node.close().await;
        ended
    }

    fn join(&self, node: &Node, admission: &Admission) -> Group<PoolMachine> {
        let machine = PoolMachine::new(
            PoolLimits::default(),
            self.config.clearing.clone(),
            self.deliveries.clone(),
            Arc::clone(&self.counters),
        );
        let key = GroupKey::from(UniqueId::from_bytes(*self.key));
        let groups = node.network.groups();
        let builder = groups.with_key(key).with_state_machine(machine);
        builder
            .with_consensus_config(consensus())
            .require_ticket(admission.clone())
            .join()
    }

    /// The roster, as part of the group's id: members whose rosters differ must not share one.
    fn signature(&self) -> UniqueId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.config.network);
        for entry in &self.config.roster {
            hasher
                .update(&[entry.index.0])
                .update(entry.peer.as_bytes())
                .update(&entry.identity);
        }
        UniqueId::from_bytes(*hasher.finalize().as_bytes())
    }

    async fn serve_group(
        &mut self,
        node: &mut Node,
        group: &Group<PoolMachine>,
        admission: &Admission,
    ) -> Ended {
        let (dead_tx, mut dead) = mpsc::channel(1);
        let (mut look, mut check) = (interval(LOOK), interval(CHECK));
        // After a pause of the process, one look is as good as all that were missed.
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Both begin as if they had just changed: what was there before this node is shown, and
        // introduced to it.
        let mut catalog = node.network.discovery().catalog_watch();
        catalog.mark_changed();
        let mut cards = self.peers.cards();
        cards.mark_changed();
        let mut bonding = Bonding::begin();
        loop {
            tokio::select! {
                () = self.leaving.cancelled() => return Ended::Left,
                _ = dead.recv() => return Ended::Useless("its group has ended"),
                ask = self.asks.recv() => match ask {
                    Some(ask) => answer(group, ask, dead_tx.clone()),
                    None => return Ended::Left,
                },
                changed = catalog.changed() => {
                    if changed.is_err() {
                        return Ended::Useless("its network has ended");
                    }
                    catalog.mark_unchanged();
                    self.peers.show(node.card());
                }
                // The sender is this task's own: it lives.
                _ = cards.changed() => {
                    let cards = cards.borrow_and_update().clone();
                    for (member, card) in cards {
                        node.introduce(&self.config, admission, member, &card);
                    }
                    // Asks wait for so long as well. A member that changes its card all the time
                    // costs no more than that.
                    sleep(CARDS).await;
                }
                _ = look.tick() => self.look(group, admission),
                _ = check.tick() => {
                    if let Some(why) = bonding.check(node, group, admission) {
                        return Ended::Useless(why);
                    }
                    // Nobody waits for the answer. A group that has ended shows by it.
                    let (answer_tx, _) = oneshot::channel();
                    answer(group, Ask::Query(PoolQuery::CurrentRound, answer_tx), dead_tx.clone());
                }
            }
        }
    }

    fn look(&self, group: &Group<PoolMachine>, admission: &Admission) {
        let leader = group.leader().map(PeerId::from);
        let own = group.is_leader().then(|| self.config.member()).flatten();
        let leader = own.or_else(|| leader.and_then(|key| admission.member_of(key)));
        self.leader
            .send_if_modified(|known| core::mem::replace(known, leader) != leader);
    }
}

impl Bonding {
    fn begin() -> Self {
        Self {
            alone_since: None,
            nudge_at: Instant::now() + FIRST_NUDGE,
            pause: FIRST_NUDGE,
        }
    }

    /// Nudges mosaik towards members that are heard and not bonded. Says why the node is of no
    /// use, if it is not.
    fn check(
        &mut self,
        node: &mut Node,
        group: &Group<PoolMachine>,
        admission: &Admission,
    ) -> Option<&'static str> {
        if admission.is_worn() {
            return Some("a member has come and gone very often");
        }
        if let Some(why) = node.ailment() {
            return Some(why);
        }
        let (present, bonds) = (admission.present(), group.bonds());
        let is_bonded = |(_, key): &(MemberIndex, PeerId)| {
            let key = key.endpoint_id();
            key.is_some_and(|key| bonds.contains_peer(&key))
        };
        let bonded = present.iter().filter(|each| is_bonded(each)).count();
        if bonded == present.len() {
            *self = Self::begin();
            return None;
        }
        let now = Instant::now();
        if now >= self.nudge_at {
            node.nudge();
            self.nudge_at = now + self.pause;
            self.pause = (self.pause * 2).min(LONGEST_NUDGE);
        }
        if 2 * bonded >= present.len() {
            self.alone_since = None;
            return None;
        }
        let since = *self.alone_since.get_or_insert(now);
        (since.elapsed() >= ALONE).then_some("it finds too few of the members that are heard")
    }
}

/// Passes a question to the group; its answer comes in a task of its own, within its time.
fn answer(group: &Group<PoolMachine>, ask: Ask, dead: mpsc::Sender<()>) {
    match ask {
        Ask::Execute(commands, done) => {
            // The commands go out here, in the order of the questions.
            let executed = group.execute_many(commands);
            tokio::spawn(async move {
                let result = timeout(SUBMIT, executed).await;
                if let Ok(Err(CommandError::GroupTerminated)) = result {
                    report(&dead);
                }
                let done_or_not = result.ok().and_then(Result::ok).map(drop).ok_or(NotNow);
                // Nobody waits for it any more.
                let _ = done.send(done_or_not);
            });
        }
        Ask::Query(query, done) => {
            let queried = group.query(query, Consistency::Weak);
            tokio::spawn(async move {
                let result = timeout(QUERY, queried).await;
                if let Ok(Err(QueryError::GroupTerminated)) = result {
                    report(&dead);
                }
                let found = result.ok().and_then(Result::ok).map(|at| at.into());
                // Nobody waits for it any more.
                let _ = done.send(found.ok_or(NotNow));
            });
        }
    }
}

fn report(dead: &mpsc::Sender<()>) {
    // If it is full, it has been reported.
    let _ = dead.try_send(());
}

/// A short delay before the first election: members start together, and one that starts later
/// finds a leader.
fn consensus() -> ConsensusConfig {
    ConsensusConfig {
        election_timeout_jitter: Duration::from_secs(1),
        bootstrap_delay: Duration::from_secs(1),
        ..ConsensusConfig::default()
    }
}
