//! Roster tickets as mosaik carries and checks them.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use mosaik::UniqueId;
use mosaik::discovery::PeerEntry;
use mosaik::tickets::{self, Expiration, InvalidTicket, TicketClass, TicketValidator};

use super::config::{Checked, RosterEntry, now_ms};
use crate::PeerId;
use crate::ticket::{CLASS, Role, Ticket};

/// Verdicts remembered: mosaik asks again with every announcement of every peer.
const REMEMBERED: usize = 4096;

/// A ticket in mosaik's form.
pub(super) fn wrap(ticket: &Ticket) -> tickets::Ticket {
    tickets::Ticket::new(class(), Bytes::from(ticket.to_bytes()))
}

fn class() -> TicketClass {
    TicketClass::from(CLASS)
}

/// Admits peers that hold a ticket for one of some roles.
#[derive(Clone)]
pub(super) struct TicketCheck(Arc<Inner>);

struct Inner {
    network: [u8; 32],
    roster: Vec<RosterEntry>,
    roles: Vec<Role>,
    /// When tickets that were found good expire, in milliseconds since 1970; 0 for bad ones.
    verdicts: Mutex<BTreeMap<[u8; 32], u64>>,
}

impl TicketCheck {
    pub(super) fn new(config: &Checked, roles: &[Role]) -> Self {
        Self(Arc::new(Inner {
            network: config.network,
            roster: config.roster.clone(),
            roles: roles.to_vec(),
            verdicts: Mutex::default(),
        }))
    }

    /// Whether a peer holds such a ticket now.
    pub(super) fn admits(&self, peer: &PeerEntry) -> bool {
        peer.validate_ticket(self).is_ok()
    }
}

impl Inner {
    /// When the ticket expires, 0 if it does not admit.
    fn verdict(&self, bytes: &[u8], peer: PeerId) -> u64 {
        let key = *blake3::Hasher::new()
            .update(peer.as_bytes())
            .update(bytes)
            .finalize()
            .as_bytes();
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = verdicts.get(&key) {
            return *known;
        }
        let expires = self.judge(bytes, peer);
        if verdicts.len() >= REMEMBERED {
            verdicts.clear();
        }
        verdicts.insert(key, expires);
        expires
    }

    fn judge(&self, bytes: &[u8], peer: PeerId) -> u64 {
        let Ok(ticket) = Ticket::from_bytes(bytes) else {
            return 0;
        };
        let admits = self.roles.contains(&ticket.role)
            && ticket.verify(&self.network, &self.roster, peer, 0).is_ok();
        if admits { ticket.expires_ms } else { 0 }
    }
}

impl TicketValidator for TicketCheck {
    fn class(&self) -> TicketClass {
        class()
    }

    /// Members whose rosters differ must not share a group: this is part of its id.
    fn signature(&self) -> UniqueId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(CLASS.as_bytes()).update(&self.0.network);
        self.0.roles.iter().for_each(|role| {
            hasher.update(&[role.code()]);
        });
        for entry in &self.0.roster {
            hasher
                .update(&[entry.index.0])
                .update(entry.peer.as_bytes())
                .update(&entry.identity);
        }
        UniqueId::from_bytes(*hasher.finalize().as_bytes())
    }

    fn validate(&self, ticket: &[u8], peer: &PeerEntry) -> Result<Expiration, InvalidTicket> {
        let expires = self.0.verdict(ticket, PeerId::from(*peer.id()));
        let left = expires
            .checked_sub(now_ms())
            .filter(|left| *left > 0)
            .ok_or(InvalidTicket)?;
        // Longer than a year is for ever: the timer is set again whenever the peer announces.
        let left = i64::try_from(left)
            .unwrap_or(i64::MAX)
            .min(365 * 24 * 3_600_000);
        Ok(Expiration::after(tickets::Duration::milliseconds(left)))
    }
}

impl fmt::Debug for TicketCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketCheck")
            .field("roles", &self.0.roles)
            .finish_non_exhaustive()
    }
}
