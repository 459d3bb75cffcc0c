//! The least that such an engine can cost: the operations that cannot be avoided, each done on real
//! points and timed, and nothing else. A plaintext does come out at the end, so none was left out
//! that it takes; the checks are done, their verdicts are of no interest here.
//!
//! It is a bound for engines on `sealbid_crypto::group`: what that module itself wastes cannot be
//! seen here. It adds up both sums of the check after the close, where `sealbid` does one of them
//! at admission, so that the bound of opening alone may be above what `sealbid` takes.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use core::hint::black_box;
use sealbid_benches::Fallible;
use sealbid_crypto::group::{
    CurvePoint, G1Point, G1Sum, IntegerCombination, LinearCombination, Scalar, SecretScalar, Signs,
    hash_to_g1, in_subgroup_all,
};
use sealbid_crypto::{common_denominator, domain};

use crate::engine::{Cost, Costs, Engine, Opened, Setting, timed};

pub(crate) const NAME: &str = "bound";

pub(crate) const ENGINE: Engine = Engine {
    name: NAME,
    // Neither is a question to ask of it: nobody could use it as an engine.
    stays_sealed: "-",
    labelled: "-",
    most: u32::MAX,
    run: |setting, plaintexts| setting.pool.install(|| run(setting, plaintexts)),
};

/// What one sealing makes: u, ū, a, ā, and the key's point z.
struct Points {
    /// As they travel.
    public: [G1Point; 4],
    /// The key is made of it, and q shares give it back.
    z: G1Point,
}

impl Points {
    fn u(&self) -> &G1Point {
        let [u, ..] = &self.public;
        u
    }
}

fn run(setting: &Setting<'_>, plaintexts: &[Vec<u8>]) -> Fallible<Opened> {
    let count = plaintexts.len();
    let delta = common_denominator(setting.n, setting.q).ok_or("no such committee")?;
    // From a fixed seed, so that runs repeat.
    let dealing = sealbid_dkg::deal(setting.n, setting.q, &[7; 32])?;
    let [key, ..] = dealing.keys.commitment.as_slice() else {
        return Err("a key without a commitment".into());
    };
    let key = G1Point::decompress(&key.0)?;
    // Phase by phase, as an envelope lives.
    let (seal, points) = timed_sealing(&key, count)?;
    let bodies = encrypt_all(&points, plaintexts)?;
    let admit = admit(&points)?;
    // Divided beforehand, as the members' are: combining then takes short integers
    // (docs/protocol.md 3.3).
    let mut secrets = Vec::new();
    for secret in dealing.shares.iter().take(setting.q.into()) {
        secrets.push(scaled(secret, delta)?);
    }
    let (share, shares) = share_all(&secrets, &points)?;
    let combination = IntegerCombination::new(&signed_binomials(setting.q), delta);
    let (open, plaintexts) = open(&points, &shares, &combination, &bodies)?;
    let costs = Costs {
        seal,
        admit,
        share,
        open,
        ..Costs::default()
    };
    Ok(Opened { costs, plaintexts })
}

/// s / Δ.
fn scaled(secret: &SecretScalar, delta: u64) -> Fallible<SecretScalar> {
    let inverse = Scalar::from(delta).inverse();
    let scaled = inverse.and_then(|inverse| secret.times(&inverse));
    Ok(scaled.ok_or("a share of zero")?)
}

/// λ_i of the members at 1, 2, … q: `(-1)^{i-1} C(q, i)`.
fn signed_binomials(q: u8) -> Vec<i64> {
    let (mut binomial, q) = (1, i64::from(q));
    (1..=q)
        .map(|i| {
            binomial = binomial * (q - i + 1) / i;
            if i % 2 == 1 { binomial } else { -binomial }
        })
        .collect()
}

/// Five multiplications each.
fn timed_sealing(key: &G1Point, count: usize) -> Fallible<(Cost, Vec<Points>)> {
    // Scalars and the second generator beforehand: they are no multiplications.
    let scalars: Vec<[SecretScalar; 2]> =
        (0..count).map(sealing_scalars).collect::<Fallible<_>>()?;
    let second = hash_to_g1(
        domain::SECOND_GENERATOR.as_bytes(),
        domain::SECOND_GENERATOR_DST,
    );
    let g = G1Point::generator();
    let seal = |[r, k]: &[SecretScalar; 2]| Points {
        public: [
            g.times_secret(r),
            second.times_secret(r),
            g.times_secret(k),
            second.times_secret(k),
        ],
        z: key.times_secret(r),
    };
    timed(count, || Ok(scalars.iter().map(seal).collect()))
}

/// r and k.
fn sealing_scalars(number: usize) -> Fallible<[SecretScalar; 2]> {
    let scalar = |which: u8| {
        let mut output = random("sealbid benchmark: scalars", &[number as u64, which.into()]);
        let mut wide = [0; 64];
        output.fill(&mut wide);
        SecretScalar::from_uniform_bytes(&wide).ok_or("a scalar of zero")
    };
    Ok([scalar(0)?, scalar(1)?])
}

/// Anything, the same in every run.
fn random(context: &str, seed: &[u64]) -> blake3::OutputReader {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for word in seed {
        hasher.update(&word.to_le_bytes());
    }
    hasher.finalize_xof()
}

/// Of 128 bits, as those of a batch are.
fn weights(count: usize) -> Vec<u128> {
    let mut output = random("sealbid benchmark: weights", &[]);
    let mut draw = || {
        let mut bytes = [0; 16];
        output.fill(&mut bytes);
        u128::from_le_bytes(bytes)
    };
    (0..count).map(|_| draw()).collect()
}

/// Of the sums that test the subgroup (docs/protocol.md 3.3).
fn signs(count: usize) -> Vec<Signs> {
    // Fixed here. A member's follow from a secret of its own, or they could be foreseen.
    let mut output = random("sealbid benchmark: signs", &[]);
    let mut byte = || {
        let mut byte = [0];
        output.fill(&mut byte);
        let [byte] = byte;
        byte
    };
    (0..count).map(|_| Signs::draw(&mut byte)).collect()
}

/// Four points read, u tested, four terms of a multi-scalar multiplication.
fn admit(points: &[Points]) -> Fallible<Cost> {
    let count = points.len();
    // Encoded first: to read them is a part of admission.
    let encoded: Vec<[[u8; 96]; 4]> = points
        .iter()
        .map(|points| points.public.map(|point| point.encode()))
        .collect();
    let (signs, weights) = (signs(count), weights(4 * count));
    let (cost, _) = timed(count, || {
        let read = encoded.as_flattened().iter().map(CurvePoint::decode);
        let read: Vec<CurvePoint> = read.collect::<Result<_, _>>()?;
        // Of each ciphertext the first, u: the one that members multiply by a secret.
        let tested: Vec<CurvePoint> = read.iter().step_by(4).copied().collect();
        black_box(in_subgroup_all(&tested, &signs));
        black_box(combine(&weights, read.iter()));
        Ok(())
    })?;
    Ok(cost)
}

/// A multi-scalar multiplication by short weights.
fn combine<'a>(weights: &[u128], points: impl Iterator<Item = &'a CurvePoint>) -> G1Sum {
    let mut sum = LinearCombination::with_capacity(weights.len());
    for (weight, point) in weights.iter().zip(points) {
        sum.add_short(*weight, point);
    }
    sum.sum()
}

/// One multiplication a member, and all members' shares, as they travel.
fn share_all(secrets: &[SecretScalar], points: &[Points]) -> Fallible<(Cost, Vec<Vec<[u8; 96]>>)> {
    let (mut cost, mut shares) = (Cost::default(), Vec::new());
    // Of every member of the quorum, of which the mean is told: they do the same.
    for secret in secrets {
        let make = || Ok(points.iter().map(|p| p.u().times_secret(secret)).collect());
        let (taken, made): (Cost, Vec<G1Point>) = timed(points.len(), make)?;
        cost = cost + taken;
        shares.push(made.iter().map(G1Point::encode).collect());
    }
    Ok((cost / secrets.len() as f64, shares))
}

/// q points read, one short combination, z tested, two terms of a multi-scalar
/// multiplication, KDF and AEAD.
fn open(
    points: &[Points],
    shares: &[Vec<[u8; 96]>],
    combination: &IntegerCombination,
    bodies: &[Vec<u8>],
) -> Fallible<(Cost, Vec<Vec<u8>>)> {
    let count = points.len();
    let (signs, weights) = (signs(count), weights(2 * count));
    timed(count, || {
        // Read and combined, tested, checked by one equation, decrypted. The key is made of tested
        // points alone.
        let z = combine_shares(shares, combination)?;
        let inside = in_subgroup_all(&z, &signs);
        let u = points.iter().map(|points| points.u().as_curve_point());
        black_box(combine(&weights, z.iter().chain(u)));
        let opened = inside.iter().zip(points).zip(bodies);
        opened
            .map(|((z, points), body)| {
                let z = z.as_ref().ok_or("a point outside the subgroup")?;
                decrypt(z, points.u(), body)
            })
            .collect()
    })
}

/// z of each ciphertext, in the affine coordinates that the key is derived from.
fn combine_shares(
    shares: &[Vec<[u8; 96]>],
    combination: &IntegerCombination,
) -> Fallible<Vec<CurvePoint>> {
    let read = |of_member: &Vec<[u8; 96]>| of_member.iter().map(CurvePoint::decode).collect();
    let lists: Vec<Vec<CurvePoint>> = shares.iter().map(read).collect::<Result<_, _>>()?;
    let lists: Vec<&[CurvePoint]> = lists.iter().map(Vec::as_slice).collect();
    let sums = combination.apply(&lists).ok_or("a share is missing")?;
    let points: Option<Vec<CurvePoint>> = sums.into_iter().collect();
    Ok(points.ok_or("a sum is the identity")?)
}

/// By z and u, as the key of a sealed part is.
fn cipher(z: &G1Point, u: &G1Point) -> ChaCha20Poly1305 {
    let mut hasher = blake3::Hasher::new_derive_key("sealbid benchmark: content key");
    hasher.update(&z.encode());
    hasher.update(&u.encode());
    ChaCha20Poly1305::new(hasher.finalize().as_bytes().into())
}

/// Not within what is timed: sealing is taken here for its five multiplications.
fn encrypt_all(points: &[Points], plaintexts: &[Vec<u8>]) -> Fallible<Vec<Vec<u8>>> {
    let encrypt = |(points, plaintext): (&Points, &Vec<u8>)| {
        let mut body = plaintext.clone();
        let cipher = cipher(&points.z, points.u());
        // The nonce may be the same always: each key encrypts one body.
        let sealed = cipher.encrypt_in_place(&[0; 12].into(), b"", &mut body);
        sealed.map_err(|_| "a body does not encrypt")?;
        Ok(body)
    };
    points.iter().zip(plaintexts).map(encrypt).collect()
}

/// It fails by any other z: so nothing was left out that it takes to come by this one.
fn decrypt(z: &G1Point, u: &G1Point, body: &[u8]) -> Fallible<Vec<u8>> {
    let mut plaintext = body.to_vec();
    let opened = cipher(z, u).decrypt_in_place(&[0; 12].into(), b"", &mut plaintext);
    opened.map_err(|_| "a body does not decrypt")?;
    Ok(plaintext)
}
