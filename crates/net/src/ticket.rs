//! Tickets: what admits a peer to the house.
//!
//! A ticket says that a roster member vouches for one peer in one role until some time. A guest
//! shows it to every member, so it is no secret: it is bound to the peer's key, which the transport
//! authenticates. Members sign their own; any one member signs those of solvers, relayers and
//! users.

use core::fmt;
use core::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sealbid_types::id::MemberIndex;
use sealbid_types::text::BYTE_ORDER_MARK;

use crate::PeerId;
use crate::mesh::RosterEntry;

/// The class under which mosaik knows these tickets.
pub const CLASS: &str = "sealbid.roster.v1";
/// The BLAKE3 derive-key context of what a ticket's signer signs.
const CONTEXT: &str = "sealbid/1 2026-11 roster ticket";
/// What a ticket's text begins with.
const PREFIX: &str = "sealbid-ticket1:";
/// Role, peer, expiry, signer, signature.
const LENGTH: usize = 1 + 32 + 8 + 1 + 64;

/// What a peer is in the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A member of the committee.
    Member,
    /// A solver: reads the intents' streams.
    Solver,
    /// A relayer: reads the settlements' stream.
    Relayer,
    /// A gateway for users.
    User,
}

impl Role {
    const ALL: [Self; 4] = [Self::Member, Self::Solver, Self::Relayer, Self::User];

    /// The tag that a peer of this role wears in the house.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Member => "auctioneer",
            Self::Solver => "solver",
            Self::Relayer => "relayer",
            Self::User => "user",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            other => other.tag(),
        }
    }

    /// Its byte in a ticket.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Member => 1,
            Self::Solver => 2,
            Self::Relayer => 3,
            Self::User => 4,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(TicketError::UnknownRole)
    }
}

/// Why a ticket does not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Not member, solver, relayer or user.
    #[error("not a role: member, solver, relayer or user")]
    UnknownRole,
    /// Not the bytes or the text of a ticket.
    #[error("not a ticket")]
    Malformed,
    /// It is another peer's.
    #[error("the ticket is for another peer, {ticket}")]
    WrongPeer {
        /// The peer it names.
        ticket: PeerId,
    },
    /// Its time is over.
    #[error("the ticket has expired")]
    Expired {
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// Its signer is not in the roster.
    #[error("the ticket's signer, {signer}, is not in the roster")]
    UnknownSigner {
        /// The index it names.
        signer: MemberIndex,
    },
    /// A member's ticket that this member did not sign.
    #[error("a member's ticket must be signed by that member, not by {signer}")]
    NotSelfIssued {
        /// Who signed.
        signer: MemberIndex,
    },
    /// The signature does not verify.
    #[error("the ticket's signature by {signer} does not verify")]
    Signature {
        /// Who it says has signed.
        signer: MemberIndex,
    },
}

/// A roster member's word for one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// What the peer may be.
    pub role: Role,
    /// The peer, by its key in the house.
    pub peer: PeerId,
    /// Until when, in milliseconds since 1970.
    pub expires_ms: u64,
    /// The member that vouches.
    pub signer: MemberIndex,
    /// Its identity key's signature.
    pub signature: [u8; 64],
}

impl Ticket {
    /// Signs a ticket for `peer` in the house named `network`, as member `signer`.
    #[must_use]
    pub fn issue(
        network: &[u8; 32],
        role: Role,
        peer: PeerId,
        expires_ms: u64,
        signer: MemberIndex,
        identity: &SigningKey,
    ) -> Self {
        let mut ticket = Self {
            role,
            peer,
            expires_ms,
            signer,
            signature: [0; 64],
        };
        ticket.signature = identity.sign(&ticket.digest(network)).to_bytes();
        ticket
    }

    /// Checks that the ticket admits `peer` now.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn verify(
        &self,
        network: &[u8; 32],
        roster: &[RosterEntry],
        peer: PeerId,
        now_ms: u64,
    ) -> Result<(), TicketError> {
        let signer = self.signer;
        if self.peer != peer {
            return Err(TicketError::WrongPeer { ticket: self.peer });
        }
        if self.expires_ms <= now_ms {
            return Err(TicketError::Expired {
                at_ms: self.expires_ms,
            });
        }
        let entry = roster.iter().find(|entry| entry.index == signer);
        let entry = entry.ok_or(TicketError::UnknownSigner { signer })?;
        // Members stand in the roster: nobody's word makes another key one.
        if self.role == Role::Member && entry.peer != peer {
            return Err(TicketError::NotSelfIssued { signer });
        }
        // Strictly, so that all members judge a ticket alike.
        let signature = Signature::from_bytes(&self.signature);
        VerifyingKey::from_bytes(&entry.identity)
            .and_then(|key| key.verify_strict(&self.digest(network), &signature))
            .map_err(|_| TicketError::Signature { signer })
    }

    /// What is signed: everything but the signature, and the house.
    fn digest(&self, network: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher
            .update(network)
            .update(&[self.role.code()])
            .update(self.peer.as_bytes());
        hasher
            .update(&self.expires_ms.to_le_bytes())
            .update(&[self.signer.0]);
        *hasher.finalize().as_bytes()
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(self.role.code());
        bytes.extend_from_slice(self.peer.as_bytes());
        bytes.extend_from_slice(&self.expires_ms.to_le_bytes());
        bytes.push(self.signer.0);
        bytes.extend_from_slice(&self.signature);
        bytes
    }

    /// The ticket of these bytes.
    ///
    /// # Errors
    /// [`TicketError::Malformed`] or [`TicketError::UnknownRole`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TicketError> {
        let (role, rest) = bytes.split_first().ok_or(TicketError::Malformed)?;
        let (peer, rest) = rest.split_first_chunk().ok_or(TicketError::Malformed)?;
        let (expires, rest) = rest.split_first_chunk().ok_or(TicketError::Malformed)?;
        let (signer, rest) = rest.split_first().ok_or(TicketError::Malformed)?;
        let signature = rest.try_into().map_err(|_| TicketError::Malformed)?;
        let role = Role::ALL.into_iter().find(|known| known.code() == *role);
        Ok(Self {
            role: role.ok_or(TicketError::UnknownRole)?,
            peer: PeerId(*peer),
            expires_ms: u64::from_le_bytes(*expires),
            signer: MemberIndex(*signer),
            signature,
        })
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", BASE64URL_NOPAD.encode(&self.to_bytes()))
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        let text = text
            .trim_start_matches(BYTE_ORDER_MARK)
            .trim()
            .strip_prefix(PREFIX)
            .ok_or(TicketError::Malformed)?;
        let bytes = BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| TicketError::Malformed)?;
        Self::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: [u8; 32] = [9; 32];

    fn identity(index: u8) -> SigningKey {
        SigningKey::from_bytes(&[index + 1; 32])
    }

    fn roster() -> Vec<RosterEntry> {
        let entry = |index| RosterEntry {
            index: MemberIndex(index),
            peer: PeerId([100 + index; 32]),
            identity: identity(index).verifying_key().to_bytes(),
            addresses: Vec::new(),
        };
        (0..3).map(entry).collect()
    }

    fn ticket(role: Role, peer: PeerId, signer: u8) -> Ticket {
        Ticket::issue(
            &NETWORK,
            role,
            peer,
            1_000,
            MemberIndex(signer),
            &identity(signer),
        )
    }

    #[test]
    fn admits_its_peer_until_it_expires() {
        let peer = PeerId([7; 32]);
        let ticket = ticket(Role::Solver, peer, 1);
        let verify = |peer, now| ticket.verify(&NETWORK, &roster(), peer, now);
        assert_eq!(verify(peer, 999), Ok(()));
        assert_eq!(
            verify(peer, 1_000),
            Err(TicketError::Expired { at_ms: 1_000 })
        );
        let other = PeerId([8; 32]);
        assert_eq!(
            verify(other, 0),
            Err(TicketError::WrongPeer { ticket: peer })
        );
    }

    #[test]
    fn members_vouch_for_themselves_alone() {
        let signer = MemberIndex(1);
        let own = ticket(Role::Member, PeerId([101; 32]), 1);
        assert_eq!(own.verify(&NETWORK, &roster(), own.peer, 0), Ok(()));
        let promoted = ticket(Role::Member, PeerId([7; 32]), 1);
        let verdict = promoted.verify(&NETWORK, &roster(), promoted.peer, 0);
        assert_eq!(verdict, Err(TicketError::NotSelfIssued { signer }));
    }

    #[test]
    fn a_stranger_s_signature_admits_nobody() {
        let signer = MemberIndex(9);
        let peer = PeerId([7; 32]);
        let stranger = ticket(Role::Solver, peer, 9);
        let verdict = stranger.verify(&NETWORK, &roster(), peer, 0);
        assert_eq!(verdict, Err(TicketError::UnknownSigner { signer }));
    }

    #[test]
    fn every_field_is_signed() {
        let good = ticket(Role::Solver, PeerId([7; 32]), 1);
        let signed = Err(TicketError::Signature {
            signer: MemberIndex(1),
        });
        let verify = |ticket: &Ticket| ticket.verify(&NETWORK, &roster(), ticket.peer, 0);
        assert_eq!(
            verify(&Ticket {
                role: Role::Relayer,
                ..good
            }),
            signed
        );
        assert_eq!(
            verify(&Ticket {
                peer: PeerId([8; 32]),
                ..good
            }),
            signed
        );
        assert_eq!(
            verify(&Ticket {
                expires_ms: 2_000,
                ..good
            }),
            signed
        );
        let moved = Ticket {
            signer: MemberIndex(2),
            ..good
        };
        assert_eq!(
            verify(&moved),
            Err(TicketError::Signature {
                signer: MemberIndex(2)
            })
        );
        assert_eq!(good.verify(&[8; 32], &roster(), good.peer, 0), signed);
    }

    #[test]
    fn the_bytes_are_fixed() {
        let ticket = ticket(Role::Solver, PeerId([7; 32]), 1);
        let bytes = ticket.to_bytes();
        let body = [&[2][..], &[7; 32], &[0xe8, 3, 0, 0, 0, 0, 0, 0], &[1]].concat();
        assert_eq!(bytes[..42], body);
        let digest = blake3::hash(&bytes).to_string();
        assert_eq!(
            digest,
            "3905f152cf32ba3a0242031d0eb48bcd3253074039051577ab81e109d9893730"
        );
    }

    #[test]
    fn text_and_bytes_and_back() {
        let ticket = ticket(Role::Relayer, PeerId([7; 32]), 2);
        assert_eq!(ticket.to_string().parse(), Ok(ticket));
        let bytes = ticket.to_bytes();
        for length in 0..bytes.len() {
            assert_eq!(
                Ticket::from_bytes(&bytes[..length]),
                Err(TicketError::Malformed)
            );
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Ticket::from_bytes(&longer), Err(TicketError::Malformed));
        assert_eq!("solver".parse(), Ok(Role::Solver));
    }
}
