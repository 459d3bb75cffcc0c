//! Cheats, one behaviour each: no key comes of the session, whoever signed what shows it is named,
//! and nobody honest ever is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod agreement;
mod algebra;
mod claims;
mod dealings;
mod ephemeral;
mod ids;
mod seats;
mod sizes;

use sealbid_crypto::group::{G1Point, SecretScalar};
use sealbid_types::id::MemberIndex;

use crate::dealing::deal;
use crate::fault::{Culprit, Fault, FaultReason};
use crate::message::{Dealing, Message};
use crate::participant::Step;
use crate::signed::Signed;
use crate::testing::{Ceremony, commitment, identity, secret};

/// By the table of protocol.md 1 the smallest committee that bears a liar.
const N: u8 = 4;
const Q: u8 = 3;
/// Who cheats.
const MALLORY: u8 = 2;

/// What `seed` deals if it is honest: derived, so a test has it before anybody deals. Seeds are
/// indices too, since [`Ceremony::called`] enrols in their order.
fn honest_dealing(ceremony: &Ceremony, seed: u8) -> Dealing {
    let index = MemberIndex(seed);
    deal(ceremony.session(), index, &secret(seed), &identity(seed))
        .unwrap()
        .body
}

/// A ceremony in which `seed` commits to, and deals, `forge` of its honest dealing.
fn with_dealing(seed: u8, forge: impl FnOnce(&Ceremony, Dealing) -> Dealing) -> Ceremony {
    let ceremony = Ceremony::called(N, Q);
    let forged = forge(&ceremony, honest_dealing(&ceremony, seed));
    with_dealings(ceremony, &[(seed, forged)])
}

/// All commit and all deal: those of `forged` what is said there, the others honestly.
fn with_dealings(mut ceremony: Ceremony, forged: &[(u8, Dealing)]) -> Ceremony {
    let dealing = |ceremony: &Ceremony, seed: u8| {
        let own = forged.iter().find(|(cheat, _)| *cheat == seed);
        own.map_or_else(
            || honest_dealing(ceremony, seed),
            |(_, dealing)| dealing.clone(),
        )
    };
    let dealings: Vec<Dealing> = (0..N).map(|seed| dealing(&ceremony, seed)).collect();
    // To what is dealt, forged or not: otherwise the commitment alone would name the cheat
    // (`OtherDealing`), and the check that the test is about would never be reached.
    for (seed, dealing) in (0..).zip(&dealings) {
        ceremony.post(commitment(seed, dealing));
    }
    for (seed, dealing) in (0..).zip(dealings) {
        ceremony.post(Message::Dealing(Signed::new(dealing, &identity(seed))));
    }
    ceremony
}

/// Lets everybody but the cheats go on until they are done; whom they blame, all alike: those who
/// have confirmed are in doubt, and the others say that the session is void.
fn conclude(ceremony: &mut Ceremony, cheats: &[u8]) -> Vec<Fault> {
    let steps = go_on(ceremony, cheats);
    let honest = (0..N).filter(|seed| !cheats.contains(seed));
    let mut verdicts = honest.zip(steps).map(|(seed, step)| {
        let confirmed = !ceremony.board.confirmations(MemberIndex(seed)).is_empty();
        match step {
            Step::Void(void) if !confirmed => void.faults,
            Step::InDoubt(doubt) if confirmed => doubt.faults,
            other => panic!("{seed} goes on, or throws away what may count: {other:?}"),
        }
    });
    let first = verdicts.next().unwrap();
    assert!(verdicts.all(|other| other == first), "they differ");
    first
}

/// Lets everybody but the cheats say all that they have to say; what they do then.
fn go_on(ceremony: &mut Ceremony, cheats: &[u8]) -> Vec<Step> {
    let honest = || (0..N).filter(|seed| !cheats.contains(seed));
    // After the roster an honest participant has a commitment, a dealing, and a confirmation or a
    // complaint to say, and may have to wait for the others before each.
    for _ in 0..5 {
        for seed in honest() {
            if let Step::Post(message) = ceremony.step(seed) {
                ceremony.post(*message);
            }
        }
    }
    honest().map(|seed| ceremony.step(seed)).collect()
}

/// The reason of the one fault, which must be Mallory's: a second one fails the test as no fault
/// does, and so does the name of anybody honest.
fn only_mallory(faults: &[Fault]) -> FaultReason {
    let [fault] = faults else {
        panic!("not one fault: {faults:?}");
    };
    assert_eq!(fault.culprit, Culprit::Member(MemberIndex(MALLORY)));
    fault.reason.clone()
}

/// What Mallory is named for if it deals `forge` of its honest dealing.
fn reason_of_dealing(forge: impl FnOnce(&Ceremony, Dealing) -> Dealing) -> FaultReason {
    let mut ceremony = with_dealing(MALLORY, forge);
    only_mallory(&conclude(&mut ceremony, &[MALLORY]))
}

/// A secret that a cheat chooses; fixed, so that a failure replays.
fn scalar(seed: u8) -> SecretScalar {
    SecretScalar::from_uniform_bytes(&[seed; 64]).unwrap()
}

fn scalar_point(seed: u8) -> G1Point {
    G1Point::generator().times_secret(&scalar(seed))
}
