//! Ephemeral keys that are another's: what a complaint shows must open nothing but what it is about.

use sealbid_crypto::group::G1Point;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::{MALLORY, N, Q, conclude, honest_dealing, only_mallory, reason_of_dealing, scalar};
use super::{scalar_point, with_dealings};
use crate::check::{DealingError, read_dealing};
use crate::complaint::{check_payload, route};
use crate::fault::FaultReason;
use crate::message::Dealing;
use crate::proof::{Dealer, Possessed, PossessionProof};
use crate::testing::{Ceremony, secret};

/// What the liar is named for, whatever it copied.
const EPHEMERAL: FaultReason = FaultReason::Dealing(DealingError::EphemeralPossession);
/// Whose ephemeral key is copied.
const ALICE: u8 = 0;

/// How many of Alice's payloads the complaints on the board open for whoever reads them.
fn opened_of_alice(ceremony: &Ceremony) -> usize {
    let session = ceremony.session();
    let dealing = &ceremony.board.dealings(MemberIndex(ALICE))[0].body;
    let read = read_dealing(session, dealing).unwrap();
    let opens = |accuser: MemberIndex, shared: &FixedBytes<48>| {
        let route = route(session, &read, accuser).unwrap();
        let shared = G1Point::decompress(&shared.0).unwrap().encode();
        let payload = route.open(&shared, &dealing.payloads[accuser.as_usize()]);
        check_payload(&route, dealing, &read, &payload).is_some()
    };
    let complaints = ceremony.board.complaints();
    let opened = complaints.filter(|said| opens(said.body.accuser, &said.body.shared_point));
    opened.count()
}

/// Mallory deals garbage under Alice's R, so that every recipient would complain with its R^e, which
/// opens Alice's payload too. All that Mallory can prove is tried.
#[test]
fn garbage_under_anothers_ephemeral_key_opens_nothing_of_theirs() {
    for proof in 0..3u8 {
        let ceremony = Ceremony::called(N, Q);
        let theirs = honest_dealing(&ceremony, ALICE);
        let own = honest_dealing(&ceremony, MALLORY);
        let ephemeral_proof = match proof {
            0 => theirs.ephemeral_proof,
            1 => own.ephemeral_proof,
            // Its own proof of possession of a_0, of the same form.
            _ => own.proof,
        };
        let forged = Dealing {
            ephemeral_key: theirs.ephemeral_key,
            ephemeral_proof,
            payloads: vec![FixedBytes([7; 64]); usize::from(N)],
            ..own
        };
        let mut ceremony = with_dealings(ceremony, &[(MALLORY, forged)]);
        let faults = conclude(&mut ceremony, &[MALLORY]);
        // By its dealing alone: had it taken a complaint, that complaint would have opened Alice's
        // payload.
        assert_eq!(opened_of_alice(&ceremony), 0, "proof {proof}");
        assert_eq!(only_mallory(&faults), EPHEMERAL, "proof {proof}");
    }
}

/// A multiple of Alice's R, of which Mallory knows the factor and not the logarithm.
#[test]
fn a_multiple_of_anothers_ephemeral_key_has_no_proof() {
    let reason = reason_of_dealing(|ceremony, own| {
        let theirs = honest_dealing(ceremony, ALICE).ephemeral_key;
        let multiple = G1Point::decompress(&theirs.0)
            .unwrap()
            .times_secret(&scalar(5));
        let dealer = Dealer {
            session: ceremony.session().id(),
            index: MemberIndex(MALLORY),
        };
        let ephemeral_proof = PossessionProof::new(
            dealer,
            Possessed::Ephemeral,
            &scalar(5),
            &multiple,
            scalar(6),
        );
        Dealing {
            ephemeral_key: FixedBytes(multiple.compress()),
            ephemeral_proof,
            ..own
        }
    });
    assert_eq!(reason, EPHEMERAL);
}

/// The proofs of a_0 and of r are of one form, and neither serves for the other, for another dealer
/// or in another session.
#[test]
fn a_proof_is_of_one_secret_by_one_dealer_in_one_session() {
    let (secret, public) = (scalar(1), scalar_point(1));
    let dealer = |session: u8, index: u8| Dealer {
        session: [session; 32].into(),
        index: MemberIndex(index),
    };
    for what in [Possessed::Secret, Possessed::Ephemeral] {
        let proof = PossessionProof::new(dealer(1, 1), what, &secret, &public, scalar(2));
        for of in [Possessed::Secret, Possessed::Ephemeral] {
            for (session, index) in [(1, 1), (1, 2), (2, 1)] {
                let right = (what, 1, 1) == (of, session, index);
                let holds = proof.holds(dealer(session, index), of, &public);
                assert_eq!(holds, right, "{what:?} {of:?} {session} {index}");
            }
        }
        assert!(!proof.holds(dealer(1, 1), what, &scalar_point(3)));
    }
}

/// The nonces of the two proofs differ, or two responses would tie the secrets to each other.
#[test]
fn nonces_are_of_one_proof_each() {
    let session = [4; 32].into();
    let bytes = |scalar: sealbid_crypto::group::SecretScalar| scalar.expose(|bytes| *bytes);
    let secret = secret(MALLORY);
    let nonces = [
        bytes(secret.possession_nonce(session)),
        bytes(secret.ephemeral_nonce(session)),
        bytes(secret.ephemeral(session)),
    ];
    assert!(nonces[0] != nonces[1] && nonces[1] != nonces[2] && nonces[0] != nonces[2]);
}
