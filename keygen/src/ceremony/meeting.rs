//! A ceremony over the network: the inviter hosts the meeting, the others are its guests.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use sealbid_dkg::{Board, Meeting, Message};
use sealbid_net::PeerId;
use sealbid_net::bind::BindAddresses;
use sealbid_net::meeting::{
    GuestConfig, HostConfig, HostRelay, MeetingAddress, MeetingError, MeetingEvent, MeetingGuest,
    MeetingHost, PostRefusal, fetch,
};
use sealbid_types::codec::decode;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::Receiver;
use tokio::time::{sleep, timeout};

use crate::ceremony::code::Code;
use crate::ceremony::drive::{Advance, Ceremony};
use crate::ceremony::error::CeremonyError;
use crate::ceremony::noticeboard::{Clock, refusal};
use crate::ceremony::outcome::Report;
use crate::ceremony::people::{WaitingEvent, missing, waiting_line};
use crate::ceremony::voice::Voice;

/// How often a participant that waits looks at the clock.
const LOOK: Duration = Duration::from_secs(1);
/// How long a participant stays after the deadline without any news: who resumes gets a chance.
const GRACE: Duration = Duration::from_secs(20);
/// How long a meeting is opened again, once its host has finished, for those who come late.
const LATE: Duration = Duration::from_secs(30);
/// How long a guest that is done tries to hand in the rest.
const HAND_IN: Duration = Duration::from_secs(20);
/// How long it stays after that, so that the host hears that it has everything.
const FAREWELL: Duration = Duration::from_millis(1500);
/// How long a participant stays to show the evidence of a void session.
const ACCUSE: Duration = Duration::from_secs(10);
/// How long one try to reach the inviter takes.
const CALL: Duration = Duration::from_secs(10);

/// One's place at the meeting: the inviter hosts it, and everybody else comes to it.
enum Place {
    Host(Box<MeetingHost>),
    Guest(MeetingGuest, Receiver<MeetingEvent>),
}

/// Threads of the meeting's own: see [`attend`].
fn runtime() -> Result<Runtime, CeremonyError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.map_err(|error| CeremonyError::Meeting(format!("cannot start: {error}")))
}

/// Takes part until the ceremony is over.
///
/// # Errors
/// [`CeremonyError`].
pub(crate) fn attend(
    mut ceremony: Ceremony,
    meeting: &Meeting,
    voice: &mut Voice<'_>,
) -> Result<Report, CeremonyError> {
    // Two threads and a runtime of its own: while the operator is asked something, and this thread
    // waits for a key to be pressed, the meeting goes on.
    let runtime = runtime()?;
    let report = runtime.block_on(async {
        let mut place = Place::take(&ceremony, meeting).await?;
        let outcome = take_part(&mut ceremony, &mut place, voice).await;
        place.leave(&outcome, &ceremony, voice).await?;
        outcome
    });
    runtime.shutdown_timeout(FAREWELL);
    report
}

/// Steps until there is a result, or until nothing has been heard for too long.
async fn take_part(
    ceremony: &mut Ceremony,
    place: &mut Place,
    voice: &mut Voice<'_>,
) -> Result<Report, CeremonyError> {
    // From now on, whatever the deadline was: one that is resumed has only just come.
    let mut news = Instant::now();
    loop {
        // A question to the person waits here; the meeting goes on in other threads.
        match ceremony.step(voice)? {
            Advance::Posted => place.announce(),
            Advance::Done(report) => return Ok(*report),
            Advance::Void(error) => return Err(error),
            Advance::Waiting(waiting) => {
                let board = ceremony.board().with(Board::clone);
                voice.progress(
                    &WaitingEvent::new(&waiting),
                    &waiting_line(&board, &waiting),
                )?;
                // By the deadline alone, one that was resumed after it would give up before it has
                // heard what the others have meanwhile.
                if waiting.overdue && news.elapsed() > GRACE {
                    return Err(CeremonyError::Overdue(missing(&board, &waiting)));
                }
                if place.listen(voice).await? {
                    news = Instant::now();
                }
            }
            Advance::InDoubt(doubt) => {
                let object = serde_json::json!({ "event": "in-doubt" });
                voice.progress(&object, "in doubt: waiting for what else there is")?;
                if news.elapsed() > GRACE {
                    return Err(doubt);
                }
                if place.listen(voice).await? {
                    news = Instant::now();
                }
            }
        }
    }
}

impl Place {
    async fn take(ceremony: &Ceremony, meeting: &Meeting) -> Result<Self, CeremonyError> {
        let board = Arc::clone(ceremony.board());
        let nonce = board.with(|board| board.invitation().body.nonce);
        // Both secrets follow from identity and invitation: after a crash the host is found at the
        // key that the code names, and a guest is taken for the one it was.
        if ceremony.is_inviter() {
            let secret = ceremony.identity().host_seed(nonce.as_bytes());
            let mut config = HostConfig::new(secret.to_zeroizing());
            config.bind = bind_addresses(&meeting.addresses);
            config.relay = host_relay(meeting);
            let host = MeetingHost::open(config, board).await;
            let host = host.map_err(|error| CeremonyError::Meeting(error.to_string()))?;
            return Ok(Self::Host(Box::new(host)));
        }
        let mut config = GuestConfig::new(address_of(meeting));
        let secret = ceremony.identity().guest_seed(nonce.as_bytes());
        config.secret = Some(secret.to_zeroizing());
        let joined = MeetingGuest::join(config, board).await;
        let (guest, events) = joined.map_err(|error| CeremonyError::Meeting(error.to_string()))?;
        Ok(Self::Guest(guest, events))
    }

    fn announce(&self) {
        match self {
            Self::Host(host) => host.announce(),
            Self::Guest(guest, _) => guest.announce(),
        }
    }

    /// Waits for news, or a moment; says whether there were any.
    async fn listen(&mut self, voice: &mut Voice<'_>) -> Result<bool, CeremonyError> {
        match self {
            Self::Host(host) => Ok(timeout(LOOK, host.changed()).await.is_ok()),
            Self::Guest(_, events) => match timeout(LOOK, events.recv()).await {
                Ok(Some(event)) => heard(&event, voice),
                Ok(None) => Err(CeremonyError::Meeting("the meeting is over".to_owned())),
                Err(_) => Ok(false),
            },
        }
    }

    /// Leaves once the others have what they need, as far as can be seen.
    async fn leave(
        self,
        outcome: &Result<Report, CeremonyError>,
        ceremony: &Ceremony,
        voice: &mut Voice<'_>,
    ) -> Result<(), CeremonyError> {
        // What is void or in doubt here, the others are to see.
        let is_over = matches!(
            outcome,
            Ok(_) | Err(CeremonyError::Void(_) | CeremonyError::InDoubt(_))
        );
        match self {
            Self::Host(host) => {
                if is_over {
                    stay(&host, outcome, ceremony, voice).await?;
                }
                host.close().await;
            }
            Self::Guest(guest, events) => {
                // Nobody reads them any more.
                drop(events);
                if is_over && timeout(HAND_IN, guest.delivered()).await.is_ok() {
                    sleep(FAREWELL).await;
                }
                guest.close().await;
            }
        }
        voice.quiet();
        Ok(())
    }
}

/// A host that leaves takes the board along: it stays until all others have it.
async fn stay(
    host: &MeetingHost,
    outcome: &Result<Report, CeremonyError>,
    ceremony: &Ceremony,
    voice: &mut Voice<'_>,
) -> Result<(), CeremonyError> {
    let (guests, deadline) = ceremony.board().with(|board| {
        let invitation = &board.invitation().body;
        (
            usize::from(invitation.members).saturating_sub(1),
            invitation.deadline,
        )
    });
    // The first time until the deadline, since nobody can finish without what is here. Afterwards
    // for a moment: those who lack the result resume too, and are heard.
    let limit = match outcome {
        Ok(_) if ceremony.was_finished() => LATE,
        Ok(_) => deadline.since(ceremony.board().now()).max(GRACE),
        Err(_) => ACCUSE,
    };
    let object =
        serde_json::json!({ "event": "staying", "key": outcome.as_ref().ok().map(|r| r.key) });
    let text = match outcome {
        Ok(_) => {
            "the key is made and your files are written. The meeting stays open until all others \
             have it too; after Ctrl-C, `resume` opens it again"
        }
        Err(CeremonyError::InDoubt(_)) => "showing the others what contradicts itself",
        Err(_) => "showing the others why the session is void",
    };
    voice.progress(&object, text)?;
    // Whoever has not come by then can have the board as a file.
    let _ = timeout(limit, host.delivered(guests)).await;
    Ok(())
}

/// What an event means; says whether it brought news.
fn heard(event: &MeetingEvent, voice: &mut Voice<'_>) -> Result<bool, CeremonyError> {
    match event {
        MeetingEvent::Connected => {
            let object = serde_json::json!({ "event": "connected" });
            voice.say(&object, || "the inviter's meeting is reached".to_owned())?;
            Ok(true)
        }
        MeetingEvent::Changed { .. } => Ok(true),
        MeetingEvent::Refused { refusal, .. } => refused(refusal, voice),
        MeetingEvent::Unreachable { why, .. } => {
            unreachable(why, voice)?;
            Ok(false)
        }
    }
}

/// What no waiting mends ends the command: no seat, another's seat, another's address. Of all else
/// the ceremony may go on.
fn refused(why: &PostRefusal, voice: &mut Voice<'_>) -> Result<bool, CeremonyError> {
    match why.code {
        refusal::FULL => Err(CeremonyError::NotSeated),
        refusal::ENROLLED => Err(CeremonyError::EnrolledElsewhere),
        refusal::ADDRESS => Err(CeremonyError::SharedAddress(why.text.clone())),
        _ => {
            let object = serde_json::json!({ "event": "refused", "reason": why.text });
            voice.say(&object, || {
                format!("the inviter does not take a message: {}", why.text)
            })?;
            Ok(false)
        }
    }
}

/// Progress, and no warning: the line changes, and the next try may get through.
fn unreachable(why: &MeetingError, voice: &mut Voice<'_>) -> Result<(), CeremonyError> {
    let reason = why.to_string();
    let object = serde_json::json!({ "event": "unreachable", "reason": reason });
    voice.progress(
        &object,
        &format!("the inviter does not answer, trying again: {reason}"),
    )
}

/// Fetches the ceremony that `code` names from its meeting; tries until the deadline.
///
/// # Errors
/// [`CeremonyError`].
pub(crate) fn fetch_board(
    code: &Code,
    clock: Clock,
    voice: &mut Voice<'_>,
) -> Result<Board, CeremonyError> {
    let deadline = code.deadline();
    let address = MeetingAddress {
        peer: PeerId(code.endpoint),
        addresses: code.addresses.clone(),
        relay: code.relay.clone(),
    };
    let runtime = runtime()?;
    let messages = loop {
        let now = clock.now();
        if now > deadline {
            return Err(CeremonyError::Expired { deadline, now });
        }
        match runtime.block_on(fetch(&address, CALL)) {
            Ok(messages) => break messages,
            Err(error) if error.is_temporary() => unreachable(&error, voice)?,
            Err(error) => return Err(CeremonyError::Meeting(error.to_string())),
        }
    };
    runtime.shutdown_timeout(FAREWELL);
    voice.quiet();
    board_of(code, &messages)
}

/// What was fetched is held against the code.
fn board_of(code: &Code, messages: &[Vec<u8>]) -> Result<Board, CeremonyError> {
    let messages: Vec<Message> = messages
        .iter()
        .map(|message| decode(message))
        .collect::<Result<_, _>>()
        .map_err(|error| {
            let versions = "do all members have the same version of sealbid?";
            CeremonyError::Meeting(format!(
                "the meeting holds another kind of board: {error}; {versions}"
            ))
        })?;
    let invitation = messages.iter().find_map(|message| match message {
        Message::Invitation(invitation) => Some(invitation.clone()),
        _ => None,
    });
    // The code has the beginning of the ceremony's id, which covers who invites. A host in between
    // can withhold what it likes, and invent nothing.
    let invitation = invitation
        .filter(|invitation| invitation.ceremony().as_bytes().starts_with(&code.ceremony));
    let Some(invitation) = invitation else {
        let text =
            "the meeting is not about the ceremony of the code: ask the inviter for the code again";
        return Err(CeremonyError::Meeting(text.to_owned()));
    };
    let mut board = Board::new(invitation)?;
    for message in messages {
        // What does not belong is left out, here as at every later exchange.
        let _ = board.post(message);
    }
    Ok(board)
}

fn address_of(meeting: &Meeting) -> MeetingAddress {
    MeetingAddress {
        peer: PeerId(*meeting.endpoint.as_bytes()),
        addresses: meeting.addresses.clone(),
        relay: meeting.relay.clone(),
    }
}

/// Where the host listens: on loopback alone if the meeting is there alone.
fn bind_addresses(addresses: &[SocketAddr]) -> BindAddresses {
    let port = addresses.first().map_or(0, SocketAddr::port);
    if addresses.iter().all(|address| address.ip().is_loopback()) {
        BindAddresses::loopback(port, port)
    } else {
        BindAddresses::everywhere(port)
    }
}

/// The URL of a relay that the host itself runs, beside the meeting.
pub(crate) fn embedded_relay(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// A relay at one of the meeting's own addresses is the host's own.
fn host_relay(meeting: &Meeting) -> HostRelay {
    let Some(url) = &meeting.relay else {
        return HostRelay::None;
    };
    let mut addresses = meeting.addresses.iter();
    match addresses.find(|address| embedded_relay(**address) == *url) {
        Some(address) => HostRelay::Embedded(SocketAddr::new(
            std::net::Ipv6Addr::UNSPECIFIED.into(),
            address.port(),
        )),
        None => HostRelay::Url(url.clone()),
    }
}
