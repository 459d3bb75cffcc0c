//! How many signed payloads of each standard are read and checked in a second.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a benchmark that cannot go on has nothing to say"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sealbid_near::multi_payload::MultiPayload;
use sealbid_near::verifier::Verifier;
use sealbid_types::text::AccountId;
use serde_json::Value;

/// The first payload of each standard that the Verifier's engine accepted.
fn accepted() -> Vec<(String, String)> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/verifier.json")).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for case in vectors["cases"].as_array().unwrap() {
        let standard = case["standard"].as_str().unwrap();
        if case["verdict"] == "accepted" && found.iter().all(|(known, _)| known != standard) {
            found.push((standard.to_owned(), case["signed"].to_string()));
        }
    }
    found
}

fn payloads(c: &mut Criterion) {
    let verifier = Verifier {
        contract: AccountId::intents_near(),
        salts: Some(vec![[0x25, 0x28, 0x12, 0xb3]]),
        now: "2026-08-15T00:00:00Z".parse().unwrap(),
    };
    let mut group = c.benchmark_group("payload");
    group.throughput(Throughput::Elements(1));
    for (standard, json) in accepted() {
        group.bench_function(&standard, |b| {
            b.iter(|| {
                let signed = MultiPayload::parse(&json).unwrap();
                verifier.check(&signed).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, payloads);
criterion_main!(benches);
