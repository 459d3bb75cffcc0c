//! Cheats by arithmetic: polynomials and payloads that are well made and mean harm.

use proptest::prelude::*;
use sealbid_crypto::group::{G1Point, Scalar, SecretScalar};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::{MALLORY, N, Q, conclude, go_on, honest_dealing, only_mallory, scalar, with_dealings};
use crate::dealing::deal;
use crate::fault::{Culprit, Fault, FaultReason};
use crate::message::{Dealing, Message};
use crate::participant::Step;
use crate::payload::{Route, contribution_digest};
use crate::polynomial::Polynomial;
use crate::proof::{Dealer, Possessed, PossessionProof};
use crate::secret::SecretBytes;
use crate::session::Session;
use crate::signed::Signed;
use crate::testing::{Ceremony, commitment, identity, secret};

/// What an honest `seed` deals in this session. A test knows it; in a ceremony its dealer alone.
fn polynomial(session: &Session, seed: u8) -> Polynomial {
    secret(seed).polynomial(session.id(), Q)
}

/// Secret scalars are not `Clone`, so that none is copied by accident; a test has to.
fn copy(scalar: &SecretScalar) -> SecretScalar {
    scalar.times(&Scalar::from(1u64)).unwrap()
}

fn negative(scalar: &SecretScalar) -> SecretScalar {
    scalar.times(&-Scalar::from(1u64)).unwrap()
}

/// `seed`'s dealing of this polynomial, all in order but for what `share` makes of each share's
/// bytes.
fn dealing_of(
    session: &Session,
    seed: u8,
    polynomial: &Polynomial,
    share: impl Fn(MemberIndex, [u8; 32]) -> [u8; 32],
) -> Dealing {
    let (id, index) = (session.id(), MemberIndex(seed));
    let mut dealing = deal(session, index, &secret(seed), &identity(seed))
        .unwrap()
        .body;
    let (in_g1, in_g2) = (polynomial.commitment(), polynomial.commitment_2());
    let dealer = Dealer { session: id, index };
    let constant = polynomial.constant().unwrap();
    dealing.proof = PossessionProof::new(
        dealer,
        Possessed::Secret,
        constant,
        &in_g1[0],
        scalar(seed + 1),
    );
    dealing.commitment = in_g1.iter().map(|p| FixedBytes(p.encode())).collect();
    dealing.commitment_2 = in_g2.iter().map(|p| FixedBytes(p.encode())).collect();
    let ephemeral = secret(seed).ephemeral(id);
    let seal = |(recipient, key): (MemberIndex, &G1Point)| {
        let route = Route {
            session: id,
            dealer: index,
            recipient,
            encryption_key: *key,
            ephemeral_key: G1Point::generator().times_secret(&ephemeral),
        };
        // A share of zero, which no honest dealer has, is none for `evaluate`.
        let right = polynomial.evaluate(recipient.0 + 1);
        let right = right.map_or([0; 32], |share| share.expose(|bytes| *bytes));
        let plain = share(recipient, right);
        let shared = key.times_secret_kept(&ephemeral);
        // What opening zeros gives is the pad. `Route::seal` would not do: it takes a scalar, and
        // these bytes may be none.
        let pad = shared.expose(|shared| route.open(shared, &FixedBytes([0; 64])));
        let pad = [pad.share, pad.contribution].map(|half| half.expose(|bytes| *bytes));
        let contribution = secret(seed).contribution(id).expose(|bytes| *bytes);
        let mut sealed = [plain, contribution].as_flattened().to_vec();
        for (byte, pad) in sealed.iter_mut().zip(pad.as_flattened()) {
            *byte ^= pad;
        }
        FixedBytes(sealed.try_into().unwrap())
    };
    let recipients = MemberIndex::all(session.members()).zip(session.encryption_keys());
    dealing.payloads = recipients.map(seal).collect();
    dealing
}

const fn as_it_is(_: MemberIndex, share: [u8; 32]) -> [u8; 32] {
    share
}

/// The same but for a share that is one more for `victim`: on the field, and off the polynomial.
fn off_by_one(victim: u8) -> impl Fn(MemberIndex, [u8; 32]) -> [u8; 32] {
    move |recipient, mut share| {
        if recipient.0 == victim {
            share[0] ^= 1;
        }
        share
    }
}

/// Mallory's polynomial with the coefficient of this power chosen so that all dealings' come to
/// zero: it knows the others' secrets, as nobody does who has committed before they deal.
fn cancelling(session: &Session, power: usize) -> Polynomial {
    let others = (0..N).filter(|seed| *seed != MALLORY);
    let theirs: Vec<SecretScalar> = others
        .map(|seed| copy(&polynomial(session, seed).coefficients()[power]))
        .collect();
    let own = polynomial(session, MALLORY);
    let mut coefficients: Vec<SecretScalar> = own.coefficients().iter().map(copy).collect();
    coefficients[power] = negative(&SecretScalar::sum_of(&theirs).unwrap());
    Polynomial::of(coefficients)
}

/// A sum that is the identity is no verdict while payloads convict its maker.
#[test]
fn a_bad_payload_is_told_before_a_sum_that_is_none() {
    for power in 0..usize::from(Q) {
        let ceremony = Ceremony::called(N, Q);
        let polynomial = cancelling(ceremony.session(), power);
        let forged = dealing_of(ceremony.session(), MALLORY, &polynomial, off_by_one(1));
        let mut ceremony = with_dealings(ceremony, &[(MALLORY, forged)]);
        let faults = conclude(&mut ceremony, &[MALLORY]);
        let bad_share = FaultReason::BadShare(MemberIndex(1));
        assert_eq!(only_mallory(&faults), bad_share, "power {power}");
    }
}

/// If all is right and the sum is none, nobody is to blame: one in 2^255, or all n together.
#[test]
fn a_sum_that_is_none_by_itself_names_nobody() {
    let ceremony = Ceremony::called(N, Q);
    let polynomial = cancelling(ceremony.session(), 2);
    let forged = dealing_of(ceremony.session(), MALLORY, &polynomial, as_it_is);
    let mut ceremony = with_dealings(ceremony, &[(MALLORY, forged)]);
    let faults = conclude(&mut ceremony, &[MALLORY]);
    assert_eq!(faults, [Fault::of_nobody(FaultReason::Degenerate)]);
}

/// Mallory commits to a dealing, sees the others', and deals what cancels them, or makes its own
/// share zero: all in order, and not what it committed to.
#[test]
fn who_has_seen_the_others_dealings_can_deal_nothing_else() {
    let own_share_zero = |session: &Session| {
        let x = MALLORY + 1;
        let at_x: Vec<SecretScalar> = (0..N)
            .map(|seed| polynomial(session, seed).evaluate(x).unwrap())
            .collect();
        let own = polynomial(session, MALLORY);
        let mut coefficients: Vec<SecretScalar> = own.coefficients().iter().map(copy).collect();
        let shift = negative(&SecretScalar::sum_of(&at_x).unwrap());
        coefficients[0] = coefficients[0].plus(&shift).unwrap();
        Polynomial::of(coefficients)
    };
    type Choice<'a> = &'a dyn Fn(&Session) -> Polynomial;
    let choices: [Choice<'_>; 2] = [&|session| cancelling(session, 2), &own_share_zero];
    for choose in choices {
        let mut ceremony = Ceremony::committed(N, Q);
        for seed in (0..N).filter(|seed| *seed != MALLORY) {
            ceremony.post_next(seed);
        }
        let session = ceremony.session();
        let dealt = dealing_of(session, MALLORY, &choose(session), as_it_is);
        ceremony.post(Message::Dealing(Signed::new(dealt, &identity(MALLORY))));
        let faults = conclude(&mut ceremony, &[MALLORY]);
        assert_eq!(only_mallory(&faults), FaultReason::OtherDealing);
    }
}

/// The first two dealers' shares for one member cancel each other, and their polynomials do not:
/// that is no fault, and no obstacle.
#[test]
fn two_whose_shares_cancel_at_one_point_stop_nobody() {
    let (first, second, victim) = (0, 1, MALLORY);
    let ceremony = Ceremony::called(N, Q);
    let session = ceremony.session();
    // f_1 = -f_0 + d (x - 3): zero with f_0 at the third member's point alone.
    let minus_first = polynomial(session, first).negated();
    let d = scalar(7);
    let at = Scalar::from(u64::from(victim) + 1);
    let mut coefficients: Vec<SecretScalar> = minus_first.coefficients().iter().map(copy).collect();
    coefficients[0] = coefficients[0]
        .plus(&negative(&d.times(&at).unwrap()))
        .unwrap();
    coefficients[1] = coefficients[1].plus(&d).unwrap();
    let forged = dealing_of(session, second, &Polynomial::of(coefficients), as_it_is);
    let mut ceremony = with_dealings(ceremony, &[(second, forged)]);
    // The shares are summed in one go, which may pass through zero. A check of the sums on the way
    // would let these two stop any session, with nothing to name them for.
    for seed in 0..N {
        ceremony.post_next(seed);
    }
    let committee = ceremony.outcome(victim).committee;
    assert_eq!(ceremony.outcome(3).committee, committee);
}

/// One behaviour of a dealer that cheats.
#[derive(Debug, Clone)]
enum Cheat {
    /// One byte of one field is another.
    Byte(usize, prop::sample::Index, u8),
    /// A share off the polynomial, for these members.
    OffPolynomial(Vec<bool>),
    /// A polynomial that is zero at this member's point.
    Root(u8),
    /// A contribution to the group's secret that is another than was published.
    Contribution,
    /// The ephemeral key of another, and garbage under it.
    EphemeralOf(u8),
    /// The commitment of another, or its negative, with its proof.
    CommitmentOf(u8, bool),
    /// A dealing, and a commitment to another.
    OtherDealing,
    /// Two dealings.
    TwoDealings,
    /// A complaint about this member's dealing, which is right.
    Accuse(u8),
}

fn cheat() -> impl Strategy<Value = Cheat> {
    let byte = (0usize..8, any::<prop::sample::Index>(), 1u8..);
    prop_oneof![
        byte.prop_map(|(field, at, flip)| Cheat::Byte(field, at, flip)),
        prop::collection::vec(any::<bool>(), usize::from(N)).prop_map(Cheat::OffPolynomial),
        (0..N).prop_map(Cheat::Root),
        Just(Cheat::Contribution),
        (0..N).prop_map(Cheat::EphemeralOf),
        (0..N, any::<bool>()).prop_map(|(of, negated)| Cheat::CommitmentOf(of, negated)),
        Just(Cheat::OtherDealing),
        Just(Cheat::TwoDealings),
        (0..N).prop_map(Cheat::Accuse),
    ]
}

impl Cheat {
    /// What the cheat deals.
    fn dealing(&self, ceremony: &Ceremony, seed: u8) -> Dealing {
        let session = ceremony.session();
        let own = polynomial(session, seed);
        let mut dealing = honest_dealing(ceremony, seed);
        match self {
            Self::Byte(field, at, flip) => change(&mut dealing, *field, *at, *flip),
            Self::OffPolynomial(victims) => {
                let share = |recipient: MemberIndex, mut share: [u8; 32]| {
                    share[0] ^= u8::from(victims[recipient.as_usize()]);
                    share
                };
                return dealing_of(session, seed, &own, share);
            }
            Self::Root(victim) => {
                let shift = negative(&own.evaluate(victim + 1).unwrap());
                let mut coefficients: Vec<_> = own.coefficients().iter().map(copy).collect();
                coefficients[0] = coefficients[0].plus(&shift).unwrap();
                return dealing_of(session, seed, &Polynomial::of(coefficients), as_it_is);
            }
            Self::Contribution => {
                let other = SecretBytes::copied_from(&[9; 32]);
                let index = MemberIndex(seed);
                dealing.contribution = contribution_digest(session.id(), index, &other);
            }
            Self::EphemeralOf(other) => {
                let theirs = honest_dealing(ceremony, *other);
                dealing.ephemeral_key = theirs.ephemeral_key;
                dealing.payloads = vec![FixedBytes([7; 64]); usize::from(N)];
            }
            Self::CommitmentOf(other, negated) => {
                let theirs = honest_dealing(ceremony, *other);
                let first = G1Point::decode(&theirs.commitment[0].0).unwrap();
                let first = if *negated { first.negate() } else { first };
                dealing.commitment[0] = FixedBytes(first.encode());
                dealing.proof = theirs.proof;
            }
            Self::OtherDealing | Self::TwoDealings | Self::Accuse(_) => {}
        }
        dealing
    }

    /// What else the cheat says, once all dealings are there.
    fn say_more(&self, ceremony: &mut Ceremony, seed: u8) {
        let (session, index) = (ceremony.session().clone(), MemberIndex(seed));
        match self {
            Self::TwoDealings => {
                let second = deal(&session, index, &secret(99), &identity(seed)).unwrap();
                ceremony.post(Message::Dealing(second));
            }
            Self::Accuse(other) => {
                let accused = ceremony.board.dealings(MemberIndex(*other))[0].clone();
                // Of a dealing that cannot be nobody complains: everybody sees it.
                if let Ok(read) = crate::check::read_dealing(&session, &accused.body) {
                    let (own, key) = (secret(seed), identity(seed));
                    let complaint =
                        crate::complaint::complain(&session, index, &accused, &read, &own, &key);
                    ceremony.post(Message::Complaint(complaint.unwrap()));
                }
            }
            _ => {}
        }
    }
}

proptest! {
    // A case is a whole ceremony, with its pairings.
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever some dealers do: if anybody is named, it is one of them.
    #[test]
    fn nobody_honest_is_ever_named(
        // Two of four are more liars than the vote bears (protocol.md 1): whom evidence names does
        // not rest on a quorum.
        cheats in prop::collection::btree_map(0..N, cheat(), 1..3),
    ) {
        let mut ceremony = Ceremony::called(N, Q);
        let dealings: Vec<(u8, Dealing)> = (0..N)
            .map(|seed| {
                let cheat = cheats.get(&seed);
                let honest = || honest_dealing(&ceremony, seed);
                (seed, cheat.map_or_else(honest, |cheat| cheat.dealing(&ceremony, seed)))
            })
            .collect();
        for (seed, dealing) in &dealings {
            let mut committed = dealing.clone();
            if matches!(cheats.get(seed), Some(Cheat::OtherDealing)) {
                committed.contribution.0[0] ^= 1;
            }
            ceremony.post(commitment(*seed, &committed));
        }
        for (seed, dealing) in dealings {
            ceremony.post(Message::Dealing(Signed::new(dealing, &identity(seed))));
        }
        for (seed, cheat) in &cheats {
            cheat.say_more(&mut ceremony, *seed);
        }
        let liars: Vec<u8> = cheats.keys().copied().collect();
        for step in go_on(&mut ceremony, &liars) {
            // What one cheat dealt another is theirs alone: then the others wait for them.
            let faults = match step {
                Step::Void(void) => void.faults,
                Step::InDoubt(doubt) => doubt.faults,
                Step::Wait(waiting) => {
                    prop_assert!(waiting.missing.iter().all(|seat| liars.contains(&seat.0)));
                    continue;
                }
                other => panic!("{other:?}"),
            };
            for fault in faults {
                let Culprit::Member(MemberIndex(seed)) = fault.culprit else {
                    panic!("{fault}");
                };
                prop_assert!(liars.contains(&seed), "{fault}");
            }
        }
    }
}

/// Changes one byte of one field.
fn change(dealing: &mut Dealing, field: usize, at: prop::sample::Index, flip: u8) {
    let bytes: &mut [u8] = match field {
        0 => &mut dealing.commitment[at.index(usize::from(Q))].0,
        1 => &mut dealing.commitment_2[at.index(usize::from(Q))].0,
        2 => &mut dealing.ephemeral_key.0,
        3 => &mut dealing.contribution.0,
        4 | 5 => {
            let proof = match field {
                4 => &mut dealing.proof,
                _ => &mut dealing.ephemeral_proof,
            };
            let mut bytes = postcard::to_stdvec(proof).unwrap();
            let byte = at.index(bytes.len());
            bytes[byte] ^= flip;
            *proof = postcard::from_bytes(&bytes).unwrap();
            return;
        }
        _ => &mut dealing.payloads[at.index(usize::from(N))].0,
    };
    let byte = at.index(bytes.len());
    bytes[byte] ^= flip;
}
