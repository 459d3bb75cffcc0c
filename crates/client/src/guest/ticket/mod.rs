//! A guest's tickets: where they come from, and how long the one that is shown is good for.

use core::time::Duration;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use sealbid_net::ticket::{Ticket, TicketError};
use sealbid_types::time::Timestamp;
use tokio::sync::watch;

/// How often a guest looks whether there is a new ticket.
const LOOK: Duration = Duration::from_secs(60);
/// The same once the ticket has run out: nothing is served meanwhile.
const URGENT_LOOK: Duration = Duration::from_secs(5);
/// From when on a ticket is running out: an operator wants a working day to mind it.
const WARNING: Duration = Duration::from_secs(12 * 3600);

/// Where a guest's tickets come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TicketSource {
    /// This one, until it runs out.
    Fixed(Ticket),
    /// A file, which is read again every minute: a new ticket needs no restart.
    File(PathBuf),
    /// Whatever the channel holds, at once when it changes.
    Watch(watch::Receiver<Ticket>),
}

impl TicketSource {
    /// A file's.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    /// The ticket as it is now.
    ///
    /// # Errors
    /// [`TicketFileError`].
    ///
    /// # Examples
    /// ```
    /// use sealbid_client::guest::{TicketFileError, TicketSource};
    ///
    /// let missing = TicketSource::file("nowhere/ticket").read();
    /// assert!(matches!(missing, Err(TicketFileError::Read { .. })));
    /// ```
    pub fn read(&self) -> Result<Ticket, TicketFileError> {
        match self {
            Self::Fixed(ticket) => Ok(*ticket),
            Self::Watch(tickets) => Ok(*tickets.borrow()),
            Self::File(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|source| TicketFileError::Read {
                        path: path.clone(),
                        source,
                    })?;
                text.parse().map_err(|source| TicketFileError::Invalid {
                    path: path.clone(),
                    source,
                })
            }
        }
    }

    /// Returns early when the source says by itself that there is another.
    async fn wait(&mut self, longest: Duration) {
        let pause = tokio::time::sleep(longest);
        match self {
            Self::Watch(tickets) => tokio::select! {
                Ok(()) = tickets.changed() => {}
                () = pause => {}
            },
            Self::Fixed(_) | Self::File(_) => pause.await,
        }
    }
}

/// Why there is no ticket to show.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TicketFileError {
    /// The file cannot be read.
    #[error("the ticket {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no ticket.
    #[error("the ticket {}: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TicketError,
    },
}

/// How long the ticket that a guest shows is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    /// More than half a day.
    Good {
        /// Until when.
        until: Timestamp,
    },
    /// Less than that: a member has to issue another.
    RunningOut {
        /// Until when.
        until: Timestamp,
    },
    /// Members no longer serve this guest: no intent and no word of settlements comes.
    RanOut {
        /// Since when.
        since: Timestamp,
    },
}

impl TicketState {
    fn of(ticket: &Ticket, now: Timestamp) -> Self {
        let until = Timestamp(ticket.expires_ms);
        if until <= now {
            Self::RanOut { since: until }
        } else if until <= now.plus(WARNING) {
            Self::RunningOut { until }
        } else {
            Self::Good { until }
        }
    }

    /// Whether members serve the guest.
    #[must_use]
    pub const fn is_served(&self) -> bool {
        !matches!(self, Self::RanOut { .. })
    }

    /// How long nothing can change but by a new ticket, at most as long as one waits for that.
    fn pause(self, now: Timestamp) -> Duration {
        let left = |until: Timestamp| Duration::from_millis(until.0.saturating_sub(now.0));
        match self {
            Self::Good { .. } => LOOK,
            // No less than a moment: a clock that stands still must not make it spin.
            Self::RunningOut { until } => left(until).clamp(Duration::from_millis(20), LOOK),
            Self::RanOut { .. } => URGENT_LOOK,
        }
    }
}

/// Looks for newer tickets, and says how it stands with the one that is shown.
pub(super) struct Watchman {
    tickets: TicketSource,
    shown: Ticket,
    state: watch::Sender<TicketState>,
}

impl Watchman {
    pub(super) fn new(
        tickets: TicketSource,
        shown: Ticket,
    ) -> (Self, watch::Receiver<TicketState>) {
        let (state, seen) = watch::channel(TicketState::of(&shown, now()));
        let watchman = Self {
            tickets,
            shown,
            state,
        };
        (watchman, seen)
    }

    /// Shows each new ticket with `show`. Ends when nobody asks for the state any more.
    pub(super) async fn run(mut self, show: impl Fn(Ticket)) {
        self.tell();
        while !self.state.is_closed() {
            let pause = self.state.borrow().pause(now());
            self.tickets.wait(pause).await;
            self.look(&show);
        }
    }

    fn look(&mut self, show: &impl Fn(Ticket)) {
        // A file that is being written is read at the next look; one that is gone leaves the
        // ticket that was read before as good as it was.
        if let Ok(ticket) = self.tickets.read()
            && ticket != self.shown
        {
            self.shown = ticket;
            show(ticket);
        }
        let state = TicketState::of(&self.shown, now());
        let changed = self.state.send_if_modified(|known| {
            let changed = *known != state;
            *known = state;
            changed
        });
        if changed {
            self.tell();
        }
    }

    /// Where an operator looks who has no other word of it.
    fn tell(&self) {
        match *self.state.borrow() {
            TicketState::Good { until } => tracing::debug!("the ticket is good until {until}"),
            TicketState::RunningOut { until } => {
                tracing::warn!("the ticket runs out at {until}: have a member issue another");
            }
            TicketState::RanOut { since } => tracing::error!(
                "the ticket ran out at {since}: members send nothing until there is another"
            ),
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

#[cfg(test)]
mod tests;
