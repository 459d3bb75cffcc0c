#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
//! Random histories of rounds, with shared points, listed ids and nonces that run out.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sealbid_types::allocation::{Fill, FillKind};
use sealbid_types::bytes::{Blob, FixedBytes};
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::envelope::{Envelope, Header, Kind, MOST_ROUNDS, Sealed, SealedPart};
use sealbid_types::id::{EnvelopeId, Epoch, Round, Slot, View};
use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::metadata::Metadata;
use sealbid_types::record::{Ancestry, UsedNonce, UsedU};
use sealbid_types::settlement::{SettledFill, Settlement};
use sealbid_types::terms::{Authorisation, Nonce, Terms};
use sealbid_types::time::Timestamp;

use super::Chain;
use crate::disk::memory::MemoryDisk;
use crate::disk::{Recall, Table};
use crate::opening::OpenedIntents;

/// What one round lists, by small names: which points its envelopes use, and which nonces its fills.
#[derive(Debug, Clone)]
struct Entry {
    name: u8,
    point: u8,
    nonce: u8,
}

fn point(name: u8) -> FixedBytes<96> {
    FixedBytes([name; 96])
}

/// Nonces below 8 name no deadline; the others run out some rounds on.
fn nonce(name: u8) -> Nonce {
    if name < 8 {
        FixedBytes([name; 32])
    } else {
        sealbid_near::nonce::versioned([0; 4], closed_at(Round(u64::from(name))), [name; 15])
    }
}

fn closed_at(round: Round) -> Timestamp {
    Timestamp(round.0 * 1_000)
}

fn envelope(entry: &Entry, round: Round) -> Envelope {
    let part = |u| SealedPart {
        u,
        u_bar: FixedBytes([0; 96]),
        a: FixedBytes([0; 96]),
        a_bar: FixedBytes([0; 96]),
        commitment: FixedBytes([entry.name; 32]),
        response: FixedBytes([0; 32]),
        body: Blob::from(vec![]),
    };
    Envelope {
        header: Header {
            protocol: 1,
            kind: Kind::Quote,
            auction: [0; 32].into(),
            key: [0; 32].into(),
            first: round,
            last: round,
            expires: closed_at(round),
            metadata: Metadata::NOTHING,
            submitter: PublicKey(FixedBytes([0; 32])),
        },
        sealed: Sealed::Quote(part(point(entry.point))),
        signature: Signature(FixedBytes([0; 64])),
    }
}

fn close(round: Round, listed: &BTreeMap<EnvelopeId, Envelope>) -> Close {
    Close {
        auction: [0; 32].into(),
        round,
        slot: Slot(round.0),
        closed_at: closed_at(round),
        key: [0; 32].into(),
        epoch: Epoch(0),
        rules: [0; 32].into(),
        previous: [0; 32].into(),
        reports: vec![],
        intents: vec![],
        quotes: listed.keys().copied().collect(),
    }
}

fn terms(entry: &Entry) -> Terms {
    Terms {
        account: "a".repeat(64).parse().unwrap(),
        nonce: nonce(entry.nonce),
        deadline: Timestamp(0),
        actions: vec![],
        solvers: None,
    }
}

fn settlement(round: Round, fills: impl Iterator<Item = EnvelopeId>) -> Settlement {
    let fill = |intent| SettledFill {
        fill: Fill {
            intent,
            account: "a".repeat(64).parse().unwrap(),
            kind: FillKind::PassThrough,
            movements: vec![],
            fees: vec![],
            withdrawals: vec![],
        },
        authorisation: Authorisation::RawEd25519 {
            payload: String::new(),
            public_key: PublicKey(FixedBytes([0; 32])),
            signature: Signature(FixedBytes([0; 64])),
        },
    };
    Settlement {
        auction: [0; 32].into(),
        epoch: Epoch(0),
        round,
        close: [0; 32].into(),
        allocation: [0; 32].into(),
        terms: [0; 32].into(),
        fills: fills.map(fill).collect(),
        unfilled: vec![],
        void: vec![],
        flow: vec![],
    }
}

const CERTIFICATE: CertificateBytes = CertificateBytes {
    view: View(0),
    signature: FixedBytes([0; 96]),
};

/// The ancestry of a round, told from the whole history and by nothing that forgets.
fn told(history: &[Vec<Entry>], round: Round) -> (Ancestry, Vec<UsedNonce>) {
    let at = usize::try_from(round.0).unwrap() - 1;
    let before = |of: u64| of < round.0 && of + MOST_ROUNDS >= round.0;
    let earlier = || {
        let rounds = history.iter().zip(1u64..).take(at);
        rounds.flat_map(|(entries, of)| entries.iter().map(move |entry| (entry, of)))
    };
    let mut points = BTreeSet::new();
    let mut nonces = BTreeSet::new();
    for entry in &history[at] {
        let holders = earlier().filter(|(other, of)| other.point == entry.point && before(*of));
        let first = holders.map(|(other, of)| (of, envelope(other, Round(of)).id()));
        points.extend(first.min().map(|(of, id)| UsedU {
            u: point(entry.point),
            envelope: id,
            round: Round(of),
        }));
        let first = earlier().find(|(other, _)| other.nonce == entry.nonce);
        let has_run_out = entry.nonce >= 8 && u64::from(entry.nonce) < round.0;
        if let Some((_, of)) = first.filter(|_| !has_run_out) {
            nonces.insert(UsedNonce {
                account: "a".repeat(64).parse().unwrap(),
                nonce: nonce(entry.nonce),
                round: Round(of),
            });
        }
    }
    let reported = earlier().filter(|(_, of)| before(*of));
    let ancestry = Ancestry {
        listed: reported
            .map(|(entry, of)| envelope(entry, Round(of)).id())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        nonces: vec![],
        points: points.into_iter().collect(),
    };
    (ancestry, nonces.into_iter().collect())
}

fn entries() -> impl Strategy<Value = Vec<Vec<Entry>>> {
    let entry = (any::<u8>(), 0u8..12, 0u8..100);
    let entry = entry.prop_map(|(name, point, nonce)| Entry { name, point, nonce });
    let round = prop::collection::vec(entry, 0..3).prop_map(|mut entries| {
        // Entries of one name and point would be one envelope, which has one nonce.
        let mut known = BTreeSet::new();
        entries.retain(|entry| known.insert((entry.name, entry.point)));
        entries
    });
    prop::collection::vec(round, 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// A member that starts again after any step has the ledger that it had, and what it makes of
    /// earlier rounds is what the whole history tells, before and after its round's own points are
    /// remembered.
    #[test]
    fn a_restart_at_any_step_changes_nothing(history in entries()) {
        let (mut chain, mut disk) = (Chain::default(), MemoryDisk::default());
        let mut all = BTreeSet::new();
        for (entries, round) in history.iter().zip((1..).map(Round)) {
            let with_ids: BTreeMap<_, _> = entries
                .iter()
                .map(|entry| (envelope(entry, round).id(), entry))
                .collect();
            let listed: BTreeMap<_, _> = with_ids
                .iter()
                .map(|(id, entry)| (*id, envelope(entry, round)))
                .collect();
            let intents: OpenedIntents =
                with_ids.iter().map(|(id, entry)| (*id, Ok(terms(entry)))).collect();
            let close = close(round, &listed);
            let (mut ancestry, nonces) = told(&history, round);
            ancestry.listed.retain(|id| all.contains(id));
            for step in 0..3 {
                match step {
                    0 => disk.commit(chain.certify(close.clone(), CERTIFICATE)),
                    1 => disk.commit(chain.use_points(round, &listed)),
                    _ => disk.commit(chain.settle(
                        &settlement(round, listed.keys().copied()),
                        &intents,
                    )),
                }
                let again = Chain::recall(&disk).unwrap();
                prop_assert_eq!(&again, &chain);
                prop_assert_eq!(again.digest_of(round), Some(close.digest()));
                prop_assert_eq!(&again.ancestry(round, &all, listed.values()), &ancestry);
                prop_assert_eq!(&again.used_nonces(&close, &intents), &nonces);
                chain = again;
            }
            all.extend(listed.into_keys());
            prop_assert!(disk.scan(Table::Closes).len() as u64 <= MOST_ROUNDS + 1);
            prop_assert!(disk.scan(Table::Points).len() as u64 <= MOST_ROUNDS + 1);
            let kept = disk.scan(Table::Nonces).len() as u64;
            prop_assert!(kept <= 8 + 100u64.saturating_sub(round.0.max(8)) + 3);
        }
    }
}
