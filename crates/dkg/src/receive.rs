//! A member's own part of all dealings: its share.

use std::sync::Arc;

use sealbid_crypto::group::{G1Point, SecretScalar};
use sealbid_types::ceremony::Confirmation;
use sealbid_types::committee::{Committee, Provenance, PublicKeys};
use sealbid_types::id::{MemberIndex, SessionId, TranscriptDigest, context};

use crate::check::{ReadDealing, check_all};
use crate::commitment::PolynomialCommitment;
use crate::complaint::{check_payload, route};
use crate::fault::Void;
use crate::message::{Dealing, DealingDigest};
use crate::payload::{Payload, contribution_digest, group_secret};
use crate::secret::{SecretBytes, SessionSecret};
use crate::session::Session;
use crate::signed::Signed;

/// What came of checking a session's dealings by what everybody can see.
pub(crate) struct Checked {
    /// Which dealings these are.
    transcript: TranscriptDigest,
    /// By dealer.
    read: Vec<ReadDealing>,
    /// None if a coefficient or a key of the sum is the identity.
    sum: Option<Sum>,
}

/// What all dealings come to.
struct Sum {
    commitment: PolynomialCommitment,
    keys: PublicKeys,
}

/// The dealings of all members, checked: the public half of a result.
pub(crate) struct Dealt<'a> {
    pub(crate) session: &'a Session,
    /// By dealer.
    dealings: Vec<&'a Signed<Dealing>>,
    pub(crate) checked: Arc<Checked>,
}

/// What a member has of a session.
#[derive(Debug)]
pub(crate) struct Received {
    /// s_i.
    pub(crate) share: SecretScalar,
    /// What all members share to form their group.
    pub(crate) group: SecretBytes,
}

/// Why a member has no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoShare {
    /// This dealer's payload is not what it should be.
    BadPayload(MemberIndex),
    /// All payloads are right and a sum is zero, as one in 2^255 is: dealers that have committed
    /// before they see each other's dealings cannot bring it about.
    Degenerate,
}

impl Checked {
    fn of(session: &Session, dealings: &[&Signed<Dealing>]) -> Result<Self, Void> {
        let read = check_all(session, dealings)?;
        let commitments: Vec<_> = read.iter().map(|dealing| &dealing.commitment).collect();
        // That there is no sum is no verdict yet: payloads may show who is to blame.
        let sum = PolynomialCommitment::sum_of(&commitments, session.quorum());
        let sum = sum.and_then(|commitment| {
            let keys = commitment.public_keys(session.members())?;
            Some(Sum { commitment, keys })
        });
        Ok(Self {
            transcript: digest_of_dealings(session, dealings),
            read,
            sum,
        })
    }
}

impl core::fmt::Debug for Checked {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Checked({:?})", self.transcript)
    }
}

impl<'a> Dealt<'a> {
    /// Checks the dealings of all members, one each, in their order.
    pub(crate) fn check(
        session: &'a Session,
        dealings: Vec<&'a Signed<Dealing>>,
    ) -> Result<Self, Void> {
        let checked = Arc::new(Checked::of(session, &dealings)?);
        Ok(Self {
            session,
            dealings,
            checked,
        })
    }

    /// The same, unless `before` came of these very dealings.
    ///
    /// A participant is asked anew whenever a message comes, and the pairings are most of the work.
    pub(crate) fn check_unless(
        before: Option<&Arc<Checked>>,
        session: &'a Session,
        dealings: Vec<&'a Signed<Dealing>>,
    ) -> Result<Self, Void> {
        let transcript = digest_of_dealings(session, &dealings);
        match before.filter(|checked| checked.transcript == transcript) {
            Some(checked) => Ok(Self {
                session,
                dealings,
                checked: Arc::clone(checked),
            }),
            None => Self::check(session, dealings),
        }
    }

    /// A dealing, as it travelled and as it was read.
    pub(crate) fn dealing(
        &self,
        dealer: MemberIndex,
    ) -> Option<(&'a Signed<Dealing>, &ReadDealing)> {
        let dealing = self.dealings.get(dealer.as_usize())?;
        Some((dealing, self.checked.read.get(dealer.as_usize())?))
    }

    /// The transcript's digest: the session and all dealings.
    pub(crate) fn transcript(&self) -> TranscriptDigest {
        self.checked.transcript
    }

    /// The committee that the dealings make; none if their sum is none.
    pub(crate) fn committee(&self, provenance: Provenance) -> Option<Committee> {
        let keys = self.checked.sum.as_ref()?.keys.clone();
        self.session.committee(keys, provenance)
    }

    /// What every member signs; none if the dealings make no committee.
    pub(crate) fn confirmation(&self) -> Option<Confirmation> {
        // The digest does not cover the provenance.
        let committee = self.committee(Provenance::DevelopmentDealer)?;
        Some(Confirmation {
            session: self.session.id(),
            transcript: self.transcript(),
            committee: committee.certified_digest(),
        })
    }

    /// The share of the member with this index (EncPedPop, step 2, and SimplPedPop's check that
    /// the sum of the shares lies on the sum of the polynomials; dealer by dealer only if not).
    pub(crate) fn receive(
        &self,
        member: MemberIndex,
        secret: &SessionSecret,
    ) -> Result<Received, NoShare> {
        let payloads = self.open_payloads(member, secret);
        if let Some(received) = self.add_up(member, &payloads) {
            return Ok(received);
        }
        // One by one only now: it takes n multiplications, and names who is to blame.
        let all = self.dealings.iter().zip(&self.checked.read).zip(&payloads);
        for ((dealing, read), payload) in all {
            let right = route(self.session, read, member)
                .and_then(|route| check_payload(&route, &dealing.body, read, payload));
            if right.is_none() {
                return Err(NoShare::BadPayload(read.dealer));
            }
        }
        // All payloads are right, and still nothing adds up: a coefficient, a key or the share is
        // none.
        Err(NoShare::Degenerate)
    }

    /// This member's payload of each dealing, by dealer. None is left out where a session is
    /// checked: the payloads are n, and the member has a seat.
    fn open_payloads(&self, member: MemberIndex, secret: &SessionSecret) -> Vec<Payload> {
        let encryption_secret = secret.encryption_secret(self.session.ceremony());
        let open = |(dealing, read): (&&Signed<Dealing>, &ReadDealing)| {
            let sealed = dealing.body.payloads.get(member.as_usize())?;
            let route = route(self.session, read, member)?;
            let shared = read.ephemeral_key.times_secret_kept(&encryption_secret);
            Some(shared.expose(|shared| route.open(shared, sealed)))
        };
        let dealings = self.dealings.iter().zip(&self.checked.read);
        dealings.filter_map(open).collect()
    }

    /// The share, if the sum of all payloads is right: one multiplication, whatever n is. None says
    /// that something is not right, and not what.
    fn add_up(&self, member: MemberIndex, payloads: &[Payload]) -> Option<Received> {
        let session = self.session.id();
        // Each by itself: contributions are hashed together and not added, so there is no sum to
        // check.
        for (dealing, payload) in self.dealings.iter().zip(payloads) {
            let dealer = dealing.body.dealer;
            let digest = contribution_digest(session, dealer, &payload.contribution);
            if digest != dealing.body.contribution {
                return None;
            }
        }
        let shares: Option<Vec<SecretScalar>> = payloads.iter().map(Payload::share).collect();
        let share = SecretScalar::sum_of(&shares?)?;
        let expected = self.checked.sum.as_ref()?.commitment.share_key(member)?;
        let fits = G1Point::generator().times_secret(&share) == expected;
        let contributions = payloads.iter().map(|payload| &payload.contribution);
        fits.then(|| Received {
            share,
            group: group_secret(session, contributions),
        })
    }
}

fn digest_of_dealings(session: &Session, dealings: &[&Signed<Dealing>]) -> TranscriptDigest {
    let digests = dealings.iter().map(|dealing| dealing.body.digest());
    transcript_digest(session.id(), digests)
}

/// The digest over the session and all dealings, in the dealers' order.
pub(crate) fn transcript_digest(
    session: SessionId,
    dealings: impl Iterator<Item = DealingDigest>,
) -> TranscriptDigest {
    let mut hasher = blake3::Hasher::new_derive_key(context::CEREMONY_TRANSCRIPT);
    hasher.update(session.as_bytes());
    for DealingDigest(digest) in dealings {
        hasher.update(digest.as_bytes());
    }
    TranscriptDigest::from(*hasher.finalize().as_bytes())
}
