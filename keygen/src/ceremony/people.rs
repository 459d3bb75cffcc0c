//! Who takes part, in words that people can compare, and what is being waited for.

use core::fmt;
use std::net::SocketAddr;

use sealbid_dkg::{Board, PostError, Stage, Waiting};
use sealbid_types::committee::Member;
use sealbid_types::id::{CeremonyId, MemberIndex};
use sealbid_types::keys::PublicKey;
use sealbid_types::time::Timestamp;
use serde::Serialize;

use crate::ceremony::error::Missing;
use crate::words::{Words, words_of_key};

/// What a ceremony is about, before anything is said.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct InvitationEvent {
    event: &'static str,
    ceremony: CeremonyId,
    name: String,
    members: u8,
    quorum: u8,
    period_ms: u32,
    quote_window_ms: u32,
    deadline: Timestamp,
    /// The inviter's fingerprint, as it says: nobody has read it out yet.
    inviter: Words,
    /// One's own, to read out to the others.
    you: Words,
}

impl InvitationEvent {
    pub(crate) fn new(event: &'static str, board: &Board, you: &PublicKey) -> Self {
        let invitation = board.invitation();
        let body = &invitation.body;
        Self {
            event,
            ceremony: board.ceremony(),
            name: body.name.clone(),
            members: body.members,
            quorum: body.quorum,
            period_ms: body.period_ms,
            quote_window_ms: body.quote_window_ms,
            deadline: body.deadline,
            inviter: words_of_key(&invitation.author),
            you: words_of_key(you),
        }
    }
}

impl fmt::Display for InvitationEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, q) = (self.members, self.quorum);
        writeln!(f, "auction  {}: {n} members, quorum {q}", self.name)?;
        let (period, window) = (self.period_ms, self.quote_window_ms);
        writeln!(f, "slots    of {period} ms, quotes in the last {window} ms")?;
        writeln!(f, "until    {}", self.deadline)?;
        writeln!(f, "inviter  {}", self.inviter)?;
        writeln!(f, "you      {}", self.you)
    }
}

/// One seat of a roster.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Seat {
    /// The member to be, from 1.
    pub(crate) member: String,
    pub(crate) identity: PublicKey,
    /// The identity as words: what one's neighbour reads out.
    pub(crate) fingerprint: Words,
    /// Where the member will be found.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) you: bool,
    pub(crate) inviter: bool,
}

/// The seats of these members to be, in the roster's order. The words are of the identity key,
/// which signs the enrolment with all other keys of a member: compared by voice, they bind a person
/// to a seat.
pub(crate) fn seats<'a>(
    members: impl IntoIterator<Item = &'a Member>,
    you: Option<PublicKey>,
    inviter: PublicKey,
) -> Vec<Seat> {
    let seat = |(index, member): (u8, &Member)| Seat {
        member: MemberIndex(index).to_string(),
        identity: member.identity,
        fingerprint: words_of_key(&member.identity),
        address: member.house_addresses.first().copied(),
        you: Some(member.identity) == you,
        inviter: member.identity == inviter,
    };
    (0..).zip(members).map(seat).collect()
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self
            .address
            .map_or_else(|| "-".to_owned(), |address| address.to_string());
        let who = match (self.you, self.inviter) {
            (true, true) => "  (you, the inviter)",
            (true, false) => "  (you)",
            (false, true) => "  (the inviter)",
            (false, false) => "",
        };
        write!(
            f,
            "{:<10} {:<60} {address}{who}",
            self.member, self.fingerprint
        )
    }
}

/// Seats as a table.
pub(crate) fn table(seats: &[Seat]) -> String {
    let lines: Vec<_> = seats.iter().map(|seat| format!("  {seat}")).collect();
    lines.join("\n")
}

/// What is being waited for, as an object.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WaitingEvent {
    event: &'static str,
    stage: &'static str,
    /// Seats that nobody has taken.
    free_seats: u8,
    /// Whose message is missing, once there is a roster.
    missing: Vec<String>,
    overdue: bool,
}

impl WaitingEvent {
    pub(crate) fn new(waiting: &Waiting) -> Self {
        Self {
            event: "waiting",
            stage: stage_name(waiting.stage),
            free_seats: waiting.free_seats,
            missing: waiting
                .missing
                .iter()
                .copied()
                .map(|member| member.to_string())
                .collect(),
            overdue: waiting.overdue,
        }
    }
}

/// A stage in a word.
pub(crate) const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Enrolling => "enrolling",
        Stage::Roster => "roster",
        Stage::Committing => "committing",
        Stage::Dealing => "dealing",
        Stage::Confirming => "confirming",
    }
}

/// Who is waited for, one a line of text.
pub(crate) fn missing(board: &Board, waiting: &Waiting) -> Missing {
    let inviter = board.invitation().author;
    let of = match waiting.stage {
        Stage::Enrolling => vec![format!("{} who have not enrolled", waiting.free_seats)],
        Stage::Roster => vec![format!("the inviter ({})", words_of_key(&inviter))],
        Stage::Committing | Stage::Dealing | Stage::Confirming => {
            let name = |&index: &MemberIndex| name_of(board, index);
            waiting.missing.iter().map(name).collect()
        }
    };
    let stage = match waiting.stage {
        Stage::Enrolling => "seats are free",
        Stage::Roster => "the roster is to be called",
        Stage::Committing => "commitments are missing",
        Stage::Dealing => "dealings are missing",
        Stage::Confirming => "confirmations are missing",
    };
    Missing {
        stage: stage.to_owned(),
        of,
        // Nobody waits for others' confirmations before it has given its own.
        confirmed: waiting.stage == Stage::Confirming,
    }
}

/// A member to be, with its fingerprint.
pub(crate) fn name_of(board: &Board, index: MemberIndex) -> String {
    let name = index.to_string();
    let session = board.session().and_then(|session| session.as_ref().ok());
    match session.and_then(|session| session.identity(index)) {
        Some(identity) => format!("{name} ({})", words_of_key(&identity)),
        None => name,
    }
}

/// What is being waited for, on a line.
pub(crate) fn waiting_line(board: &Board, waiting: &Waiting) -> String {
    let missing = missing(board, waiting).of.join(", ");
    match waiting.stage {
        Stage::Enrolling => {
            let members = board.invitation().body.members;
            let here = members.saturating_sub(waiting.free_seats);
            format!("{here} of {members} have enrolled; waiting for the others")
        }
        Stage::Roster => format!("all seats are taken; waiting for {missing} to call the roster"),
        Stage::Committing => format!("waiting for the yes and the commitment of {missing}"),
        Stage::Dealing => format!("waiting for the dealing of {missing}"),
        Stage::Confirming => format!("waiting for the confirmation of {missing}"),
    }
}

/// Why a message is not taken, its people by their fingerprints.
pub(crate) fn told(error: &PostError) -> String {
    match error {
        PostError::SharedAddress {
            one,
            other,
            address,
        } => format!(
            "two participants would both be found at {address}: {} ({one}), who has enrolled, and {} \
             ({other})",
            words_of_key(one),
            words_of_key(other)
        ),
        PostError::Oversize { author, .. } => format!("{error} ({})", words_of_key(author)),
        _ => error.to_string(),
    }
}
