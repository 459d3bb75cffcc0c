//! `ferveo-nucypher-tdec` 0.4.0, its simple variant (any q of n), as its own benchmarks use it.
//! Keys are dealt by the crate's `setup_simple`; interpolation coefficients are computed once.
//!
//! The crate is under the GPL, version 3: a binary that has it in it may be passed on under that
//! licence only. Nothing else here depends on it.

use ark_bls12_381::{Bls12_381, Fr};
use ferveo_nucypher_tdec::test_common::setup_simple;
use ferveo_nucypher_tdec::{
    Ciphertext, DecryptionShareSimple, DkgPublicKey, PrivateDecryptionContextSimple,
    PublicDecryptionContextSimple, SecretBox, decrypt_with_shared_secret, encrypt,
    prepare_combine_simple, share_combine_simple, verify_decryption_shares_simple,
};
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use sealbid_benches::Fallible;

use crate::engine::{Costs, Engine, Opened, Setting, timed};

use super::{MOST, SEED};

pub(crate) const ENGINE: Engine = Engine {
    name: "ferveo-nucypher-tdec",
    stays_sealed: "the rest",
    labelled: "yes",
    most: MOST,
    run,
};

type Curve = Bls12_381;
type Share = DecryptionShareSimple<Curve>;

/// What every ciphertext is bound to.
const LABEL: &[u8] = b"sealbid benchmark: label";

/// All that n members know.
struct Committee {
    /// What plaintexts are sealed to.
    key: DkgPublicKey<Curve>,
    /// What each of them makes shares with.
    members: Vec<PrivateDecryptionContextSimple<Curve>>,
    /// What their shares are checked by.
    public: Vec<PublicDecryptionContextSimple<Curve>>,
    /// Of the first q members.
    coefficients: Vec<Fr>,
}

fn run(setting: &Setting<'_>, plaintexts: &[Vec<u8>]) -> Fallible<Opened> {
    let count = plaintexts.len();
    let mut rng = StdRng::seed_from_u64(SEED);
    let committee = Committee::deal(setting.n.into(), setting.q.into(), &mut rng)?;
    let (seal, sealed) = timed(count, || seal_all(&committee, plaintexts, &mut rng))?;
    let (admit, ()) = timed(count, || sealed.iter().try_for_each(check))?;
    // By all n members, since all n shares are checked when the ciphertext is opened.
    let (share, shares) = timed(count * committee.members.len(), || {
        let of_all = sealed.iter().map(|sealed| committee.share(sealed));
        of_all.collect::<Fallible<Vec<_>>>()
    })?;
    let (open, plaintexts) = timed(count, || {
        let opened = sealed.iter().zip(&shares);
        opened
            .map(|(sealed, shares)| committee.open(sealed, shares))
            .collect()
    })?;
    let costs = Costs {
        seal,
        admit,
        share,
        open,
        // Making a share verifies the ciphertext, which then counts once.
        share_admits: true,
        ..Costs::default()
    };
    Ok(Opened { costs, plaintexts })
}

fn seal_all(
    committee: &Committee,
    plaintexts: &[Vec<u8>],
    rng: &mut StdRng,
) -> Fallible<Vec<Ciphertext<Curve>>> {
    let mut seal = |plaintext: &Vec<u8>| {
        let message = SecretBox::new(plaintext.clone());
        Ok(encrypt(message, LABEL, &committee.key, rng)?)
    };
    plaintexts.iter().map(&mut seal).collect()
}

/// What a member checks before it makes a share.
fn check(sealed: &Ciphertext<Curve>) -> Fallible<()> {
    match sealed.check(LABEL)? {
        true => Ok(()),
        false => Err("ferveo refuses its own ciphertext".into()),
    }
}

impl Committee {
    /// By the crate's own set-up for its tests.
    fn deal(members: usize, quorum: usize, rng: &mut StdRng) -> Fallible<Self> {
        let (key, _, mut contexts) = setup_simple::<Curve>(members, quorum, rng);
        // Its domain has as many points as the next power of two.
        contexts.truncate(members);
        let first = contexts.first().ok_or("a committee without members")?;
        let mut public = first.public_decryption_contexts.clone();
        public.truncate(members);
        // Of those whose shares everything is opened by.
        let domain: Vec<Fr> = public.iter().take(quorum).map(|c| c.domain).collect();
        Ok(Self {
            key,
            members: contexts,
            public,
            coefficients: prepare_combine_simple::<Curve>(&domain),
        })
    }

    /// All members' shares; making one verifies the ciphertext.
    fn share(&self, sealed: &Ciphertext<Curve>) -> Fallible<Vec<Share>> {
        let header = sealed.header()?;
        let of_members = self.members.iter();
        Ok(of_members
            .map(|member| member.create_share(&header, LABEL))
            .collect::<Result<_, _>>()?)
    }

    /// Verifies all shares, and decrypts by the first q.
    fn open(&self, sealed: &Ciphertext<Curve>, shares: &Vec<Share>) -> Fallible<Vec<u8>> {
        if !verify_decryption_shares_simple(&self.public, sealed, shares) {
            return Err("ferveo refuses its own share".into());
        }
        // Pairs up to the shorter of the two: the first q.
        let secret = share_combine_simple::<Curve>(shares, &self.coefficients);
        Ok(decrypt_with_shared_secret(sealed, LABEL, &secret)?)
    }
}
