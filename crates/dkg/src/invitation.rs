//! Whether an invitation makes sense.

use sealbid_types::committee::{MEMBERS, MOST_ENTRIES};
use sealbid_types::schedule::Schedule;
use sealbid_types::time::Timestamp;

use crate::message::{FORMAT, Invitation, Meeting};

/// The most addresses of a meeting or of a member's endpoint.
pub const MOST_ADDRESSES: usize = 16;

/// The most bytes of a relay's URL.
pub const MOST_RELAY_BYTES: usize = 256;

/// What is wrong with an invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// Another version of the messages.
    #[error("this ceremony speaks version {0} of the messages, and this program version {FORMAT}")]
    Format(u16),
    /// n or q is out of bounds.
    #[error("a quorum of {quorum} of {members}: 3 to 16 members, more than half and at most all")]
    Quorum {
        /// q.
        quorum: u8,
        /// n.
        members: u8,
    },
    /// The name is empty, too long, or not of a-z, 0-9 and '-'.
    #[error("an auction's name is 1 to 64 of a-z, 0-9 and '-'")]
    Name,
    /// The schedule makes no sense.
    #[error("the quote window must be shorter than the period, and neither zero")]
    Schedule,
    /// A round's limits leave a member nothing to report, or are more than can be opened at once.
    #[error("a round takes at least one intent and one quote a member, and {MOST_ENTRIES} in all")]
    Limits,
    /// The deadline is not after the invitation.
    #[error("the deadline is not after the invitation")]
    Deadline,
    /// Too many addresses, or none, or a relay's URL that is too long.
    #[error("a meeting has 1 to {MOST_ADDRESSES} addresses and a short relay URL")]
    Meeting,
}

impl Invitation {
    /// The auction's slots, if they are counted from `start`.
    #[must_use]
    pub const fn schedule(&self, start: Timestamp) -> Schedule {
        Schedule {
            start,
            period_ms: self.period_ms,
            quote_window_ms: self.quote_window_ms,
        }
    }

    /// Checks everything but the signature.
    ///
    /// # Errors
    /// [`InvitationError`], the first that is found.
    pub fn check(&self) -> Result<(), InvitationError> {
        let (members, quorum) = (self.members, self.quorum);
        if self.format != FORMAT {
            return Err(InvitationError::Format(self.format));
        }
        let majority = 2 * u16::from(quorum) > u16::from(members);
        if !MEMBERS.contains(&members) || quorum > members || !majority {
            return Err(InvitationError::Quorum { quorum, members });
        }
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(is_name) {
            return Err(InvitationError::Name);
        }
        if !self.schedule(self.created).is_valid() {
            return Err(InvitationError::Schedule);
        }
        self.check_limits()?;
        if self.deadline <= self.created {
            return Err(InvitationError::Deadline);
        }
        self.meeting.as_ref().map_or(Ok(()), Meeting::check)
    }

    /// A member reports at most a q-th of a round's limit (protocol.md 4.2): with a limit below q
    /// that is nothing.
    fn check_limits(&self) -> Result<(), InvitationError> {
        let (intents, quotes) = (self.rules.most_intents, self.rules.most_quotes);
        let quorum = u32::from(self.quorum);
        // Saturating: the sum of two limits near 2^32 must not wrap to one that is allowed.
        if intents < quorum || quotes < quorum || intents.saturating_add(quotes) > MOST_ENTRIES {
            return Err(InvitationError::Limits);
        }
        Ok(())
    }
}

impl Meeting {
    fn check(&self) -> Result<(), InvitationError> {
        let relay = self.relay.as_ref().map_or(0, String::len);
        if (1..=MOST_ADDRESSES).contains(&self.addresses.len()) && relay <= MOST_RELAY_BYTES {
            Ok(())
        } else {
            Err(InvitationError::Meeting)
        }
    }
}
