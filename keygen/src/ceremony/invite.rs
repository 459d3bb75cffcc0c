//! Calling a ceremony: what is to be made, and where to meet.

use core::time::Duration;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use sealbid_dkg::message::FORMAT;
use sealbid_dkg::{Invitation, Meeting, Purpose, Signed};
use sealbid_types::committee::usual_quorum;
use sealbid_types::time::Timestamp;

use crate::ceremony::code::Code;
use crate::ceremony::contact::local_ips;
use crate::ceremony::error::CeremonyError;
use crate::ceremony::meeting::embedded_relay;
use crate::dealer::usual_rules;
use crate::identity::Identity;
use crate::trust::Survival;

/// Where a meeting listens if that is free.
const USUAL_PORT: u16 = 7_399;
/// The most addresses that an inviter names by itself: codes stay short.
const MOST_ADDRESSES: usize = 6;

/// How long there is by network, and by files, if nobody says.
const BY_NETWORK: Duration = Duration::from_secs(60 * 60);
const BY_FILES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What to call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) members: u8,
    pub(crate) quorum: Option<u8>,
    pub(crate) period_ms: u32,
    pub(crate) quote_window_ms: u32,
    pub(crate) deadline: Option<Duration>,
    /// Where to meet; the addresses of this machine if there are none.
    pub(crate) meet: Vec<SocketAddr>,
    pub(crate) relay: Option<String>,
    /// By files alone: no meeting.
    pub(crate) files: bool,
}

/// Writes and signs an invitation.
///
/// # Errors
/// [`CeremonyError::Quorum`], `Invitation`, or `Meeting` without a free port.
pub(crate) fn invite(
    call: &Call,
    identity: &Identity,
    nonce: &[u8; 32],
    now: Timestamp,
) -> Result<Signed<Invitation>, CeremonyError> {
    let quorum = call.quorum.unwrap_or_else(|| usual_quorum(call.members));
    // What could be had is told before anything else.
    Survival::of(call.members, quorum)?;
    let usual = if call.files { BY_FILES } else { BY_NETWORK };
    let meeting = match call.files {
        true => None,
        false => Some(meeting(call, identity, nonce)?),
    };
    let invitation = Invitation {
        format: FORMAT,
        purpose: Purpose::NewKey,
        name: call.name.clone(),
        members: call.members,
        quorum,
        period_ms: call.period_ms,
        quote_window_ms: call.quote_window_ms,
        rules: usual_rules(quorum),
        created: now,
        deadline: now.plus(call.deadline.unwrap_or(usual)),
        meeting,
        nonce: (*nonce).into(),
    };
    invitation.check()?;
    Ok(Signed::new(invitation, &identity.signing_key()))
}

/// The code of a networked ceremony.
pub(crate) fn code_of(signed: &Signed<Invitation>) -> Option<Code> {
    let invitation = &signed.body;
    let meeting = invitation.meeting.as_ref()?;
    let id = signed.ceremony();
    let mut ceremony = [0; 16];
    // Half of the id: 128 bits are enough against who would have to find another invitation to it,
    // and the code is read, sent and pasted by people.
    ceremony.copy_from_slice(id.as_bytes().first_chunk::<16>()?);
    Some(Code {
        endpoint: *meeting.endpoint.as_bytes(),
        ceremony,
        deadline_s: invitation.deadline.0 / 1000,
        addresses: meeting.addresses.clone(),
        relay: meeting.relay.clone(),
    })
}

fn meeting(call: &Call, identity: &Identity, nonce: &[u8; 32]) -> Result<Meeting, CeremonyError> {
    let addresses = match call.meet.is_empty() {
        true => local_addresses(free_port()?),
        false => call.meet.clone(),
    };
    // On one machine there is nothing to get around.
    let outside = addresses.iter().find(|address| !address.ip().is_loopback());
    let relay = call
        .relay
        .clone()
        .or_else(|| outside.copied().map(embedded_relay));
    Ok(Meeting {
        endpoint: identity.host_seed(nonce).public_key(),
        addresses,
        relay,
    })
}

/// The usual port if it is free, or any that is. It may be taken again before the meeting opens,
/// and then that says so; the code with its addresses has to be made now.
fn free_port() -> Result<u16, CeremonyError> {
    let any = |port| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port));
    let bound = any(USUAL_PORT).or_else(|_| any(0));
    bound
        .and_then(|socket| socket.local_addr())
        .map(|address| address.port())
        .map_err(|error| CeremonyError::Meeting(format!("no free UDP port: {error}")))
}

/// This machine's addresses, loopback last: it leads a guest from elsewhere to its own machine, and
/// is of use to one on this machine only.
fn local_addresses(port: u16) -> Vec<SocketAddr> {
    let mut ips = local_ips();
    ips.truncate(MOST_ADDRESSES - 1);
    ips.push(Ipv4Addr::LOCALHOST.into());
    ips.into_iter()
        .map(|ip| SocketAddr::new(ip, port))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;
    use crate::testing::now;
    use sealbid_dkg::Board;

    pub(crate) fn call() -> Call {
        Call {
            name: "demo".to_owned(),
            members: 4,
            quorum: None,
            period_ms: 5_000,
            quote_window_ms: 3_000,
            deadline: None,
            meet: vec!["127.0.0.1:7399".parse().unwrap()],
            relay: None,
            files: false,
        }
    }

    fn identity() -> Identity {
        Identity::from_entropy(&[1; 32])
    }

    #[test]
    fn an_invitation_begins_a_board_and_its_code_leads_to_it() {
        let invitation = invite(&call(), &identity(), &[2; 32], now()).unwrap();
        assert_eq!(invitation.author, identity().public_key());
        assert_eq!(invitation.body.quorum, 3);
        let code: Code = code_of(&invitation).unwrap().to_string().parse().unwrap();
        assert!(invitation.ceremony().as_bytes().starts_with(&code.ceremony));
        assert_eq!(code.deadline(), now().plus(BY_NETWORK));
        assert_eq!(code.relay, None, "loopback needs none");
        Board::new(invitation).unwrap();
    }

    #[test]
    fn without_addresses_those_of_this_machine_are_named() {
        let call = Call {
            meet: Vec::new(),
            ..call()
        };
        let meeting = invite(&call, &identity(), &[2; 32], now())
            .unwrap()
            .body
            .meeting
            .unwrap();
        assert!(
            meeting
                .addresses
                .iter()
                .any(|address| address.ip().is_loopback())
        );
        assert!((1..=MOST_ADDRESSES).contains(&meeting.addresses.len()));
        let ports: std::collections::BTreeSet<_> =
            meeting.addresses.iter().map(SocketAddr::port).collect();
        assert_eq!(ports.len(), 1, "one endpoint listens at one port");
    }

    #[test]
    fn by_files_there_is_no_code() {
        let call = Call {
            files: true,
            ..call()
        };
        let invitation = invite(&call, &identity(), &[2; 32], now()).unwrap();
        assert_eq!(code_of(&invitation), None);
        assert_eq!(invitation.body.deadline, now().plus(BY_FILES));
    }

    #[test]
    fn what_makes_no_committee_is_not_called() {
        let bad = |call: &Call| invite(call, &identity(), &[2; 32], now()).unwrap_err();
        let quorum = Call {
            quorum: Some(2),
            ..call()
        };
        let error = bad(&quorum);
        assert!(
            error.to_string().contains("(usual) 4 members, quorum 3"),
            "{error}"
        );
        let name = Call {
            name: "De mo".to_owned(),
            ..call()
        };
        for call in [quorum, name] {
            assert_eq!(bad(&call).exit_code(), 2);
        }
    }
}
