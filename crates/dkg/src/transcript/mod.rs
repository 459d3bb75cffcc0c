//! The transcript: everything that shows how a committee came by its key.

use sealbid_crypto::group::SecretScalar;
use sealbid_types::ceremony::CeremonyCertificate;
use sealbid_types::codec::{DecodeError, decode, encode};
use sealbid_types::committee::{Committee, CommitteeError, Provenance};
use sealbid_types::id::MemberIndex;
use sealbid_types::keys::{PublicKey, Signature};
use serde::{Deserialize, Serialize};

use crate::board::Board;
use crate::fault::{Fault, FaultReason, Void};
use crate::invitation::InvitationError;
use crate::message::{Dealing, Invitation, Roster};
use crate::receive::{Dealt, Received};
use crate::secret::{SecretBytes, SessionSecret};
use crate::session::{RosterError, Session};
use crate::signed::Signed;

/// A whole ceremony, for anybody to check. It holds no secret in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// The invitation.
    pub invitation: Signed<Invitation>,
    /// The roster.
    pub roster: Signed<Roster>,
    /// Each member's dealing, by index.
    pub dealings: Vec<Signed<Dealing>>,
    /// Each member's signature over the result, by index.
    pub confirmations: Vec<Signature>,
}
sealbid_types::schema!(Transcript, "sealbid.ceremony.transcript", 2, 256 << 10);

/// Why a transcript shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TranscriptError {
    /// Not the encoding of a transcript.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The invitation makes no sense.
    #[error("the invitation: {0}")]
    Invitation(#[from] InvitationError),
    /// The invitation's signature does not verify.
    #[error("the inviter's signature does not verify")]
    Inviter,
    /// The roster is not one.
    #[error("the roster: {0}")]
    Roster(#[from] RosterError),
    /// Not n dealings.
    #[error("{found} dealings, expected {expected}")]
    Dealings {
        /// n.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A dealing is not its member's, or not of this session.
    #[error("the dealing of member-{} is not of this session, or not signed by it", .0.number())]
    Dealer(MemberIndex),
    /// The dealings are wrong.
    #[error(transparent)]
    Void(#[from] Void),
    /// The committee that they make is none, or its certificate does not hold.
    #[error(transparent)]
    Committee(#[from] CommitteeError),
}

/// Why no share can be recovered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// The transcript shows nothing.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// The identity holds no seat.
    #[error("this identity is not in the transcript's roster")]
    Stranger,
    /// The secret is another session's.
    #[error("the session secret is not the one that this member's shares are encrypted to")]
    Foreign,
    /// The payloads do not hold what was dealt: nobody confirmed that.
    #[error("the transcript holds no share for this member")]
    NoShare,
}

/// A member's part, got back from its session secret and the transcript.
#[derive(Debug)]
pub struct Recovered {
    /// Everything public.
    pub committee: Committee,
    /// Its place in the roster.
    pub index: MemberIndex,
    /// `s_i`.
    pub share: SecretScalar,
    /// What all members share to form their group.
    pub group: SecretBytes,
}

impl Transcript {
    /// The transcript of a ceremony that `certificate` concludes: the first messages of each kind.
    pub(crate) fn of(board: &Board, certificate: &CeremonyCertificate) -> Option<Self> {
        let members = board.invitation().body.members;
        let dealings = MemberIndex::all(members).map(|member| board.dealings(member).first());
        Some(Self {
            invitation: board.invitation().clone(),
            roster: board.rosters().first()?.clone(),
            dealings: dealings.map(Option::<&_>::cloned).collect::<Option<_>>()?,
            confirmations: certificate.signatures.clone(),
        })
    }

    /// The transcript as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a transcript. Nothing in it is checked yet: see [`Self::verify`].
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }

    /// Checks all of it (signatures, proofs, degrees, certificate) and computes the committee.
    ///
    /// It cannot show that the dealers had committed before they dealt: that each of those who signed
    /// the result saw it so is what the signatures say.
    ///
    /// # Errors
    /// [`TranscriptError`], the first that is found.
    pub fn verify(&self) -> Result<Committee, TranscriptError> {
        let session = self.session()?;
        self.committee(&self.dealt(&session)?)
    }

    /// The session, checked.
    ///
    /// # Errors
    /// [`TranscriptError`]: `Invitation`, `Inviter` or `Roster`.
    pub fn session(&self) -> Result<Session, TranscriptError> {
        self.invitation.body.check()?;
        let signed = self.invitation.verify();
        signed.map_err(|_| TranscriptError::Inviter)?;
        Ok(Session::new(&self.invitation, &self.roster)?)
    }

    /// Gets back the share of the member with this identity, whose shares `secret` opens.
    ///
    /// # Errors
    /// [`RecoverError`].
    pub fn recover(
        &self,
        secret: &SessionSecret,
        identity: &PublicKey,
    ) -> Result<Recovered, RecoverError> {
        let session = self.session()?;
        let dealt = self.dealt(&session)?;
        let committee = self.committee(&dealt)?;
        let index = session.index_of(identity).ok_or(RecoverError::Stranger)?;
        let key = secret.encryption_key(session.ceremony());
        if session.encryption_key(index) != Some(&key) {
            return Err(RecoverError::Foreign);
        }
        let received = dealt.receive(index, secret);
        let Received { share, group } = received.map_err(|_| RecoverError::NoShare)?;
        Ok(Recovered {
            committee,
            index,
            share,
            group,
        })
    }

    fn dealt<'a>(&'a self, session: &'a Session) -> Result<Dealt<'a>, TranscriptError> {
        let (expected, found) = (usize::from(session.members()), self.dealings.len());
        if expected != found {
            return Err(TranscriptError::Dealings { expected, found });
        }
        for (member, dealing) in MemberIndex::all(session.members()).zip(&self.dealings) {
            let is_its = dealing.body.dealer == member
                && dealing.body.session == session.id()
                && session.identity(member) == Some(dealing.author)
                && dealing.verify().is_ok();
            if !is_its {
                return Err(TranscriptError::Dealer(member));
            }
        }
        Ok(Dealt::check(session, self.dealings.iter().collect())?)
    }

    fn committee(&self, dealt: &Dealt<'_>) -> Result<Committee, TranscriptError> {
        let certificate = CeremonyCertificate {
            session: dealt.session.id(),
            transcript: dealt.transcript(),
            signatures: self.confirmations.clone(),
        };
        let committee = dealt.committee(Provenance::Ceremony(certificate));
        let degenerate = || Void::from(Fault::of_nobody(FaultReason::Degenerate));
        let committee = committee.ok_or_else(degenerate)?;
        committee.check()?;
        Ok(committee)
    }
}

#[cfg(test)]
mod tests;
