//! A development house at work: its processes, and a client of its front doors.

use core::time::Duration;
use std::sync::Arc;

use sealbid_client::Client;
use sealbid_types::door::{Head, Phase};
use sealbid_types::id::MemberIndex;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::dev::house_process::ProcessSpec;
use crate::dev::house_setup::DevelopmentHouse;
use crate::dev::keeper::{Change, Keeping, Notice, Why, keep};
use crate::exit::Failure;

/// How long each member of a house adds to the time that it may take to get ready.
const TIMEOUT_PER_MEMBER: Duration = Duration::from_secs(10);
/// How long a house may take to get ready beside that.
const TIMEOUT: Duration = Duration::from_secs(50);
/// How often the members are asked whether they are ready.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// How far a house has come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Startup {
    /// So many of so many processes run and have joined the network.
    Processes {
        /// How many have.
        ready: usize,
        /// How many there are.
        of: usize,
    },
    /// So many of so many members hear all others.
    Members {
        /// How many do.
        ready: usize,
        /// How many there are.
        of: usize,
    },
}

/// A house whose processes run. They end with this process, however it ends.
pub(crate) struct RunningHouse {
    house: DevelopmentHouse,
    processes: Vec<Process>,
    client: Arc<Client>,
    notices: mpsc::UnboundedReceiver<Notice>,
    keepers: JoinSet<()>,
    stop: CancellationToken,
}

/// What is known of a process.
struct Process {
    name: String,
    /// The member whose process it is, if it is one's.
    member: Option<MemberIndex>,
    by_hand: String,
    state: State,
    /// Whether it has ended, or could not be started, since this house was.
    has_failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It starts, for the first time or again.
    Starting,
    /// It has said that it is ready, and has not ended.
    Ready,
    /// It is not started again.
    Left,
}

/// What happens to the processes of a house.
#[derive(Debug)]
pub(crate) enum Event {
    /// One is ready.
    Ready {
        /// For people: `member-1`.
        name: String,
    },
    /// One has ended or could not be started.
    Ended(Ended),
}

/// A process of the house that has ended or could not be started.
#[derive(Debug)]
pub(crate) struct Ended {
    /// For people: `member-1`.
    pub(crate) name: String,
    /// What failed.
    pub(crate) failure: Failure,
    /// When it is started again, or why it is not.
    pub(crate) next: Result<Duration, Why>,
    /// The command that starts it by hand.
    pub(crate) by_hand: String,
}

impl RunningHouse {
    /// Starts all processes. None of them is ready yet.
    pub(crate) fn start(house: DevelopmentHouse, client: Client, keeping: Keeping) -> Self {
        let members = MemberIndex::all(house.committee().members()).map(Some);
        let specs: Vec<ProcessSpec> = house
            .member_processes()
            .into_iter()
            .chain(house.guest_processes())
            .collect();
        let of_members = members.chain(core::iter::repeat(None));
        let processes = specs.iter().zip(of_members).map(|(spec, member)| Process {
            name: spec.name.clone(),
            member,
            by_hand: spec.by_hand(),
            state: State::Starting,
            has_failed: false,
        });
        let processes = processes.collect();
        let (tell, notices) = mpsc::unbounded_channel();
        let (stop, mut keepers) = (CancellationToken::new(), JoinSet::new());
        for (at, spec) in specs.into_iter().enumerate() {
            keepers.spawn(keep(at, spec, keeping, tell.clone(), stop.clone()));
        }
        Self {
            house,
            processes,
            client: Arc::new(client),
            notices,
            keepers,
            stop,
        }
    }

    /// Waits until every member that runs hears all others that do, and a quorum does. A process
    /// that ends meanwhile is told of; the house comes up without it if `ended` lets it.
    ///
    /// # Errors
    /// What `ended` returns; a member's own, if those that are left are no quorum; timeout.
    pub(crate) async fn comes_up(
        &mut self,
        mut progress: impl FnMut(Startup) + Send,
        mut ended: impl FnMut(Ended) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
        let limit = TIMEOUT + TIMEOUT_PER_MEMBER * u32::from(self.house.committee().members());
        let deadline = Instant::now() + limit;
        let mut all_up = false;
        loop {
            if !all_up {
                let (ready, of) = self.came_up();
                progress(Startup::Processes { ready, of });
                all_up = !self.is_starting();
            }
            // First that they run, then that they hear each other: a client of members that are
            // still starting would learn nothing.
            if all_up && self.members_hear_each_other(&mut progress).await {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let message = format!("the house is not ready after {} s", limit.as_secs());
                let root = self.house.directory().root().display().to_string();
                return Err(
                    Failure::timeout(message).advise(format!("the logs are in {root}/*/log"))
                );
            }
            let next = timeout(POLL_INTERVAL, self.next_event());
            if let Ok(Some(Event::Ended(end))) = next.await {
                let failure = end.failure.clone();
                ended(end)?;
                if self.has_lost_quorum() {
                    return Err(failure);
                }
            }
        }
    }

    /// How many processes are ready, of those that may become so.
    fn came_up(&self) -> (usize, usize) {
        let count = |state| self.processes.iter().filter(|p| p.state == state).count();
        let ready = count(State::Ready);
        (ready, ready.saturating_add(count(State::Starting)))
    }

    /// Whether a process is under way that has not failed yet.
    fn is_starting(&self) -> bool {
        let is_new = |process: &Process| process.state == State::Starting && !process.has_failed;
        self.processes.iter().any(is_new)
    }

    /// Whether a quorum runs, and every member that does hears all others that do.
    async fn members_hear_each_other(&self, progress: &mut impl FnMut(Startup)) -> bool {
        let of = self.members_ready();
        if of < self.house.committee().quorum() {
            return false;
        }
        let heads = self.client.heads().await;
        // A quorum could trade, but a house for development begins with all it has.
        let is_ready = |head: &Head| head.phase != Phase::CatchingUp && head.alive.len() >= of;
        let ready = heads.values().flatten().filter(|head| is_ready(head));
        let ready = ready.count().min(of);
        progress(Startup::Members { ready, of });
        ready == of
    }

    /// Waits until something happens to a process; none if all of them are left as they are.
    pub(crate) async fn next_event(&mut self) -> Option<Event> {
        loop {
            let Notice { at, change } = self.notices.recv().await?;
            // There is one: keepers are numbered as these are.
            if let Some(process) = self.processes.get_mut(at) {
                return Some(process.take(change));
            }
        }
    }

    /// The house.
    pub(crate) const fn house(&self) -> &DevelopmentHouse {
        &self.house
    }

    /// A client of its front doors.
    pub(crate) const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// How many members run: here, or because somebody has started by hand what is left as it is.
    pub(crate) async fn members_running(&self) -> usize {
        let here = self.members_ready();
        let left = self.members_that(|state| state == State::Left);
        // Asked only where the answer matters: members that are down take their time not to answer.
        if here >= self.house.committee().quorum() || left == 0 {
            return here;
        }
        let heads = self.client.heads().await;
        let by_hand = self.processes.iter().filter(|process| {
            let answers = |member| heads.get(&member).is_some_and(Result::is_ok);
            process.state == State::Left && process.member.is_some_and(answers)
        });
        here.saturating_add(by_hand.count())
    }

    /// Whether so many members are left as they are that no quorum can come about.
    pub(crate) fn has_lost_quorum(&self) -> bool {
        self.members_that(|state| state != State::Left) < self.house.committee().quorum()
    }

    /// Whether nothing runs, and nothing will.
    pub(crate) fn is_over(&self) -> bool {
        self.processes
            .iter()
            .all(|process| process.state == State::Left)
    }

    fn members_ready(&self) -> usize {
        self.members_that(|state| state == State::Ready)
    }

    fn members_that(&self, are: impl Fn(State) -> bool) -> usize {
        let members = self.processes.iter().filter(|p| p.member.is_some());
        members.filter(|process| are(process.state)).count()
    }

    /// Stops all processes.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        // Side by side: each keeper stops its own.
        while self.keepers.join_next().await.is_some() {}
        self.client.close().await;
    }
}

impl Process {
    /// Takes note of what has become of it.
    fn take(&mut self, change: Change) -> Event {
        let (failure, next) = match change {
            Change::Ready => {
                self.state = State::Ready;
                return Event::Ready {
                    name: self.name.clone(),
                };
            }
            Change::Again { failure, pause } => (failure, Ok(pause)),
            Change::Left { failure, why } => (failure, Err(why)),
        };
        self.has_failed = true;
        self.state = match next {
            Ok(_) => State::Starting,
            Err(_) => State::Left,
        };
        Event::Ended(Ended {
            name: self.name.clone(),
            failure,
            next,
            by_hand: self.by_hand.clone(),
        })
    }
}
