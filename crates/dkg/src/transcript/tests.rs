#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use sealbid_crypto::{CommitteeKeys, KeyShare};
use threshold_crypto::ff::PrimeField;

use super::*;
use crate::testing::{Ceremony, identity, member, secret};

fn transcript(members: u8, quorum: u8) -> Transcript {
    Ceremony::confirmed(members, quorum).outcome(0).transcript
}

#[test]
fn a_transcript_survives_its_encoding() {
    let transcript = transcript(3, 2);
    let bytes = transcript.to_bytes();
    let read = Transcript::from_bytes(&bytes).unwrap();
    assert_eq!(read, transcript);
    assert_eq!(read.verify(), transcript.verify());
}

/// Every byte of it matters.
#[test]
fn any_changed_byte_is_refused() {
    let bytes = transcript(3, 2).to_bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let verified = Transcript::from_bytes(&changed)
            .map_err(TranscriptError::from)
            .and_then(|transcript| transcript.verify());
        assert!(verified.is_err(), "byte {at} of {}", bytes.len());
    }
}

#[test]
fn truncated_and_padded_transcripts_are_refused() {
    let bytes = transcript(3, 2).to_bytes();
    for length in (0..bytes.len()).step_by(97) {
        assert!(Transcript::from_bytes(&bytes[..length]).is_err());
    }
    assert!(Transcript::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn a_missing_or_exchanged_part_is_refused() {
    let whole = transcript(4, 3);
    let mut without = whole.clone();
    without.dealings.pop();
    let (expected, found) = (4, 3);
    let dealings = TranscriptError::Dealings { expected, found };
    assert_eq!(without.verify(), Err(dealings));
    let mut without = whole.clone();
    without.confirmations.pop();
    assert!(matches!(
        without.verify(),
        Err(TranscriptError::Committee(_))
    ));
    let mut exchanged = whole.clone();
    exchanged.confirmations.swap(0, 1);
    let first = CommitteeError::Certificate(MemberIndex(0));
    assert_eq!(exchanged.verify(), Err(TranscriptError::Committee(first)));
    let mut exchanged = whole.clone();
    exchanged.dealings.swap(0, 1);
    assert_eq!(
        exchanged.verify(),
        Err(TranscriptError::Dealer(MemberIndex(0)))
    );
    let mut foreign = whole;
    foreign.roster = Ceremony::called(4, 2 + 1).board.rosters()[0].clone();
    foreign.roster.body.started = sealbid_types::time::Timestamp(1);
    assert_eq!(foreign.verify(), Err(RosterError::NotInviter.into()));
}

#[test]
fn a_member_recovers_its_share() {
    let ceremony = Ceremony::confirmed(5, 4);
    let transcript = ceremony.outcome(0).transcript;
    let keys = CommitteeKeys::new(&ceremony.outcome(0).committee.keys, 4).unwrap();
    for seed in 0..5 {
        let outcome = ceremony.outcome(seed);
        let recovered = transcript
            .recover(&secret(seed), &member(seed).identity)
            .unwrap();
        assert_eq!(recovered.committee, outcome.committee);
        assert_eq!(recovered.index, outcome.index);
        let share = outcome.share.expose(|bytes| *bytes);
        assert_eq!(recovered.share.expose(|bytes| *bytes), share);
        let group = outcome.group.expose(|bytes| *bytes);
        assert_eq!(recovered.group.expose(|bytes| *bytes), group);
        let Committee { auction, epoch, .. } = recovered.committee;
        KeyShare::new(&keys, auction, epoch, recovered.index, recovered.share).unwrap();
    }
    let foreign = transcript.recover(&secret(1), &member(2).identity);
    assert_eq!(foreign.unwrap_err(), RecoverError::Foreign);
    let stranger = PublicKey::of(&identity(9));
    let stranger = transcript.recover(&secret(9), &stranger);
    assert_eq!(stranger.unwrap_err(), RecoverError::Stranger);
}

/// `threshold_crypto` takes the key set and the shares, and its own signing, verification,
/// encryption and decryption work with them.
#[test]
fn threshold_crypto_works_with_what_comes_out() {
    let ceremony = Ceremony::confirmed(5, 4);
    let committee = ceremony.outcome(0).committee;
    let keys = CommitteeKeys::new(&committee.keys, 4).unwrap();
    let set = keys.public_key_set();
    let shares: Vec<threshold_crypto::SecretKeyShare> = (0..5)
        .map(|seed| {
            ceremony.outcome(seed).share.expose(|bytes| {
                let limb = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
                let limbs = [0, 8, 16, 24].map(limb);
                let limbs = threshold_crypto::FrRepr(limbs);
                let mut scalar = threshold_crypto::Fr::from_repr(limbs).unwrap();
                threshold_crypto::SecretKeyShare::from_mut(&mut scalar)
            })
        })
        .collect();
    let message = b"a round";
    let ciphertext = set.public_key().encrypt_with_rng(&mut rand07(), message);
    let (mut signatures, mut decryptions) = (Vec::new(), Vec::new());
    for (index, share) in shares.iter().enumerate() {
        let public = set.public_key_share(index);
        assert_eq!(share.public_key_share(), public);
        let signature = share.sign(message);
        assert!(public.verify(&signature, message));
        let decryption = share.decrypt_share(&ciphertext).unwrap();
        assert!(public.verify_decryption_share(&decryption, &ciphertext));
        signatures.push((index, signature));
        decryptions.push((index, decryption));
    }
    let four = |skip: usize| move |(index, _): &&(usize, _)| *index != skip;
    for skip in 0..5 {
        let quorum = signatures.iter().filter(|(index, _)| *index != skip);
        let signature = set
            .combine_signatures(quorum.map(|(i, s)| (*i, s)))
            .unwrap();
        assert!(set.public_key().verify(&signature, message));
        let quorum = decryptions.iter().filter(four(skip));
        let opened = set.decrypt(quorum.map(|(i, s)| (*i, s)), &ciphertext);
        assert_eq!(opened.unwrap(), message);
    }
    let three = signatures.iter().take(3).map(|(i, s)| (*i, s));
    assert!(set.combine_signatures(three).is_err());
}

/// A generator of the old interface that `threshold_crypto` takes, with a fixed seed.
fn rand07() -> rand07::rngs::StdRng {
    rand07::SeedableRng::seed_from_u64(7)
}
