//! The parts of sealing, admission and opening, one by one.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has nothing to say"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::SigningKey;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sealbid_benches::committee::Committee;
use sealbid_crypto::group::{
    CurvePoint, G1Point, G1Sum, G2Point, IntegerCombination, LinearCombination, PairingProduct,
    SecretScalar, Signs, in_subgroup_all,
};
use sealbid_crypto::{
    BatchSecret, CheckedEnvelope, CheckedPart, check, check_batch, open, prepare,
};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Metadata;
use sealbid_types::time::Timestamp;

const SIZES: [usize; 3] = [1, 64, 1024];
const SECRET: BatchSecret = BatchSecret::new([0xba; 32]);

/// Everything is done on one thread.
fn one_thread() -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(1).build().unwrap()
}

fn scalar(seed: u8) -> SecretScalar {
    SecretScalar::from_uniform_bytes(&[seed; 64]).unwrap()
}

/// So many different points of G1.
fn points(count: usize) -> Vec<G1Point> {
    let by = scalar(3);
    let next = |point: &G1Point| Some(point.times_secret(&by));
    std::iter::successors(Some(G1Point::generator()), next)
        .take(count)
        .collect()
}

fn bytes(count: usize) -> blake3::OutputReader {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&count.to_le_bytes());
    hasher.finalize_xof()
}

fn group(c: &mut Criterion) {
    let (g, by) = (G1Point::generator(), scalar(7));
    c.bench_function("G1, by a secret", |b| b.iter(|| g.times_secret(&by)));
    let encoded = g.encode();
    c.bench_function("G1, read", |b| b.iter(|| CurvePoint::decode(&encoded)));
    let point = *g.as_curve_point();
    c.bench_function("G1, subgroup of one", |b| b.iter(|| point.in_subgroup()));
    let (p, q) = (G1Sum::from(&point), G2Point::generator());
    c.bench_function("pairing equation", |b| {
        b.iter(|| {
            PairingProduct::default()
                .times_sum(&p, &q)
                .over_sum(&p, &q)
                .is_one()
        });
    });
    let coefficients = [15_015, -25_025, 9_009, -2_145, 91, 330, -77, 12, 5, -4, 3];
    c.bench_function("combination of 11, worked out", |b| {
        b.iter(|| IntegerCombination::new(&coefficients, 3_632_428_800));
    });
}

fn batches(c: &mut Criterion) {
    let pool = one_thread();
    let mut group = c.benchmark_group("batch");
    for count in SIZES {
        let points = points(count + 3);
        let points: Vec<CurvePoint> = points.iter().map(|p| *p.as_curve_point()).collect();
        let lists: Vec<&[CurvePoint]> = points.windows(count).collect();
        let points = *lists.first().unwrap();
        group.throughput(Throughput::Elements(count as u64));
        let mut random = bytes(count);
        let mut byte = || {
            let mut byte = [0];
            random.fill(&mut byte);
            byte[0]
        };
        let signs: Vec<Signs> = (0..count).map(|_| Signs::draw(&mut byte)).collect();
        group.bench_function(BenchmarkId::new("subgroup test", count), |b| {
            b.iter(|| pool.install(|| in_subgroup_all(points, &signs)));
        });
        let mut sum = LinearCombination::with_capacity(count);
        for point in points {
            let mut weight = [0; 16];
            random.fill(&mut weight);
            sum.add_short(u128::from_le_bytes(weight), point);
        }
        group.bench_function(BenchmarkId::new("128-bit combination", count), |b| {
            b.iter(|| pool.install(|| sum.sum()));
        });
        let combination = IntegerCombination::new(&[4, -6, 4, -1], 10);
        group.bench_function(BenchmarkId::new("combination of 4", count), |b| {
            b.iter(|| combination.apply(&lists));
        });
    }
    group.finish();
}

fn quotes(committee: &Committee, count: usize) -> Vec<Envelope> {
    let account = SigningKey::from_bytes(&[9; 32]);
    let header = Header {
        protocol: PROTOCOL,
        kind: Kind::Quote,
        auction: [1; 32].into(),
        key: [2; 32].into(),
        first: Round(1),
        last: Round(1),
        expires: Timestamp(1),
        metadata: Metadata::NOTHING,
        submitter: PublicKey::of(&account),
    };
    let label = header.label(Part::Quote, None);
    let quote = |number: usize| {
        let mut entropy = [0; 32];
        bytes(number).fill(&mut entropy);
        let sealed =
            sealbid_crypto::seal(&committee.keys, &label, &[0x5a; 256], &entropy, b"account");
        Envelope::sign(header.clone(), Sealed::Quote(sealed.unwrap()), &account)
    };
    (0..count).map(quote).collect()
}

/// Each member's shares of all parts.
type Shares = BTreeMap<MemberIndex, Vec<FixedBytes<96>>>;

fn released(committee: &Committee, parts: &[&CheckedPart]) -> Shares {
    let certificate = committee.certify(parts).unwrap();
    let of_member = |member: &sealbid_crypto::KeyShare| {
        let shares = member.share_all(parts);
        let values = shares
            .iter()
            .map(|share| share.release(&certificate).unwrap().value);
        (member.member(), values.collect())
    };
    committee.quorum().map(of_member).collect()
}

fn phases(c: &mut Criterion) {
    let (pool, committee) = (one_thread(), Committee::deal(5, 4).unwrap());
    let mut group = c.benchmark_group("phase");
    for count in SIZES {
        let envelopes = quotes(&committee, count);
        let references: Vec<&Envelope> = envelopes.iter().collect();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("admit one by one", count), |b| {
            b.iter(|| {
                references
                    .iter()
                    .filter(|envelope| check(envelope).is_ok())
                    .count()
            });
        });
        group.bench_function(BenchmarkId::new("admit in a batch", count), |b| {
            b.iter(|| pool.install(|| check_batch(&references, &SECRET)));
        });
        let checked = check_batch(&references, &SECRET);
        let mut checked: Vec<CheckedEnvelope> = checked.into_iter().map(Result::unwrap).collect();
        group.bench_function(BenchmarkId::new("prepare", count), |b| {
            b.iter(|| pool.install(|| prepare(&mut checked, &SECRET)));
        });
        let parts: Vec<&CheckedPart> = checked.iter().flat_map(CheckedEnvelope::parts).collect();
        let member = committee.quorum().next().unwrap();
        group.bench_function(BenchmarkId::new("share", count), |b| {
            b.iter(|| pool.install(|| member.share_all(&parts)));
        });
        let shares = released(&committee, &parts);
        group.bench_function(BenchmarkId::new("open", count), |b| {
            b.iter(|| pool.install(|| open(&committee.keys, &parts, &shares, &SECRET)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = group, batches, phases
}
criterion_main!(benches);
