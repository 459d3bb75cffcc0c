//! Complaints: one Diffie-Hellman point, revealed, shows who lies (as ChillDKG's investigation of
//! faulty shares does, here without asking anybody, by a proof of equal logarithms).
//!
//! The point is K = R^e. The dealer knows r, and has shown that it does, so that it could have
//! computed K itself: of other dealers' payloads, and of e, a complaint tells nothing. The session
//! is void either way.

use ed25519_dalek::SigningKey;
use sealbid_crypto::group::{G1Point, SecretScalar};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use crate::check::{ReadDealing, read_dealing};
use crate::fault::{Fault, FaultReason};
use crate::message::{Complaint, Dealing};
use crate::payload::{Payload, Route, contribution_digest};
use crate::proof::{EqualityProof, SharedPoint};
use crate::secret::SessionSecret;
use crate::session::Session;
use crate::signed::{Signable, Signed};

/// The way of a dealing's payload to a member.
pub(crate) fn route(
    session: &Session,
    dealing: &ReadDealing,
    recipient: MemberIndex,
) -> Option<Route> {
    Some(Route {
        session: session.id(),
        dealer: dealing.dealer,
        recipient,
        encryption_key: *session.encryption_key(recipient)?,
        ephemeral_key: dealing.ephemeral_key,
    })
}

/// The share in `payload`, if it is the committed polynomial's and the contribution fits too.
pub(crate) fn check_payload(
    route: &Route,
    dealing: &Dealing,
    read: &ReadDealing,
    payload: &Payload,
) -> Option<SecretScalar> {
    // Bytes that are no reduced scalar, or zero, are a bad payload like any other.
    let share = payload.share()?;
    let expected = read.commitment.share_key(route.recipient)?;
    // A dealer that gave each member another contribution would leave them with different secrets,
    // and with no group in common.
    let digest = contribution_digest(route.session, route.dealer, &payload.contribution);
    let fits = G1Point::generator().times_secret(&share) == expected;
    (fits && digest == dealing.contribution).then_some(share)
}

/// Complains about the payload in `dealing` for the member with this index.
pub(crate) fn complain(
    session: &Session,
    accuser: MemberIndex,
    dealing: &Signed<Dealing>,
    read: &ReadDealing,
    secret: &SessionSecret,
    identity: &SigningKey,
) -> Option<Signed<Complaint>> {
    let encryption_secret = secret.encryption_secret(session.ceremony());
    // Not `times_secret_kept`, as on the way to a share: this point is about to be shown.
    let shared = read.ephemeral_key.times_secret(&encryption_secret);
    let statement = statement(&route(session, read, accuser)?, shared);
    // One nonce for one dealing: the same complaint is the same proof, and no two proofs share a
    // nonce, of which e could be computed.
    let nonce = secret.equality_nonce(&dealing.body.signing_digest());
    let complaint = Complaint {
        session: session.id(),
        accuser,
        // With its signature, so that it is judged by those too who were shown another dealing.
        dealing: Box::new(dealing.clone()),
        shared_point: FixedBytes(shared.compress()),
        proof: EqualityProof::new(&statement, &encryption_secret, nonce),
    };
    Some(Signed::new(complaint, identity))
}

/// Judges a complaint whose signature, and whose dealing's signature, hold: the dealer or the
/// accuser is at fault.
pub(crate) fn judge(session: &Session, complaint: &Complaint) -> Fault {
    let dealer = complaint.dealing.body.dealer;
    match read_dealing(session, &complaint.dealing.body) {
        // Everybody sees that; no share is needed.
        Err(error) => Fault::of(dealer, FaultReason::Dealing(error)),
        Ok(read) => match is_right(session, complaint, &read) {
            // All but a proven bad payload counts against the accuser: if a complaint that shows
            // nothing were only dropped, or blamed on nobody, a session could be voided for free.
            Some(false) => Fault::of(dealer, FaultReason::BadShare(complaint.accuser)),
            _ => Fault::of(complaint.accuser, FaultReason::FalseAccusation(dealer)),
        },
    }
}

/// Whether the payload is what it should be; none if the complaint does not show it.
fn is_right(session: &Session, complaint: &Complaint, read: &ReadDealing) -> Option<bool> {
    let route = route(session, read, complaint.accuser)?;
    let shared = G1Point::decompress(&complaint.shared_point.0).ok()?;
    // Before the payload is opened: by a point of the accuser's choice any payload opens to
    // garbage.
    if !complaint.proof.holds(&statement(&route, shared)) {
        return None;
    }
    let dealing = &complaint.dealing.body;
    let sealed = dealing.payloads.get(complaint.accuser.as_usize())?;
    let payload = route.open(&shared.encode(), sealed);
    Some(check_payload(&route, dealing, read, &payload).is_some())
}

const fn statement(route: &Route, shared: G1Point) -> SharedPoint {
    SharedPoint {
        session: route.session,
        dealer: route.dealer,
        recipient: route.recipient,
        encryption_key: route.encryption_key,
        ephemeral_key: route.ephemeral_key,
        shared,
    }
}
