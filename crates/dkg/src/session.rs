//! A session: the invitation, and a roster that fits it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use sealbid_crypto::group::{G1Point, PointError};
use sealbid_types::codec::encode;
use sealbid_types::committee::{self, Committee, Member, Provenance, PublicKeys};
use sealbid_types::id::{CeremonyId, Epoch, MemberIndex, SessionId, context};
use sealbid_types::keys::PublicKey;
use sealbid_types::time::Timestamp;

use crate::invitation::{MOST_ADDRESSES, MOST_RELAY_BYTES};
use crate::message::{Enrolment, Invitation, Roster};
use crate::signed::Signed;

/// What is wrong with a roster: its signature shows that the inviter called it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// Another ceremony.
    #[error("it is for another ceremony")]
    Ceremony,
    /// Not signed by the inviter.
    #[error("it is not the inviter's")]
    NotInviter,
    /// It was called before the invitation, or after the deadline.
    #[error("it was called outside the invitation's time")]
    Time,
    /// Not n enrolments.
    #[error("{found} seats are taken, of {expected}")]
    Seats {
        /// n.
        expected: u8,
        /// How many there are.
        found: usize,
    },
    /// A seat's enrolment is not what it should be.
    #[error("the enrolment of member-{}: {error}", member.number())]
    Enrolment {
        /// The seat.
        member: MemberIndex,
        /// Why.
        error: EnrolmentError,
    },
    /// Two seats share a key.
    #[error("member-{} has a key that another member has too", .0.number())]
    SharedKey(MemberIndex),
    /// Two seats share an address: one of them could not be dialled.
    #[error("member-{} and member-{} would both be found at {address}", one.number(), other.number())]
    SharedAddress {
        /// The seat that names it first.
        one: MemberIndex,
        /// The other one.
        other: MemberIndex,
        /// The address.
        address: SocketAddr,
    },
}

/// What is wrong with an enrolment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentError {
    /// Another ceremony.
    #[error("it is for another ceremony")]
    Ceremony,
    /// Signed by another key than the identity in it, or not at all.
    #[error("it is not signed by the identity in it")]
    Signature,
    /// The encryption key is no point of G1, or the identity.
    #[error("the encryption key: {0}")]
    EncryptionKey(PointError),
    /// Too many addresses, or a relay's URL that is too long.
    #[error("too many addresses, or a relay's URL that is too long")]
    Contact,
}

/// One session of a ceremony, everything about it checked. All of it is public.
#[derive(Debug, Clone)]
pub struct Session {
    id: SessionId,
    invitation: Invitation,
    roster: Roster,
    /// E of each seat, read: in G1, and not the identity.
    encryption_keys: Vec<G1Point>,
}

impl Session {
    /// The session of this invitation and roster.
    ///
    /// # Errors
    /// [`RosterError`], the first that is found.
    pub fn new(
        invitation: &Signed<Invitation>,
        roster: &Signed<Roster>,
    ) -> Result<Self, RosterError> {
        let ceremony = invitation.ceremony();
        let Roster {
            enrolments,
            started,
            ..
        } = &roster.body;
        if roster.body.ceremony != ceremony {
            return Err(RosterError::Ceremony);
        }
        if roster.author != invitation.author || roster.verify().is_err() {
            return Err(RosterError::NotInviter);
        }
        // The time that the roster itself names, and no clock: all judge alike, and years later
        // too.
        if !(invitation.body.created..=invitation.body.deadline).contains(started) {
            return Err(RosterError::Time);
        }
        let (expected, found) = (invitation.body.members, enrolments.len());
        if usize::from(expected) != found {
            return Err(RosterError::Seats { expected, found });
        }
        let encryption_keys = (0u8..)
            .map(MemberIndex)
            .zip(enrolments)
            .map(|(member, enrolment)| {
                check_enrolment(ceremony, enrolment)
                    .map_err(|error| RosterError::Enrolment { member, error })
            })
            .collect::<Result<Vec<_>, _>>()?;
        check_distinct(enrolments)?;
        check_addresses(enrolments)?;
        Ok(Self {
            id: session_id(ceremony, &roster.body),
            invitation: invitation.body.clone(),
            roster: roster.body.clone(),
            encryption_keys,
        })
    }

    /// The session's id.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// When the inviter called the roster, by its clock: the house's slots count from then.
    #[must_use]
    pub const fn started(&self) -> Timestamp {
        self.roster.started
    }

    /// The ceremony's id.
    #[must_use]
    pub const fn ceremony(&self) -> CeremonyId {
        self.roster.ceremony
    }

    /// The invitation.
    #[must_use]
    pub const fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    /// n.
    #[must_use]
    pub const fn members(&self) -> u8 {
        self.invitation.members
    }

    /// q.
    #[must_use]
    pub const fn quorum(&self) -> u8 {
        self.invitation.quorum
    }

    /// The members to be, in the order of their indices.
    pub fn roster(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.roster.enrolments.iter().map(|seat| &seat.body.member)
    }

    /// The identity of the member with this index.
    #[must_use]
    pub fn identity(&self, member: MemberIndex) -> Option<PublicKey> {
        let seat = self.roster.enrolments.get(member.as_usize())?;
        Some(seat.author)
    }

    /// The index of the member with this identity.
    #[must_use]
    pub fn index_of(&self, identity: &PublicKey) -> Option<MemberIndex> {
        let mut seats = MemberIndex::all(self.members()).zip(&self.roster.enrolments);
        seats
            .find(|(_, seat)| seat.author == *identity)
            .map(|(index, _)| index)
    }

    /// E of each member, by index.
    pub(crate) fn encryption_keys(&self) -> &[G1Point] {
        &self.encryption_keys
    }

    pub(crate) fn encryption_key(&self, member: MemberIndex) -> Option<&G1Point> {
        self.encryption_keys.get(member.as_usize())
    }

    /// The committee that these keys make of the session's members.
    pub(crate) fn committee(&self, keys: PublicKeys, provenance: Provenance) -> Option<Committee> {
        let schedule = self.invitation.schedule(self.roster.started);
        let Invitation { name, rules, .. } = &self.invitation;
        let public_key = keys.commitment.first().copied()?;
        Some(Committee {
            format: committee::FORMAT,
            provenance,
            name: name.clone(),
            auction: Committee::auction_id(name, schedule, rules),
            key: Committee::key_id(public_key, keys.public_key_2),
            epoch: Epoch(0),
            quorum: self.quorum(),
            schedule,
            rules: rules.clone(),
            roster: self.roster().cloned().collect(),
            keys,
        })
    }
}

/// The session id binds the inviter and the invitation (n, q, name, rules, times), both by the
/// ceremony's id, and the roster with its encryption keys.
fn session_id(ceremony: CeremonyId, roster: &Roster) -> SessionId {
    let mut hasher = blake3::Hasher::new_derive_key(context::CEREMONY_SESSION);
    hasher.update(ceremony.as_bytes()).update(&encode(roster));
    SessionId::from(*hasher.finalize().as_bytes())
}

/// Checks an enrolment by itself; returns its encryption key.
pub(crate) fn check_enrolment(
    ceremony: CeremonyId,
    enrolment: &Signed<Enrolment>,
) -> Result<G1Point, EnrolmentError> {
    let Enrolment {
        ceremony: found,
        member,
        encryption_key,
    } = &enrolment.body;
    if *found != ceremony {
        return Err(EnrolmentError::Ceremony);
    }
    if enrolment.author != member.identity || enrolment.verify().is_err() {
        return Err(EnrolmentError::Signature);
    }
    let addresses = member
        .house_addresses
        .len()
        .max(member.door_addresses.len());
    // So that n of them fit into a roster, whatever a participant has to say of itself.
    if addresses > MOST_ADDRESSES || member.relay.len() > MOST_RELAY_BYTES {
        return Err(EnrolmentError::Contact);
    }
    G1Point::decompress(&encryption_key.0).map_err(EnrolmentError::EncryptionKey)
}

/// One set for identities, houses and doors: no key may serve two seats, nor two purposes in one.
/// Encryption keys are points of G1, and are compared among themselves.
fn check_distinct(enrolments: &[Signed<Enrolment>]) -> Result<(), RosterError> {
    let (mut keys, mut encryption_keys) = (BTreeSet::new(), BTreeSet::new());
    for (index, seat) in (0u8..).map(MemberIndex).zip(enrolments) {
        let Enrolment {
            member,
            encryption_key,
            ..
        } = &seat.body;
        let own = [member.identity, member.house, member.door];
        let new = own.into_iter().all(|key| keys.insert(key));
        if !new || !encryption_keys.insert(*encryption_key) {
            return Err(RosterError::SharedKey(index));
        }
    }
    Ok(())
}

/// No address in two seats. Twice in one seat is its owner's affair.
fn check_addresses(enrolments: &[Signed<Enrolment>]) -> Result<(), RosterError> {
    let mut taken = BTreeMap::new();
    for (other, seat) in (0u8..).map(MemberIndex).zip(enrolments) {
        for address in addresses(&seat.body.member) {
            match taken.insert(address, other) {
                Some(one) if one != other => {
                    return Err(RosterError::SharedAddress {
                        one,
                        other,
                        address,
                    });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Where a member listens, at both of its endpoints.
pub(crate) fn addresses(member: &Member) -> impl Iterator<Item = SocketAddr> + '_ {
    let all = member.house_addresses.iter().chain(&member.door_addresses);
    all.copied()
}
