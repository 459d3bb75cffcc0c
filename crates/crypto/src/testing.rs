//! Committees, envelopes and certificates for tests, and sealers and members that cheat.
//!
//! Committees are made by `threshold_crypto`, so that every test is one of interoperation too.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::collections::BTreeMap;

use sealbid_types::bytes::{Blob, FixedBytes};
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::committee::{PublicKeys, ShareKey};
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed, SealedPart};
use sealbid_types::id::{AuctionId, EnvelopeId, Epoch, MemberIndex, Round, Slot, View};
use sealbid_types::keys::{PublicKey, Signature as Ed25519};
use sealbid_types::metadata::Metadata;
use sealbid_types::statement::Statement;
use sealbid_types::time::Timestamp;
use threshold_crypto::ff::PrimeField;
use threshold_crypto::poly::Poly;
use threshold_crypto::{Fr, FrRepr};

use crate::content::ContentKey;
use crate::group::{CurvePoint, G1Point, G2Point, Scalar, SecretScalar};
use crate::proof::{ChallengeDigest, Commitments, second_generator};
use crate::{BatchSecret, CheckedPart, CloseCertificate, Combined, CommitteeKeys, KeyShare};

/// The auction of all houses here, whose epoch is 0.
pub(crate) const AUCTION: AuctionId = AuctionId(FixedBytes([1; 32]));

pub(crate) const BATCH: BatchSecret = BatchSecret::new([0xba; 32]);

/// A secret scalar out of a seed.
pub(crate) fn secret(seed: u64) -> SecretScalar {
    let mut wide = [0; 64];
    blake3::Hasher::new()
        .update(&seed.to_le_bytes())
        .finalize_xof()
        .fill(&mut wide);
    SecretScalar::from_uniform_bytes(&wide).unwrap()
}

fn fr(secret: &SecretScalar) -> Fr {
    let limb = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    let limbs = secret.expose(|b| [&b[..8], &b[8..16], &b[16..24], &b[24..]].map(limb));
    Fr::from_repr(FrRepr(limbs)).unwrap()
}

fn scalar(fr: Fr) -> SecretScalar {
    let mut bytes = [0; 32];
    for (to, limb) in bytes.chunks_mut(8).zip(fr.into_repr().0) {
        to.copy_from_slice(&limb.to_le_bytes());
    }
    SecretScalar::from_le_bytes(&bytes).unwrap()
}

/// A committee with all its secrets.
pub(crate) struct House {
    pub(crate) public: PublicKeys,
    pub(crate) keys: CommitteeKeys,
    pub(crate) shares: Vec<KeyShare>,
    /// The secret that is shared.
    pub(crate) master: SecretScalar,
    /// The same shares in `threshold_crypto`.
    pub(crate) reference: threshold_crypto::SecretKeySet,
}

impl House {
    pub(crate) fn new(n: u8, q: u8, seed: u64) -> Self {
        let coefficients: Vec<Fr> = (0..u64::from(q))
            .map(|power| fr(&secret(seed << 8 | power)))
            .collect();
        let poly = Poly::from(coefficients);
        let secrets: Vec<SecretScalar> = (1..=u64::from(n))
            .map(|x| scalar(poly.evaluate(x)))
            .collect();
        let master = scalar(poly.evaluate(0u64));
        let reference = threshold_crypto::SecretKeySet::from(poly);
        let commitment = bincode_points(&reference.public_keys());
        let public = PublicKeys {
            commitment,
            public_key_2: FixedBytes(G2Point::generator().times_secret(&master).compress()),
            share_keys: secrets.iter().map(share_key).collect(),
        };
        let keys = CommitteeKeys::new(&public, q).unwrap();
        let shares = MemberIndex::all(n)
            .zip(secrets)
            .map(|(member, secret)| {
                KeyShare::new(&keys, AUCTION, Epoch(0), member, secret).unwrap()
            })
            .collect();
        Self {
            public,
            keys,
            shares,
            master,
            reference,
        }
    }

    /// The shares that `members` release for `parts` by right.
    pub(crate) fn released(
        &self,
        members: &[u8],
        parts: &[&CheckedPart],
    ) -> BTreeMap<MemberIndex, Vec<FixedBytes<96>>> {
        let certificate = self.certificate(&close_of(parts));
        let release = |share: &KeyShare| {
            let pending = share.share_all(parts);
            pending
                .iter()
                .map(|p| p.release(&certificate).unwrap().value)
                .collect()
        };
        members
            .iter()
            .map(|m| (MemberIndex(*m), release(&self.shares[usize::from(*m)])))
            .collect()
    }

    /// The committee's signature, by its first q members.
    pub(crate) fn sign(&self, statement: &Statement) -> FixedBytes<96> {
        let shares = self.shares.iter().take(self.keys.quorum());
        let shares = shares
            .map(|s| (s.member(), s.sign(statement).unwrap().to_bytes()))
            .collect();
        Combined::new(&self.keys, statement, &shares)
            .unwrap()
            .signature
            .to_bytes()
    }

    pub(crate) fn certificate(&self, close: &Close) -> CloseCertificate {
        let view = View(2);
        let signature = self.sign(&close_statement(close, view));
        let bytes = CertificateBytes { view, signature };
        CloseCertificate::verify(&self.keys, close.clone(), &bytes).unwrap()
    }
}

/// `PublicKeySet` serialises to its commitment: a count and compressed points.
fn bincode_points(keys: &threshold_crypto::PublicKeySet) -> Vec<FixedBytes<48>> {
    postcard::from_bytes(&postcard::to_stdvec(keys).unwrap()).unwrap()
}

fn share_key(secret: &SecretScalar) -> ShareKey {
    ShareKey {
        g1: FixedBytes(G1Point::generator().times_secret(secret).compress()),
        g2: FixedBytes(G2Point::generator().times_secret(secret).compress()),
    }
}

pub(crate) fn close_statement(close: &Close, view: View) -> Statement {
    Statement::Close {
        auction: close.auction,
        epoch: close.epoch,
        round: close.round,
        view,
        close: close.digest(),
    }
}

/// A close that lists the envelopes of `parts`.
pub(crate) fn close_of(parts: &[&CheckedPart]) -> Close {
    let ids = |kind: &dyn Fn(Part) -> bool| {
        let mut ids: Vec<EnvelopeId> = parts
            .iter()
            .filter(|p| kind(p.part()))
            .map(|p| p.envelope())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    Close {
        auction: AUCTION,
        round: Round(5),
        slot: Slot(9),
        closed_at: Timestamp(1_000_000),
        key: [2; 32].into(),
        epoch: Epoch(0),
        rules: [3; 32].into(),
        previous: [4; 32].into(),
        reports: vec![[5; 32].into(); 3],
        intents: ids(&|part| part != Part::Quote),
        quotes: ids(&|part| part == Part::Quote),
    }
}

pub(crate) fn header(kind: Kind, submitter: u8) -> Header {
    Header {
        protocol: PROTOCOL,
        kind,
        auction: AUCTION,
        key: [2; 32].into(),
        first: Round(5),
        last: Round(5),
        expires: Timestamp(2_000_000),
        metadata: Metadata::NOTHING,
        submitter: PublicKey(FixedBytes([submitter; 32])),
    }
}

/// An envelope whose submitter's signature nobody looks at.
pub(crate) fn envelope(header: Header, sealed: Sealed) -> Envelope {
    Envelope {
        header,
        sealed,
        signature: Ed25519(FixedBytes([0; 64])),
    }
}

/// A quote that holds `plaintext`.
pub(crate) fn quote(keys: &CommitteeKeys, seed: u8, plaintext: &[u8]) -> Envelope {
    let header = header(Kind::Quote, seed);
    let label = header.label(Part::Quote, None);
    let part = crate::seal(keys, &label, plaintext, &[seed; 32], b"account").unwrap();
    envelope(header, Sealed::Quote(part))
}

/// An intent with these terms and this authorisation.
pub(crate) fn intent(
    keys: &CommitteeKeys,
    seed: u8,
    terms: &[u8],
    authorisation: &[u8],
) -> Envelope {
    let header = header(Kind::Intent, seed);
    let label = header.label(Part::Terms, None);
    let terms = crate::seal(keys, &label, terms, &[seed; 32], b"account").unwrap();
    let label = header.label(Part::Authorisation, Some(terms.terms_digest()));
    let authorisation = crate::seal(keys, &label, authorisation, &[seed; 32], b"account").unwrap();
    envelope(
        header,
        Sealed::Intent {
            terms,
            authorisation,
        },
    )
}

/// Quotes that passed admission, each with a plaintext that names its number.
pub(crate) fn checked_quotes(keys: &CommitteeKeys, count: u8) -> Vec<CheckedPart> {
    let quotes = (0..count).map(|i| quote(keys, i, format!("quote {i}").as_bytes()));
    quotes
        .map(|q| crate::check(&q).unwrap().parts()[0].clone())
        .collect()
}

/// Makes commitment and body from the content key and the label.
pub(crate) type MakeContent = fn(ContentKey, &[u8]) -> ([u8; 32], Vec<u8>);

/// A sealer that knows r and k, follows the proof, and bends everything else as it likes.
pub(crate) struct Cheat {
    pub(crate) shift_u: Option<CurvePoint>,
    pub(crate) shift_u_bar: Option<CurvePoint>,
    pub(crate) shift_a: Option<CurvePoint>,
    pub(crate) shift_a_bar: Option<CurvePoint>,
    pub(crate) content: MakeContent,
}

impl Cheat {
    /// Cheats in nothing.
    pub(crate) const HONEST: Self = Self {
        shift_u: None,
        shift_u_bar: None,
        shift_a: None,
        shift_a_bar: None,
        content: |key, label| (key.commitment(), key.encrypt(label, b"fine").unwrap()),
    };

    pub(crate) fn seal(&self, keys: &CommitteeKeys, label: &[u8], seed: u64) -> SealedPart {
        let (r, k) = (secret(2 * seed), secret(2 * seed + 1));
        let point = |base: &G1Point, exponent: &SecretScalar, shift: &Option<CurvePoint>| {
            let point = *base.times_secret(exponent).as_curve_point();
            shift
                .as_ref()
                .map_or(point, |shift| point.plus(shift))
                .encode()
        };
        let (g, g_bar) = (G1Point::generator(), second_generator());
        let u = point(&g, &r, &self.shift_u);
        let u_bar = point(&g_bar, &r, &self.shift_u_bar);
        let a = point(&g, &k, &self.shift_a);
        let a_bar = point(&g_bar, &k, &self.shift_a_bar);
        let z = keys.public_key().times_secret(&r).encode();
        let key = ContentKey::derive(&z, &g.times_secret(&r).encode(), label);
        let (commitment, body) = (self.content)(key, label);
        let points = Commitments {
            u: &u,
            u_bar: &u_bar,
            a: &a,
            a_bar: &a_bar,
        };
        let e = ChallengeDigest::of(label, &commitment, &body, &points).challenge();
        SealedPart {
            u: FixedBytes(u),
            u_bar: FixedBytes(u_bar),
            a: FixedBytes(a),
            a_bar: FixedBytes(a_bar),
            commitment: FixedBytes(commitment),
            response: FixedBytes(r.respond(k, &Scalar::from(e)).encode()),
            body: Blob::from(body),
        }
    }

    /// A quote sealed so.
    pub(crate) fn quote(&self, keys: &CommitteeKeys, seed: u8) -> Envelope {
        let header = header(Kind::Quote, seed);
        let part = self.seal(keys, &header.label(Part::Quote, None), u64::from(seed));
        envelope(header, Sealed::Quote(part))
    }
}
