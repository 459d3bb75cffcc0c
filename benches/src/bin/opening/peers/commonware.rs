//! commonware-cryptography's timelock encryption `tle`: to a *target*, which the committee's
//! signature over it opens. Signatures in G1 (`MinSig`), as in the crate's own benchmarks of it.
//!
//! It seals 32 bytes, so it seals a key, and ChaCha20-Poly1305 the plaintext. With one target a
//! round, one signature opens every ciphertext of the round, also those that the round left out;
//! with a target each, a member signs once for each ciphertext.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use commonware_cryptography::bls12381::dkg::feldman_desmedt::deal_anonymous;
use commonware_cryptography::bls12381::primitives::group::Share;
use commonware_cryptography::bls12381::primitives::ops::threshold::{
    batch_verify_same_message, batch_verify_same_signer, recover, recover_multiple, sign_message,
};
use commonware_cryptography::bls12381::primitives::sharing::{Mode, Sharing};
use commonware_cryptography::bls12381::primitives::variant::{MinSig, PartialSignature, Variant};
use commonware_cryptography::bls12381::tle::{Block, Ciphertext, decrypt, encrypt};
use commonware_parallel::Sequential;
use commonware_utils::Faults;
use commonware_utils::iter::NonEmpty;
use core::num::NonZeroU32;
use num_traits::ToPrimitive;
use rand010::rngs::StdRng;
use rand010::{Rng, SeedableRng};
use sealbid_benches::Fallible;

use crate::engine::{Cost, Costs, Engine, Opened, Setting, timed};

use super::{MOST, SEED};

pub(crate) const ROUND_NAME: &str = "commonware tle, a target a round";

pub(crate) const ROUND_TARGET: Engine = Engine {
    name: ROUND_NAME,
    stays_sealed: "nothing",
    labelled: "the target",
    // One signature serves all of them, so that more can be run in the same time.
    most: 4 * MOST,
    run: run_round,
};

pub(crate) const OWN_TARGETS: Engine = Engine {
    name: "commonware tle, a target each",
    stays_sealed: "the rest",
    labelled: "the target",
    most: MOST,
    run: run_each,
};

type Partial = PartialSignature<MinSig>;
type Signature = <MinSig as Variant>::Signature;

/// What keeps signatures of other purposes apart; here there is but one.
const NAMESPACE: &[u8] = b"sealbid benchmark";

/// The target of a whole round.
const ROUND: [u8; 8] = 1u64.to_be_bytes();

/// A committee in which any F may be missing.
struct Missing<const F: u32>;

impl<const F: u32> Faults for Missing<F> {
    fn max_faults(_: impl ToPrimitive) -> u32 {
        F
    }
}

/// All that n members know.
struct Committee {
    sharing: Sharing<MinSig>,
    shares: Vec<Share>,
}

/// A key sealed to a target, and the plaintext under that key.
struct Sealed {
    key: Ciphertext<MinSig>,
    body: Vec<u8>,
}

/// One target for all: one signature opens the round, and whatever else was sealed to it.
fn run_round(setting: &Setting<'_>, plaintexts: &[Vec<u8>]) -> Fallible<Opened> {
    let count = plaintexts.len();
    let mut rng = StdRng::seed_from_u64(SEED);
    let committee = Committee::deal(setting, &mut rng)?;
    let targets = vec![ROUND; count];
    let (seal, sealed) = timed(count, || {
        seal_all(&committee, &targets, plaintexts, &mut rng)
    })?;
    let members = committee.shares.len();
    // Each member signs once, and the price is divided by all ciphertexts.
    let (share, partials) = timed(count * members, || {
        Ok(committee.sign_all(&[ROUND]).concat())
    })?;
    let (open, plaintexts) = timed(count, || {
        // Once, whatever the round has in it.
        let signature = committee.sign_round(&mut rng, &partials)?;
        sealed
            .iter()
            .map(|sealed| open(&signature, sealed))
            .collect()
    })?;
    Ok(opened(seal, share, open, plaintexts))
}

/// A target for each: what a round leaves out stays sealed, at the price of as many signatures.
fn run_each(setting: &Setting<'_>, plaintexts: &[Vec<u8>]) -> Fallible<Opened> {
    let count = plaintexts.len();
    let mut rng = StdRng::seed_from_u64(SEED);
    let committee = Committee::deal(setting, &mut rng)?;
    // No two alike: a signature opens one of them and nothing else.
    let targets: Vec<[u8; 8]> = (1u64..).take(count).map(u64::to_be_bytes).collect();
    let (seal, sealed) = timed(count, || {
        seal_all(&committee, &targets, plaintexts, &mut rng)
    })?;
    let members = committee.shares.len();
    // As many signatures of each member as there are ciphertexts.
    let (share, partials) = timed(count * members, || Ok(committee.sign_all(&targets)))?;
    let (open, plaintexts) = timed(count, || {
        let signatures = committee.sign_targets(&mut rng, &targets, &partials)?;
        let pairs = signatures.iter().zip(&sealed);
        pairs
            .map(|(signature, sealed)| open(signature, sealed))
            .collect()
    })?;
    Ok(opened(seal, share, open, plaintexts))
}

/// Nothing is checked before the opening, which is where a ciphertext is found to be malformed.
fn opened(seal: Cost, share: Cost, open: Cost, plaintexts: Vec<Vec<u8>>) -> Opened {
    let costs = Costs {
        seal,
        share,
        open,
        ..Costs::default()
    };
    Opened { costs, plaintexts }
}

/// A key for each plaintext, sealed to that one's target.
fn seal_all(
    committee: &Committee,
    targets: &[[u8; 8]],
    plaintexts: &[Vec<u8>],
    rng: &mut StdRng,
) -> Fallible<Vec<Sealed>> {
    let key = *committee.sharing.public();
    let mut seal = |(target, plaintext): (&[u8; 8], &Vec<u8>)| {
        // The scheme seals 32 bytes, so these are the body's key.
        let mut block = [0; 32];
        rng.fill_bytes(&mut block);
        let sealed = encrypt::<_, MinSig>(rng, key, (NAMESPACE, target), &Block::new(block))?;
        let mut body = plaintext.clone();
        // The nonce may be the same always, since each key encrypts one body.
        let encrypted = cipher(&block).encrypt_in_place(&[0; 12].into(), b"", &mut body);
        encrypted.map_err(|_| "a body does not encrypt")?;
        Ok(Sealed { key: sealed, body })
    };
    targets.iter().zip(plaintexts).map(&mut seal).collect()
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.into())
}

/// The key by the signature, then the body by the key.
fn open(signature: &Signature, sealed: &Sealed) -> Fallible<Vec<u8>> {
    let key = decrypt::<MinSig>(signature, &sealed.key).ok_or("a key does not open")?;
    let key: &[u8; 32] = key.as_ref().try_into()?;
    let mut body = sealed.body.clone();
    let opened = cipher(key).decrypt_in_place(&[0; 12].into(), b"", &mut body);
    opened.map_err(|_| "a body does not decrypt")?;
    Ok(body)
}

impl Committee {
    fn deal(setting: &Setting<'_>, rng: &mut StdRng) -> Fallible<Self> {
        let n = NonZeroU32::new(setting.n.into()).ok_or("a committee without members")?;
        // There the number of faults is a type: each one is written out.
        let deal = match setting.n.saturating_sub(setting.q) {
            0 => deal_anonymous::<MinSig, Missing<0>>,
            1 => deal_anonymous::<MinSig, Missing<1>>,
            2 => deal_anonymous::<MinSig, Missing<2>>,
            3 => deal_anonymous::<MinSig, Missing<3>>,
            4 => deal_anonymous::<MinSig, Missing<4>>,
            5 => deal_anonymous::<MinSig, Missing<5>>,
            6 => deal_anonymous::<MinSig, Missing<6>>,
            7 => deal_anonymous::<MinSig, Missing<7>>,
            _ => return Err("a quorum of less than half".into()),
        };
        let (sharing, shares) = deal(rng, Mode::NonZeroCounter, n);
        // Once for a committee, as members would: it is no part of an opening.
        sharing.precompute_partial_publics();
        Ok(Self { sharing, shares })
    }

    /// Each member's signature over each target.
    fn sign_all(&self, targets: &[[u8; 8]]) -> Vec<Vec<Partial>> {
        let sign = |share| {
            let of_targets = targets.iter();
            of_targets
                .map(|target| sign_message::<MinSig>(share, NAMESPACE, target))
                .collect()
        };
        self.shares.iter().map(sign).collect()
    }

    /// Verifies all members' signatures over the round, and recovers the committee's.
    fn sign_round(&self, rng: &mut StdRng, partials: &[Partial]) -> Fallible<Signature> {
        let all = NonEmpty::try_new(partials.iter()).ok_or("a committee without members")?;
        // In one batch: all of them sign the same message.
        let verified =
            batch_verify_same_message(rng, &self.sharing, NAMESPACE, &ROUND, all, &Sequential);
        verified.map_err(|_| "commonware refuses its own signature")?;
        Ok(recover(&self.sharing, partials, &Sequential)?)
    }

    /// The same for each target; one member's signatures are verified together.
    fn sign_targets(
        &self,
        rng: &mut StdRng,
        targets: &[[u8; 8]],
        partials: &[Vec<Partial>],
    ) -> Fallible<Vec<Signature>> {
        // Member by member: there are many messages, and one key.
        for (share, of_member) in self.shares.iter().zip(partials) {
            let entries = targets.iter().zip(of_member);
            let entries: Vec<(&[u8], &[u8], Partial)> = entries
                .map(|(target, partial)| (NAMESPACE, target.as_slice(), partial.clone()))
                .collect();
            let entries = NonEmpty::try_new(entries.iter()).ok_or("nothing to open")?;
            batch_verify_same_signer(rng, &self.sharing, share.index, entries, &Sequential)?;
        }
        // Any q recover it: the first are taken.
        let quorum = self.sharing.required() as usize;
        let of_target = |at| {
            let of_members = partials.iter().take(quorum);
            of_members
                .filter_map(|of_member| of_member.get(at))
                .collect()
        };
        let sets: Vec<Vec<&Partial>> = (0..targets.len()).map(of_target).collect();
        Ok(recover_multiple(&self.sharing, sets, &Sequential)?)
    }
}
