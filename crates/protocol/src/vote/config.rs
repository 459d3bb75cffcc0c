//! Which vote it is, who takes part, and whose turn it is.

use sealbid_types::id::{AuctionId, Epoch, MemberIndex, Round, View};
use sealbid_types::schedule::Schedule;

use super::message::Instance;
use super::timing::VoteTimes;
use super::value::Subject;

/// Which vote this is, and who takes part.
#[derive(Debug, Clone)]
pub struct Config {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch of the shares.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// Which of the round's votes.
    pub subject: Subject,
    /// This member.
    pub member: MemberIndex,
    /// n.
    pub members: u8,
    /// q.
    pub quorum: u8,
    /// The slots, by which a fresh proposal is judged.
    pub schedule: Schedule,
    /// The timeouts.
    pub times: VoteTimes,
    /// Follow and decide, but sign nothing.
    pub abstain: bool,
    /// Whether a member may prevote, given what its lock says: that.
    pub may_prevote: fn(bool) -> bool,
}

/// n, q and the member do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{member} of {members} with a quorum of {quorum} cannot vote")]
pub struct ConfigError {
    /// The member.
    pub member: MemberIndex,
    /// n.
    pub members: u8,
    /// q: more than half of n is needed, and at most n.
    pub quorum: u8,
}

impl Config {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Self {
            member,
            members,
            quorum,
            ..
        } = *self;
        let fits =
            member.0 < members && quorum <= members && 2 * u16::from(quorum) > u16::from(members);
        fits.then_some(()).ok_or(ConfigError {
            member,
            members,
            quorum,
        })
    }

    pub(super) const fn instance(&self) -> Instance {
        Instance {
            auction: self.auction,
            epoch: self.epoch,
            round: self.round,
            subject: self.subject,
        }
    }

    /// The most members that may lie without breaking what the vote promises.
    pub(super) fn bearable_liars(&self) -> usize {
        let (n, q) = (usize::from(self.members), usize::from(self.quorum));
        (2 * q).saturating_sub(n + 1)
    }

    /// The most members that may be away without stopping the vote.
    pub(super) fn dispensable_members(&self) -> usize {
        usize::from(self.members.saturating_sub(self.quorum))
    }

    pub(super) fn withdrawn_from(&self) -> View {
        withdrawn_from(self.members)
    }

    /// `f + 1` of line 55: so many members of a later view include an honest one, while at most
    /// `2q - n - 1` lie; and so many honest ones are left in a view that a quorum has passed.
    pub(super) fn skip_threshold(&self) -> usize {
        let (n, q) = (usize::from(self.members), usize::from(self.quorum));
        (2 * q).saturating_sub(n).min((n + 1).saturating_sub(q))
    }
}

/// Who proposes in a view: it rotates with round and view.
#[must_use]
pub fn proposer(members: u8, round: Round, view: View) -> MemberIndex {
    let turn = round
        .0
        // By the round as well: by the view alone, one member that is down would cost the first
        // view of every round.
        .wrapping_add(u64::from(view.0))
        .checked_rem(u64::from(members));
    MemberIndex(turn.and_then(|turn| u8::try_from(turn).ok()).unwrap_or(0))
}

/// From which view on the allocation that fills nothing is valid: every member has proposed twice
/// by then.
#[must_use]
pub fn withdrawn_from(members: u8) -> View {
    View(2 * u32::from(members))
}
