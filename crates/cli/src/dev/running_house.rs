//! A development house at work: its processes, and a client of its front doors.

use core::time::Duration;
use std::sync::Arc;

use futures::stream::{FuturesUnordered, StreamExt as _};
use sealbid_client::Client;
use sealbid_types::door::{Head, Phase};
use tokio::time::{Instant, sleep, timeout_at};

use crate::dev::house_process::{HouseProcess, ProcessSpec, stop_all};
use crate::dev::house_setup::DevelopmentHouse;
use crate::exit::Failure;

/// How long a house may take to get ready.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often the members are asked whether they are ready.
const LOOK: Duration = Duration::from_millis(200);

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
    processes: Vec<HouseProcess>,
    client: Arc<Client>,
}

impl RunningHouse {
    /// Starts all processes, and waits until every member hears all others.
    ///
    /// # Errors
    /// A process's own, if one ends; timeout.
    pub(crate) async fn start(
        house: DevelopmentHouse,
        client: Client,
        mut progress: impl FnMut(Startup) + Send,
    ) -> Result<Self, Failure> {
        // At each start: those of the last one may have run out.
        house.issue_tickets()?;
        let specs = house
            .member_processes()
            .into_iter()
            .chain(house.guest_processes());
        let mut processes = specs
            .map(|spec: ProcessSpec| HouseProcess::start(spec))
            .collect::<Result<Vec<_>, _>>()?;
        // For all of it together: what the processes take is gone for the members.
        let deadline = Instant::now() + PATIENCE;
        let coming_up = async {
            // First that they run, then that they hear each other: a client of members that are
            // still starting would learn nothing.
            all_ready(&mut processes, &mut progress).await?;
            members_ready(&client, &mut processes, &mut progress).await
        };
        let came_up = timeout_at(deadline, coming_up).await;
        let came_up = came_up.unwrap_or_else(|_| {
            let waited = PATIENCE.as_secs();
            Err(
                Failure::timeout(format!("the house is not ready after {waited} s")).advise(
                    format!(
                        "the logs are in {}/*/log",
                        house.directory().root().display()
                    ),
                ),
            )
        });
        // Stopped before the failure is told: nothing of a house that did not come up runs on.
        if let Err(failure) = came_up {
            stop_all(processes).await;
            return Err(failure);
        }
        Ok(Self {
            house,
            processes,
            client: Arc::new(client),
        })
    }

    /// The house.
    pub(crate) const fn house(&self) -> &DevelopmentHouse {
        &self.house
    }

    /// A client of its front doors.
    pub(crate) const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Waits until one of the processes ends by itself; it is gone then.
    pub(crate) async fn one_ended(&mut self) -> Failure {
        // Nothing is left that could end.
        if self.processes.is_empty() {
            return core::future::pending().await;
        }
        let ends = self
            .processes
            .iter_mut()
            .map(|process| Box::pin(process.ended()));
        let (failure, at, _) = futures::future::select_all(ends).await;
        // It has ended already, and need not be stopped with the others.
        drop(self.processes.remove(at));
        failure
    }

    /// How many processes run.
    pub(crate) const fn running(&self) -> usize {
        self.processes.len()
    }

    /// Stops all processes.
    pub(crate) async fn stop(self) {
        stop_all(self.processes).await;
        self.client.close().await;
    }
}

/// Waits until every process has said that it is ready.
async fn all_ready(
    processes: &mut [HouseProcess],
    progress: &mut (impl FnMut(Startup) + Send),
) -> Result<(), Failure> {
    let of = processes.len();
    progress(Startup::Processes { ready: 0, of });
    let mut waiting: FuturesUnordered<_> = processes.iter_mut().map(HouseProcess::ready).collect();
    let mut ready: usize = 0;
    while let Some(result) = waiting.next().await {
        result?;
        ready = ready.saturating_add(1);
        progress(Startup::Processes { ready, of });
    }
    Ok(())
}

/// Waits until every member hears all others.
async fn members_ready(
    client: &Client,
    processes: &mut [HouseProcess],
    progress: &mut (impl FnMut(Startup) + Send),
) -> Result<(), Failure> {
    let of = client.committee().roster.len();
    loop {
        // One that has said that it is ready may have ended since.
        for process in processes.iter_mut() {
            process.check()?;
        }
        let heads = client.heads().await;
        // Every member, and each of them hears all: a quorum could trade, but a house for
        // development begins whole.
        let is_ready = |head: &Head| head.phase != Phase::CatchingUp && head.alive.len() == of;
        let ready = heads
            .values()
            .flatten()
            .filter(|head| is_ready(head))
            .count();
        progress(Startup::Members { ready, of });
        if ready == of {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}
