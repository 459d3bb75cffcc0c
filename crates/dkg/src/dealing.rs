//! Making a dealing.

use ed25519_dalek::SigningKey;
use sealbid_crypto::group::{G1Point, SecretScalar};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use crate::message::{Dealing, PAYLOAD_BYTES};
use crate::payload::{Route, contribution_digest};
use crate::polynomial::Polynomial;
use crate::proof::{Dealer, Possessed, PossessionProof};
use crate::secret::{SecretBytes, SessionSecret};
use crate::session::Session;
use crate::signed::Signed;

/// The dealing of the member with this index: the same each time, for the same secret and session.
///
/// None if a share comes to zero, as one in 2^255 does.
pub(crate) fn deal(
    session: &Session,
    index: MemberIndex,
    secret: &SessionSecret,
    identity: &SigningKey,
) -> Option<Signed<Dealing>> {
    let id = session.id();
    // SimplPedPop, step 1: a random polynomial of exactly q coefficients …
    let polynomial = secret.polynomial(id, session.quorum());
    // … its commitment, in both groups …
    let commitment = polynomial.commitment();
    let commitment_2 = polynomial.commitment_2();
    // … and the proof of possession of a_0, in its own domain.
    let dealer = Dealer { session: id, index };
    let nonce = secret.possession_nonce(id);
    let (constant, public) = (polynomial.constant()?, commitment.first()?);
    let proof = PossessionProof::new(dealer, Possessed::Secret, constant, public, nonce);
    // EncPedPop, step 1: every member's share under a pad that only it and the dealer have.
    let ephemeral = secret.ephemeral(id);
    let sealing = Sealing {
        session,
        index,
        ephemeral_key: G1Point::generator().times_secret(&ephemeral),
        ephemeral,
        contribution: secret.contribution(id),
    };
    // Not in the paper: the proof that R is the dealer's own, without which a complaint about one
    // dealing could open another.
    let ephemeral_key = sealing.ephemeral_key;
    let ephemeral_proof = PossessionProof::new(
        dealer,
        Possessed::Ephemeral,
        &sealing.ephemeral,
        &ephemeral_key,
        secret.ephemeral_nonce(id),
    );
    let dealing = Dealing {
        session: id,
        dealer: index,
        commitment: commitment.iter().map(|p| FixedBytes(p.encode())).collect(),
        commitment_2: commitment_2
            .iter()
            .map(|p| FixedBytes(p.encode()))
            .collect(),
        proof,
        ephemeral_key: FixedBytes(ephemeral_key.compress()),
        ephemeral_proof,
        contribution: contribution_digest(id, index, &sealing.contribution),
        payloads: sealing.payloads(&polynomial)?,
    };
    Some(Signed::new(dealing, identity))
}

/// What all payloads of one dealing share. One ephemeral key serves every recipient, since each pad
/// is bound to its recipient and that one's key.
struct Sealing<'a> {
    session: &'a Session,
    index: MemberIndex,
    /// r.
    ephemeral: SecretScalar,
    /// R.
    ephemeral_key: G1Point,
    /// The same for every member: the dealing shows one digest of it.
    contribution: SecretBytes,
}

impl Sealing<'_> {
    /// By index, the dealer's own among them: it receives its share as everybody else does, and
    /// recovers it in the same way.
    fn payloads(&self, polynomial: &Polynomial) -> Option<Vec<FixedBytes<PAYLOAD_BYTES>>> {
        MemberIndex::all(self.session.members())
            .zip(self.session.encryption_keys())
            .map(|(recipient, encryption_key)| {
                let route = Route {
                    session: self.session.id(),
                    dealer: self.index,
                    recipient,
                    encryption_key: *encryption_key,
                    ephemeral_key: self.ephemeral_key,
                };
                let share = polynomial.evaluate(recipient.0.saturating_add(1))?;
                let shared = encryption_key.times_secret_kept(&self.ephemeral);
                Some(route.seal(&shared, &share, &self.contribution))
            })
            .collect()
    }
}
