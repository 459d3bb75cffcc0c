//! How long a round of 1,000 swaps takes as 1,000 bundles of one fill each, signed payloads read.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_docs,
    dead_code,
    unreachable_pub,
    reason = "a benchmark that cannot go on has nothing to say"
)]

#[path = "../tests/bundles/fill.rs"]
mod fill;
#[path = "../tests/bundles/sign.rs"]
mod sign;
#[path = "../tests/bundles/state.rs"]
mod state;

use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sealbid_near::ledger::Ledger;
use sealbid_near::multi_payload::MultiPayload;

const SWAPS: u64 = 1_000;

/// Swaps of 50 traders with 5 solvers.
fn round() -> (state::State, Vec<Vec<MultiPayload>>) {
    let mut state = state::State::at_one_pip();
    let bundles = (0..SWAPS).map(|swap| {
        let mut fill = fill::Fill::usual(u8::try_from(swap % 50).unwrap(), fill::A, fill::B);
        fill.solver = sign::Account::new(u8::try_from(swap % 5).unwrap() + 1);
        fill.fund(&mut state);
        let drafts = fill.drafts(state.fee, usize::try_from(swap).unwrap());
        state::parse(&fill::sign(&drafts)).unwrap()
    });
    let bundles = bundles.collect();
    (state, bundles)
}

/// Both of each bundle in turn, and the median for all: what else runs meanwhile is left out of it.
#[allow(clippy::disallowed_methods, reason = "time is what is measured")]
fn less_signatures(ledger: &Ledger, bundles: &[Vec<MultiPayload>]) -> Duration {
    let mut ledger = ledger.clone();
    let mut times: Vec<_> = bundles
        .iter()
        .map(|bundle| {
            let begun = Instant::now();
            assert!(bundle.iter().all(|signed| signed.signer().is_some()));
            let signatures = begun.elapsed();
            ledger.execute(bundle, sign::NOW).unwrap();
            begun.elapsed().saturating_sub(2 * signatures)
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2] * u32::try_from(times.len()).unwrap()
}

fn bundles(c: &mut Criterion) {
    let (state, bundles) = round();
    let ledger = state.ledger();
    let mut group = c.benchmark_group("bundles");
    group
        .throughput(Throughput::Elements(SWAPS))
        .sample_size(20);
    group.bench_function("signatures alone", |b| {
        b.iter(|| {
            let payloads = bundles.iter().flatten();
            payloads.filter(|signed| signed.signer().is_some()).count()
        });
    });
    let execute = |mut ledger: Ledger| {
        for bundle in &bundles {
            ledger.execute(bundle, sign::NOW).unwrap();
        }
        ledger
    };
    group.bench_function("executed, signatures and all", |b| {
        b.iter_batched(|| ledger.clone(), execute, BatchSize::LargeInput);
    });
    group.bench_function("executed, less the signatures", |b| {
        b.iter_custom(|times| (0..times).map(|_| less_signatures(&ledger, &bundles)).sum());
    });
    group.finish();
}

criterion_group!(benches, bundles);
criterion_main!(benches);
