//! What travels in a ceremony: seven kinds of signed messages, all of them public.

use std::net::SocketAddr;

use sealbid_types::bytes::FixedBytes;
use sealbid_types::ceremony::Confirmation;
use sealbid_types::committee::{Member, Rules};
use sealbid_types::id::{CeremonyId, MemberIndex, SessionId};
use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::context;
use crate::proof::{EqualityProof, PossessionProof};
use crate::signed::{Signable, Signed, signable};

/// The version of these messages; all participants must speak the same.
pub const FORMAT: u16 = 2;

/// Bytes of one recipient's payload: a share and a contribution to the group's secret.
pub const PAYLOAD_BYTES: usize = 64;

/// What a ceremony is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A committee key that nobody has had before: epoch 0.
    NewKey,
}

/// Where the participants of a networked ceremony meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// The endpoint that holds the board.
    pub endpoint: PublicKey,
    /// Where it listens (UDP).
    pub addresses: Vec<SocketAddr>,
    /// A relay through which it can be reached too.
    pub relay: Option<String>,
}

/// What is to be made, by whom it is called, and until when: signed by the inviter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// [`FORMAT`].
    pub format: u16,
    /// What for.
    pub purpose: Purpose,
    /// The auction's name.
    pub name: String,
    /// n.
    pub members: u8,
    /// q.
    pub quorum: u8,
    /// The length of a slot, in milliseconds.
    pub period_ms: u32,
    /// The quote window, in milliseconds.
    pub quote_window_ms: u32,
    /// What the auction clears by.
    pub rules: Rules,
    /// When this was written.
    pub created: Timestamp,
    /// Until when participants enrol and the roster is called.
    pub deadline: Timestamp,
    /// Where to meet; nowhere, if messages are carried as files.
    pub meeting: Option<Meeting>,
    /// Tells two ceremonies of the same words apart.
    pub nonce: FixedBytes<32>,
}
sealbid_types::schema!(Invitation, "sealbid.ceremony.invitation", 1, 4096);
signable!(Invitation, context::INVITATION);

impl Signed<Invitation> {
    /// The ceremony's id: of the invitation **and** of who signed it. Without the inviter in it,
    /// anybody could sign the invitation and the roster of a finished ceremony again, and pass for
    /// who had called it.
    #[must_use]
    pub fn ceremony(&self) -> CeremonyId {
        let mut hasher = blake3::Hasher::new_derive_key(sealbid_types::id::context::CEREMONY);
        hasher
            .update(self.author.as_bytes())
            .update(&self.body.signing_digest());
        CeremonyId::from(*hasher.finalize().as_bytes())
    }
}

/// Who wants a seat: signed by the identity key in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The ceremony.
    pub ceremony: CeremonyId,
    /// The member to be.
    pub member: Member,
    /// `E = g^e`: shares for this participant are encrypted to it. Fresh for each ceremony.
    ///
    /// No proof that its owner knows e is asked for. A participant that enrols with a key made of
    /// another's, such as E², can open nothing that is encrypted to it, and nobody else's payload
    /// is encrypted to it; equal keys are refused with the roster. Nor is e ever multiplied to a
    /// point that is then shown, but for one whose dealer has proved that it knows its logarithm
    /// ([`Dealing::ephemeral_proof`]).
    pub encryption_key: FixedBytes<48>,
}
sealbid_types::schema!(Enrolment, "sealbid.ceremony.enrolment", 1, 2048);
signable!(Enrolment, context::ENROLMENT);

/// Who takes part, in the order of their indices: signed by the inviter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// The ceremony.
    pub ceremony: CeremonyId,
    /// n enrolments.
    pub enrolments: Vec<Signed<Enrolment>>,
    /// From when the auction's slots are counted.
    pub started: Timestamp,
}
sealbid_types::schema!(Roster, "sealbid.ceremony.roster", 1, 40 << 10);
signable!(Roster, context::ROSTER);

/// The digest of a dealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DealingDigest(pub FixedBytes<32>);

/// What a participant will deal, before it has seen anybody else's dealing, or shown its own to
/// anybody: who deals last chooses nothing, then (Blum, Coin Flipping by Telephone, 1981). The
/// dealing's own entropy hides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// The session.
    pub session: SessionId,
    /// Whose dealing.
    pub dealer: MemberIndex,
    /// Its digest.
    pub dealing: DealingDigest,
}
sealbid_types::schema!(Commitment, "sealbid.ceremony.commitment", 1, 128);
signable!(Commitment, context::COMMITMENT);

/// One participant's sharing of its own random secret f(0), for everybody to check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dealing {
    /// The session.
    pub session: SessionId,
    /// Whose dealing.
    pub dealer: MemberIndex,
    /// `g^{a_k}`, k from 0 to q - 1, uncompressed: reading it costs half as much.
    pub commitment: Vec<FixedBytes<96>>,
    /// `g2^{a_k}`, the same in G2.
    pub commitment_2: Vec<FixedBytes<192>>,
    /// The dealer knows a_0.
    pub proof: PossessionProof,
    /// `R = g^r`, r fresh.
    pub ephemeral_key: FixedBytes<48>,
    /// The dealer knows r.
    pub ephemeral_proof: PossessionProof,
    /// The digest of the contribution in each payload.
    pub contribution: FixedBytes<32>,
    /// For each member, by index: its share f(i + 1), little endian, and the contribution, under a
    /// pad from the Diffie-Hellman point of R and its encryption key.
    pub payloads: Vec<FixedBytes<PAYLOAD_BYTES>>,
}
sealbid_types::schema!(Dealing, "sealbid.ceremony.dealing", 2, 10 << 10);
signable!(Dealing, context::DEALING);

impl Dealing {
    /// Its digest, which its dealer has committed to.
    #[must_use]
    pub fn digest(&self) -> DealingDigest {
        DealingDigest(FixedBytes(self.signing_digest()))
    }
}

/// A payload that does not hold what its dealer committed to. It shows the one Diffie-Hellman point
/// that opens it, and so whether dealer or accuser lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// The session.
    pub session: SessionId,
    /// Whose payload.
    pub accuser: MemberIndex,
    /// The dealing, with its dealer's signature.
    pub dealing: Box<Signed<Dealing>>,
    /// `K = R^e`.
    pub shared_point: FixedBytes<48>,
    /// `log_g E = log_R K`.
    pub proof: EqualityProof,
}
sealbid_types::schema!(Complaint, "sealbid.ceremony.complaint", 2, 12 << 10);
signable!(Complaint, context::COMPLAINT);

/// A participant has checked everything, and what it has checked.
///
/// The certificate's signature covers the dealings by one digest only, of which nobody could tell
/// what went into it. So the dealers' own commitments are shown beside it, under a signature over
/// all: a digest that no dealer has signed is then its maker's, and two that one dealer has signed
/// are the dealer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// The result.
    pub confirmation: Confirmation,
    /// The signature over it: the author's part of the ceremony's certificate.
    pub signature: Signature,
    /// What the dealers committed to, by index: the dealings that were checked.
    pub commitments: Vec<Signed<Commitment>>,
}
sealbid_types::schema!(Confirmed, "sealbid.ceremony.confirmed", 1, 4 << 10);
signable!(Confirmed, context::CONFIRMED);

/// Any message of a ceremony.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The ceremony begins.
    Invitation(Signed<Invitation>),
    /// Somebody wants a seat.
    Enrolment(Signed<Enrolment>),
    /// The seats are taken.
    Roster(Signed<Roster>),
    /// A participant has made up its dealing.
    Commitment(Signed<Commitment>),
    /// A participant has dealt.
    Dealing(Signed<Dealing>),
    /// A participant has checked everything.
    Confirmation(Signed<Confirmed>),
    /// A participant was dealt something wrong.
    Complaint(Signed<Complaint>),
}
sealbid_types::schema!(Message, "sealbid.ceremony.message", 2, 48 << 10);

/// What a message is called: the digest of author, kind and body. The signature is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId(pub FixedBytes<32>);

impl Message {
    /// The message's id.
    #[must_use]
    pub fn id(&self) -> MessageId {
        let (author, body) = match self {
            Self::Invitation(signed) => named(signed),
            Self::Enrolment(signed) => named(signed),
            Self::Roster(signed) => named(signed),
            Self::Commitment(signed) => named(signed),
            Self::Dealing(signed) => named(signed),
            Self::Confirmation(signed) => named(signed),
            Self::Complaint(signed) => named(signed),
        };
        let mut hasher = blake3::Hasher::new_derive_key(context::MESSAGE);
        hasher.update(author.as_bytes()).update(&body);
        MessageId(FixedBytes(*hasher.finalize().as_bytes()))
    }

    /// Its author's identity key.
    #[must_use]
    pub const fn author(&self) -> PublicKey {
        match self {
            Self::Invitation(signed) => signed.author,
            Self::Enrolment(signed) => signed.author,
            Self::Roster(signed) => signed.author,
            Self::Commitment(signed) => signed.author,
            Self::Dealing(signed) => signed.author,
            Self::Confirmation(signed) => signed.author,
            Self::Complaint(signed) => signed.author,
        }
    }

    /// What it is, in a word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Invitation(_) => "invitation",
            Self::Enrolment(_) => "enrolment",
            Self::Roster(_) => "roster",
            Self::Commitment(_) => "commitment",
            Self::Dealing(_) => "dealing",
            Self::Confirmation(_) => "confirmation",
            Self::Complaint(_) => "complaint",
        }
    }
}

/// Signing digests differ by kind, since each kind has a context of its own.
fn named<T: Signable>(signed: &Signed<T>) -> (PublicKey, [u8; 32]) {
    (signed.author, signed.body.signing_digest())
}
