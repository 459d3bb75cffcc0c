//! Commands for the replicated pool, whoever proposes them.

use std::collections::BTreeSet;

use sealbid_protocol::pool::{
    Applied, ClearedRound, EnvelopeKind, Pool, PoolAnswer, PoolCommand, PoolEnvelope, PoolItem,
    PoolLimits, PoolQuery,
};

use crate::Target;
use crate::program::Program;

/// Small, so that they are met.
const LIMITS: PoolLimits = PoolLimits {
    entries: 6,
    bytes: 64,
    envelope_bytes: 24,
    certificate_bytes: 16,
    ahead: 8,
    rounds: 3,
    round_ids: 4,
    listed: 8,
};

fn id(program: &mut Program<'_>) -> [u8; 32] {
    [program.byte() % 16; 32]
}

/// Most are of near rounds; one in 256 is of any.
fn round(program: &mut Program<'_>) -> u64 {
    match program.byte() {
        255 => u64::MAX - u64::from(program.byte()),
        round => u64::from(round % 32),
    }
}

fn envelope(program: &mut Program<'_>) -> PoolEnvelope {
    PoolEnvelope {
        id: id(program),
        first_round: round(program),
        last_round: round(program),
        body: vec![program.byte(); usize::from(program.byte() % 32)],
    }
}

fn cleared(program: &mut Program<'_>) -> ClearedRound {
    ClearedRound {
        round: round(program),
        certificate: vec![program.byte(); usize::from(program.byte() % 20)],
        listed: (0..program.byte() % 6).map(|_| id(program)).collect(),
    }
}

fn command(kind: u8, program: &mut Program<'_>) -> PoolCommand {
    match kind % 3 {
        0 => PoolCommand::SubmitIntent(envelope(program)),
        1 => PoolCommand::SubmitQuote(envelope(program)),
        _ => PoolCommand::ClearRound(cleared(program)),
    }
}

/// Every limit holds, and what is not taken changes nothing.
fn apply(pool: &mut Pool, command: PoolCommand) {
    let before = pool.clone();
    let applied = pool.apply(command.clone());
    if matches!(applied, Applied::Known | Applied::Refused(_)) {
        assert_eq!(*pool, before, "{command:?}: {applied:?}");
    }
    for kind in [EnvelopeKind::Intent, EnvelopeKind::Quote] {
        assert!(pool.pending(kind) <= LIMITS.entries && pool.pending_bytes(kind) <= LIMITS.bytes);
    }
    let (mut rounds, mut listed) = (0, 0);
    let mut bytes = [0, 0];
    for item in pool.items() {
        match item {
            PoolItem::Cleared(round) => {
                assert!(pool.fits(&round) && pool.knows_round(round.round));
                (rounds, listed) = (rounds + 1, listed + round.listed.len());
            }
            PoolItem::Envelope(kind, envelope) => {
                assert!(pool.holds(kind, &envelope) && pool.contains(&envelope.key()));
                assert!(envelope.last_round >= pool.current_round());
                bytes[usize::from(kind == EnvelopeKind::Quote)] += envelope.body.len();
            }
        }
    }
    assert!(
        rounds <= LIMITS.rounds && listed <= LIMITS.listed,
        "{listed} in {rounds}"
    );
    assert_eq!(bytes[0], pool.pending_bytes(EnvelopeKind::Intent));
    assert_eq!(bytes[1], pool.pending_bytes(EnvelopeKind::Quote));
    let after = pool.clone();
    assert_eq!(
        pool.apply(command.clone()),
        pool.clone().apply(command),
        "it may come twice"
    );
    assert_eq!(*pool, after, "and does nothing then");
}

fn pool(bytes: &[u8]) {
    let mut program = Program::new(bytes, 64);
    let mut pool = Pool::new(LIMITS);
    while let Some(step) = program.step() {
        match step {
            250.. => {
                // As a snapshot travels, and in another order.
                let mut items: Vec<PoolItem> = pool.items().collect();
                items.reverse();
                let bytes = postcard::to_stdvec(&items).unwrap();
                let items: Vec<PoolItem> = postcard::from_bytes(&bytes).unwrap();
                let restored = Pool::restore(LIMITS, items);
                assert_eq!(restored.digest(), pool.digest());
                pool = restored;
            }
            240.. => {
                // Bytes from another member, read as mosaik reads them.
                if let Ok(command) = postcard::from_bytes::<PoolCommand>(program.bytes()) {
                    apply(&mut pool, command);
                }
            }
            kind => {
                let command = command(kind, &mut program);
                apply(&mut pool, command);
            }
        }
    }
    let PoolAnswer::Digest(digest) = pool.query(&PoolQuery::Digest) else {
        panic!("another answer");
    };
    assert_eq!(digest, pool.digest());
}

fn seeds() -> Vec<Vec<u8>> {
    let submit = |kind: u8, id: u8, first: u8, last: u8| [kind, id, first, last, 7, 9];
    let some: Vec<u8> = (0..12)
        .flat_map(|at| submit(at % 2, at, at, at + 4))
        .collect();
    let clear = [2, 5, 1, 8, 2, 3, 4];
    let command = PoolCommand::ClearRound(ClearedRound {
        round: 1,
        certificate: vec![1; 8],
        listed: BTreeSet::from([[1; 32]]),
    });
    let encoded = postcard::to_stdvec(&command).unwrap();
    let length = u16::try_from(encoded.len()).unwrap().to_le_bytes();
    vec![
        some.clone(),
        [&some[..], &clear, &[250], &some].concat(),
        [&[240][..], &length, &encoded, &some].concat(),
    ]
}

pub(crate) const TARGETS: &[Target] = &[Target::new("pool", pool, seeds)];
