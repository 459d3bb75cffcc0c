use super::*;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::committee::MOST_ENTRIES;
use sealbid_types::id::{EnvelopeId, Epoch, Round, Slot, View};
use sealbid_types::time::Timestamp;

const SMALL: PoolLimits = PoolLimits {
    entries: 8,
    bytes: 64,
    envelope_bytes: 16,
    certificate_bytes: 16,
    ahead: 4,
    rounds: 3,
    round_ids: 8,
    listed: 10,
};

fn envelope() -> impl Strategy<Value = PoolEnvelope> {
    let round = || prop_oneof![9 => 0..12u64, 1 => any::<u64>()];
    (0..12u8, vec(0..4u8, 0..20), round(), 0..6u64).prop_map(|(id, body, first_round, rounds)| {
        PoolEnvelope {
            id: [id; 32],
            body,
            first_round,
            last_round: first_round.wrapping_add(rounds).wrapping_sub(1),
        }
    })
}

fn command() -> impl Strategy<Value = PoolCommand> {
    let cleared = (0..6u64, vec(any::<u8>(), 0..20), btree_set(0..12u8, 0..12)).prop_map(
        |(round, certificate, ids)| {
            let listed = ids.into_iter().map(|id| [id; 32]).collect();
            PoolCommand::ClearRound(ClearedRound {
                round,
                certificate,
                listed,
            })
        },
    );
    prop_oneof![
        4 => envelope().prop_map(PoolCommand::SubmitIntent),
        2 => envelope().prop_map(PoolCommand::SubmitQuote),
        1 => cleared,
    ]
}

fn is_envelope(item: &PoolItem) -> bool {
    matches!(item, PoolItem::Envelope(..))
}

fn bounded(pool: &Pool) {
    for queue in [&pool.intents, &pool.quotes] {
        assert!(queue.entries.len() <= SMALL.entries);
        assert!(queue.bytes <= SMALL.bytes);
        assert_eq!(
            queue.bytes,
            queue.entries.values().map(|e| e.body.len()).sum::<usize>()
        );
        assert!(queue.entries.values().all(|e| e.last_round > pool.cleared));
        // Whatever is put there, it goes within so many rounds.
        let (cleared, most) = (pool.cleared, 2 * SMALL.ahead + 1);
        assert!(
            cleared == 0
                || queue
                    .entries
                    .values()
                    .all(|e| e.last_round <= cleared + most)
        );
        assert!(queue.entries.keys().all(|(id, _)| !pool.was_listed(id)));
    }
    assert!(pool.rounds.len() <= SMALL.rounds);
    assert_eq!(
        pool.listed,
        pool.rounds.values().map(|r| r.listed.len()).sum::<usize>()
    );
    assert!(pool.listed <= SMALL.listed);
}

proptest! {
    #[test]
    fn stays_within_its_limits(commands in vec(command(), 0..60)) {
        let mut pool = Pool::new(SMALL);
        for command in commands {
            let before = pool.clone();
            match pool.apply(command) {
                Applied::Known | Applied::Refused(_) => prop_assert_eq!(&pool, &before),
                Applied::Added => prop_assert_ne!(&pool, &before),
                Applied::Cleared(gone) => {
                    let waiting = |pool: &Pool| pool.items().filter(is_envelope).count();
                    prop_assert_eq!(waiting(&before) - waiting(&pool), gone);
                }
            }
            bounded(&pool);
        }
    }

    #[test]
    fn a_command_twice_is_a_command_once(commands in vec(command(), 0..40)) {
        let (mut once, mut twice) = (Pool::new(SMALL), Pool::new(SMALL));
        for command in commands {
            once.apply(command.clone());
            twice.apply(command.clone());
            twice.apply(command);
            prop_assert_eq!(&once, &twice);
        }
    }

    #[test]
    fn equal_digests_for_equal_pools_only(a in vec(command(), 0..20), b in vec(command(), 0..20)) {
        let run = |commands: Vec<PoolCommand>| {
            let mut pool = Pool::new(SMALL);
            commands.into_iter().for_each(|c| { pool.apply(c); });
            pool
        };
        let (a, b) = (run(a), run(b));
        prop_assert_eq!(a == b, a.digest() == b.digest());
    }

    #[test]
    fn a_snapshot_in_any_order_restores_the_pool(commands in vec(command(), 0..40), turn in 0..50usize) {
        let mut pool = Pool::new(SMALL);
        commands.into_iter().for_each(|c| { pool.apply(c); });
        let mut items: Vec<_> = pool.items().collect();
        let turn = turn % items.len().max(1);
        items.rotate_left(turn);
        prop_assert_eq!(Pool::restore(SMALL, items), pool);
    }
}

fn intent(id: u8, body: &[u8], first_round: u64, last_round: u64) -> PoolCommand {
    let body = body.to_vec();
    PoolCommand::SubmitIntent(PoolEnvelope {
        id: [id; 32],
        body,
        first_round,
        last_round,
    })
}

fn key(id: u8, body: &[u8]) -> Key {
    ([id; 32], *blake3::hash(body).as_bytes())
}

fn clear(round: u64, listed: &[u8]) -> PoolCommand {
    let listed = listed.iter().map(|id| [*id; 32]).collect();
    PoolCommand::ClearRound(ClearedRound {
        round,
        certificate: vec![9],
        listed,
    })
}

#[test]
fn a_round_takes_what_it_lists_and_what_is_late() {
    let mut pool = Pool::new(SMALL);
    for command in [
        intent(1, b"a", 1, 3),
        intent(2, b"b", 1, 1),
        intent(3, b"c", 1, 2),
    ] {
        assert_eq!(pool.apply(command), Applied::Added);
    }
    assert_eq!(pool.apply(clear(1, &[3])), Applied::Cleared(2));
    assert_eq!(pool.apply(clear(1, &[1])), Applied::Known);
    assert_eq!(pool.current_round(), 2);
    assert_eq!(
        pool.apply(intent(3, b"c", 1, 2)),
        Applied::Refused(PoolRefusal::Listed)
    );
    assert_eq!(
        pool.apply(intent(4, b"d", 1, 1)),
        Applied::Refused(PoolRefusal::Expired)
    );
    let keys = [(1, b"a"), (2, b"b"), (3, b"c")].map(|(id, body)| key(id, body));
    let answer = pool.query(&PoolQuery::Contains(keys.to_vec()));
    assert_eq!(answer, PoolAnswer::Contains(vec![true, false, true]));
    let result = pool.query(&PoolQuery::RoundResult(1));
    assert_eq!(result, PoolAnswer::RoundResult(Some(vec![9])));
}

#[test]
fn garbage_under_an_id_does_not_keep_the_envelope_out() {
    let mut pool = Pool::new(SMALL);
    assert_eq!(pool.apply(intent(1, b"garbage", 1, 3)), Applied::Added);
    let held = |pool: &Pool| [&b"garbage"[..], b"real"].map(|body| pool.contains(&key(1, body)));
    assert_eq!(
        held(&pool),
        [true, false],
        "the true one is still to be offered"
    );
    assert_eq!(pool.apply(intent(1, b"real", 1, 3)), Applied::Added);
    assert_eq!(held(&pool), [true, true]);
    assert_eq!(pool.apply(intent(1, b"real", 1, 3)), Applied::Known);
    assert_eq!(pool.pending(EnvelopeKind::Intent), 2);
}

/// Entries for rounds that never come would fill a pool for good.
#[test]
fn what_waits_for_ever_is_not_taken_and_what_is_far_ahead_goes() {
    let mut pool = Pool::new(SMALL);
    let applied = pool.apply(intent(1, b"endless", 1, u64::MAX));
    assert_eq!(applied, Applied::Refused(PoolRefusal::Malformed));
    // Which round is open shows with the first that is cleared.
    assert_eq!(pool.apply(intent(2, b"far", 100, 103)), Applied::Added);
    assert_eq!(pool.apply(intent(3, b"near", 9, 12)), Applied::Added);
    assert_eq!(pool.apply(clear(8, &[])), Applied::Cleared(1));
    assert!(pool.contains(&key(3, b"near")) && !pool.contains(&key(2, b"far")));
    let applied = pool.apply(intent(2, b"far", 100, 103));
    assert_eq!(applied, Applied::Refused(PoolRefusal::TooEarly));
    assert_eq!(pool.apply(intent(4, b"edge", 13, 17)), Applied::Added);
}

#[test]
fn a_full_pool_refuses_and_keeps() {
    let mut pool = Pool::new(SMALL);
    for id in 0..8 {
        assert_eq!(pool.apply(intent(id, b"12345678", 1, 3)), Applied::Added);
    }
    assert_eq!(
        pool.apply(intent(9, b"1", 1, 3)),
        Applied::Refused(PoolRefusal::Full)
    );
    assert_eq!(pool.pending_bytes(EnvelopeKind::Intent), 64);
}

fn ids(numbers: core::ops::Range<u32>) -> Vec<EnvelopeId> {
    let ids = numbers.map(|number| blake3::hash(&number.to_le_bytes()));
    let mut ids: Vec<_> = ids.map(|hash| EnvelopeId::from(*hash.as_bytes())).collect();
    ids.sort_unstable();
    ids
}

/// A close of round 7 that lists as many entries as one may, so many of them quotes.
fn close(quotes: u32) -> Close {
    Close {
        auction: [1; 32].into(),
        round: Round(7),
        slot: Slot(9),
        closed_at: Timestamp(1),
        key: [2; 32].into(),
        epoch: Epoch(1),
        rules: [3; 32].into(),
        previous: Close::GENESIS,
        reports: vec![[4; 32].into(); 16],
        intents: ids(quotes..MOST_ENTRIES),
        quotes: ids(0..quotes),
    }
}

/// Certificates are not checked here: any will do.
fn cleared(close: Close) -> ClearedRound {
    let (view, signature) = (View(0), [0; 96].into());
    ClearedRound::of(close, CertificateBytes { view, signature })
}

#[test]
fn the_largest_rounds_are_cleared() {
    for quotes in [1, MOST_ENTRIES / 5, MOST_ENTRIES - 1] {
        let close = close(quotes);
        let mut pool = Pool::new(PoolLimits::default());
        let envelope = |id: &EnvelopeId| PoolEnvelope {
            id: *id.as_bytes(),
            body: vec![1],
            first_round: 1,
            last_round: 60,
        };
        let intents = close.intents.iter().map(envelope);
        let intents = intents.map(PoolCommand::SubmitIntent);
        let quotes = close.quotes.iter().map(envelope);
        for command in intents.chain(quotes.map(PoolCommand::SubmitQuote)) {
            assert_eq!(pool.apply(command), Applied::Added);
        }
        let command = PoolCommand::ClearRound(cleared(close));
        let gone = MOST_ENTRIES as usize;
        assert_eq!(pool.apply(command.clone()), Applied::Cleared(gone));
        assert_eq!(pool.current_round(), 8);
        assert_eq!(pool.apply(command), Applied::Known);
    }
}

#[test]
fn a_round_older_than_all_that_are_remembered_is_no_news() {
    let mut pool = Pool::new(PoolLimits::default());
    let rounds = pool.limits.rounds as u64;
    for round in 10..10 + rounds {
        assert!(!pool.knows_round(round));
        let of_round = ClearedRound {
            round,
            ..ClearedRound::default()
        };
        let applied = pool.apply(PoolCommand::ClearRound(of_round));
        assert_eq!(applied, Applied::Cleared(0));
        assert!(pool.knows_round(round));
        assert_eq!(pool.knows_round(9), round + 1 == 10 + rounds);
    }
    assert!(!pool.knows_round(10 + rounds));
}
