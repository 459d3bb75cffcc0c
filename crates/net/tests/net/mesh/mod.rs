//! A mesh of three members and some guests, in one process.

mod apart;
mod liar;
mod outsider;
mod plan;
mod process;

use core::time::Duration;
use std::collections::BTreeSet;
use std::time::Instant;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use sealbid_net::mesh::{Mesh, MeshHandle, PoolError, Seat, Sent};
use sealbid_protocol::pool::{
    ClearedRound, EnvelopeKind, PoolAnswer, PoolCommand, PoolEnvelope, PoolQuery,
};
use sealbid_types::id::MemberIndex;

use self::outsider::outsider;
use self::plan::Plan;
use crate::{run, within};

const NEAR: &str = "nep141:wrap.near";
const USDC: &str = "nep141:usdc.near";

async fn until(seconds: u64, what: &str, mut done: impl FnMut() -> bool) {
    within(seconds, what, async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

async fn meet(meshes: &[Mesh], started: Instant) {
    for mesh in meshes {
        let all = || mesh.handle.reachable().len() + 1 == meshes.len();
        until(20, "all members reachable", all).await;
    }
    println!("all members reachable after {:?}", started.elapsed());
}

fn envelope(id: u8, body: &[u8]) -> PoolEnvelope {
    PoolEnvelope {
        id: [id; 32],
        body: body.to_vec(),
        first_round: 1,
        last_round: 9,
    }
}

async fn pending(handle: &MeshHandle) -> BTreeSet<u8> {
    match handle
        .pool()
        .unwrap()
        .query(PoolQuery::PendingIntents)
        .await
    {
        Ok(PoolAnswer::Envelopes(envelopes)) => envelopes.iter().map(|e| e.id[0]).collect(),
        // There is an election: it is asked again.
        Err(PoolError::TimedOut) => BTreeSet::new(),
        other => panic!("{other:?}"),
    }
}

async fn digests(meshes: &[Mesh]) -> BTreeSet<[u8; 32]> {
    let mut digests = BTreeSet::new();
    for mesh in meshes {
        match mesh.handle.pool().unwrap().query(PoolQuery::Digest).await {
            Ok(PoolAnswer::Digest(digest)) => digests.insert(digest),
            other => panic!("{other:?}"),
        };
    }
    digests
}

async fn spread(meshes: &[&Mesh], ids: &[u8]) {
    let ids: BTreeSet<u8> = ids.iter().copied().collect();
    for mesh in meshes {
        within(10, "the pool spreads", async {
            while pending(&mesh.handle).await != ids {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }
}

async fn lead(mesh: &Mesh) -> MemberIndex {
    let leader = mesh
        .handle
        .pool()
        .unwrap()
        .wait_for_leader(Duration::from_secs(20))
        .await;
    leader.expect("a leader")
}

/// Sends until it arrives: messages are at most once.
async fn deliver(from: &Mesh, to: &mut Mesh, target: MemberIndex, sender: MemberIndex, text: &str) {
    let message = Bytes::copy_from_slice(text.as_bytes());
    within(15, text, async {
        loop {
            from.handle.send(target, &message);
            let got = tokio::time::timeout(Duration::from_millis(200), to.incoming.recv()).await;
            match got {
                Ok(Some((who, got))) if got == message => return assert_eq!(who, sender),
                _ => {}
            }
        }
    })
    .await;
}

fn drain(mesh: &mut Mesh) {
    while mesh.incoming.try_recv().is_some() {}
}

#[test]
fn members_speak_share_the_pool_and_publish() {
    run(180, async {
        let plan = Plan::new(3, 1);
        let started = Instant::now();
        let mut meshes = plan.join_all().await;
        meet(&meshes, started).await;
        messages(&mut meshes).await;
        println!(
            "leader: member {} after {:?}",
            lead(&meshes[0]).await,
            started.elapsed()
        );
        pool(&mut meshes).await;
        feed(&plan, &meshes).await;
        for mesh in meshes {
            println!("{:?}", mesh.handle.counters());
            within(5, "leave", mesh.handle.leave()).await;
        }
    });
}

async fn messages(meshes: &mut [Mesh]) {
    let [zero, one, two] = meshes else {
        panic!("three members")
    };
    let (m0, m1, m2) = (MemberIndex(0), MemberIndex(1), MemberIndex(2));
    deliver(zero, one, m1, m0, "from zero").await;
    deliver(two, one, m1, m2, "from two").await;
    deliver(one, zero, m0, m1, "from one").await;
    for mesh in [&mut *zero, one, two] {
        drain(mesh);
    }
    // In their order, and to all.
    for number in 0..500_u32 {
        let message = Bytes::copy_from_slice(&number.to_le_bytes());
        assert_eq!(zero.handle.broadcast(&message), 2);
    }
    for mesh in [&mut *one, two] {
        for number in 0..500_u32 {
            let (from, message) = within(5, "message", mesh.incoming.recv()).await.unwrap();
            assert_eq!(
                (from, message.as_ref()),
                (m0, number.to_le_bytes().as_slice())
            );
        }
    }
    let large = Bytes::from(vec![7; 1_000_000]);
    assert_eq!(zero.handle.send(m1, &large), Sent::Queued);
    let (_, got) = within(5, "large message", one.incoming.recv())
        .await
        .unwrap();
    assert_eq!(got, large);
    assert_eq!(
        zero.handle.send(m1, &Bytes::from(vec![7; 1_000_001])),
        Sent::TooLarge
    );
    assert_eq!(zero.handle.send(m0, &large), Sent::UnknownMember);
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        zero.handle.send(m1, &Bytes::from_static(b"ping"));
        within(5, "ping", one.incoming.recv()).await.unwrap();
        times.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort();
    println!(
        "direct message: median {:?}, 99th {:?}",
        times[100], times[198]
    );
}

async fn pool(meshes: &mut [Mesh]) {
    for (number, mesh) in meshes.iter().enumerate() {
        let id = u8::try_from(number).unwrap();
        let pool = mesh.handle.pool().unwrap();
        let started = Instant::now();
        let commands = vec![PoolCommand::SubmitIntent(envelope(id, b"intent"))];
        within(8, "submit", pool.submit(commands.clone()))
            .await
            .unwrap();
        println!(
            "pool: first submission of member {number} took {:?}",
            started.elapsed()
        );
        // Again is as good as once.
        let started = Instant::now();
        within(8, "submit", pool.submit(commands)).await.unwrap();
        println!("pool: submission took {:?}", started.elapsed());
    }
    let all: Vec<&Mesh> = meshes.iter().collect();
    spread(&all, &[0, 1, 2]).await;
    let many = (10..200).map(|id| PoolCommand::SubmitIntent(envelope(id, &[id; 3000])));
    let started = Instant::now();
    let submitted = meshes[1].handle.pool().unwrap().submit(many.collect());
    within(8, "many", submitted).await.unwrap();
    println!("pool: 190 submissions of 3 kB took {:?}", started.elapsed());
    let listed = (10..200).map(|id| [id; 32]).collect();
    let clear = ClearedRound {
        round: 1,
        certificate: vec![1],
        listed,
    };
    let clear = vec![PoolCommand::ClearRound(clear)];
    within(8, "clear", meshes[2].handle.pool().unwrap().submit(clear))
        .await
        .unwrap();
    // Nobody empties the pool with a round that was never closed.
    let forged = ClearedRound {
        round: u64::MAX,
        certificate: Vec::new(),
        listed: BTreeSet::new(),
    };
    let forged = vec![PoolCommand::ClearRound(forged)];
    let refused = within(8, "clear", meshes[2].handle.pool().unwrap().submit(forged)).await;
    assert_eq!(refused, Err(PoolError::NotCleared { round: u64::MAX }));
    let late = PoolEnvelope {
        last_round: 1,
        ..envelope(250, b"late")
    };
    let late = meshes[0]
        .handle
        .pool()
        .unwrap()
        .submit(vec![PoolCommand::SubmitIntent(late)]);
    let refused = within(8, "late", late).await;
    assert_eq!(
        refused,
        Err(PoolError::NotTaken {
            ids: vec![[250; 32]]
        })
    );
    spread(&meshes.iter().collect::<Vec<_>>(), &[0, 1, 2]).await;
    for mesh in meshes {
        let mut delivered = BTreeSet::new();
        while let Ok(delivery) = mesh.pool_deliveries.try_recv() {
            assert_eq!(delivery.kind, EnvelopeKind::Intent);
            assert!(delivered.insert(delivery.envelope.id[0]), "delivered twice");
        }
        assert_eq!(delivered, [0, 1, 2].into_iter().chain(10..200).collect());
    }
}

async fn feed(plan: &Plan, meshes: &[Mesh]) {
    let pairs = [(USDC.to_owned(), NEAR.to_owned())];
    let solver = Mesh::join(plan.guest(11, Seat::Solver, 1));
    let relayer = Mesh::join(plan.guest(12, Seat::Relayer, 2));
    // A peer that was once given a relayer's ticket reads no intents.
    let curious = Mesh::join(plan.guest(13, Seat::Relayer, 0));
    let started = Instant::now();
    let (solver, relayer, curious) = within(30, "join", async {
        let (solver, relayer, curious) = futures::join!(solver, relayer, curious);
        (solver.unwrap(), relayer.unwrap(), curious.unwrap())
    })
    .await;
    println!("guests joined after {:?}", started.elapsed());
    let mut pair = solver.handle.subscribe_intents(&pairs);
    let mut all = solver.handle.subscribe_intents(&[]);
    let mut settlements = relayer.handle.subscribe_settlements();
    let forger = SigningKey::from_bytes(&[15; 32]);
    let (stranger, mut stolen) = outsider(plan, [14; 32], &forger).await;
    let (foreigner, mut given) = outsider(plan, [16; 32], &Plan::identity(0)).await;
    let mut forbidden = curious.handle.subscribe_intents(&pairs);
    let mut forbidden_all = curious.handle.subscribe_intents(&[]);
    let publish = |text: &str, pair: Option<(&str, &str)>| {
        let item = Bytes::copy_from_slice(text.as_bytes());
        meshes
            .iter()
            .for_each(|mesh| mesh.handle.publish_intent(pair, &item));
    };
    // Until the streams stand, items may be lost.
    let mut seen = BTreeSet::new();
    within(60, "the pair's feed", async {
        while seen.len() < 3 {
            publish("warm-up", Some((USDC, NEAR)));
            while let Ok((from, item)) = pair.try_recv() {
                assert_eq!(item.as_ref(), b"warm-up");
                seen.insert(from);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    println!("the pair's feed stands after {:?}", started.elapsed());
    tokio::time::sleep(Duration::from_millis(500)).await;
    while pair.try_recv().is_ok() {}
    while all.try_recv().is_ok() {}
    publish("sealed", None);
    publish("other way", Some((NEAR, USDC)));
    publish("this way", Some((USDC, NEAR)));
    let mut got = Vec::new();
    for _ in 0..3 {
        got.push(within(10, "intent of the pair", pair.recv()).await.unwrap());
    }
    let roster: BTreeSet<_> = plan.roster().iter().map(|entry| entry.peer).collect();
    let senders: BTreeSet<_> = got.iter().map(|(from, _)| *from).collect();
    assert_eq!(senders, roster);
    assert!(got.iter().all(|(_, item)| item.as_ref() == b"this way"));
    let mut got = BTreeSet::new();
    for _ in 0..9 {
        got.insert(within(10, "intent", all.recv()).await.unwrap().1);
    }
    assert_eq!(got.len(), 3);
    let settled = Bytes::from_static(b"settled");
    meshes
        .iter()
        .for_each(|mesh| mesh.handle.publish_settlement(&settled));
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let (from, item) = within(10, "settlement", settlements.recv()).await.unwrap();
        assert_eq!(item, settled);
        seen.insert(from);
    }
    assert_eq!(seen, roster);
    // Who was admitted to neither has had every chance.
    assert!(forbidden.try_recv().is_err() && forbidden_all.try_recv().is_err());
    assert!(stolen.try_recv().is_err());
    // The same node with a good ticket is served: it is the ticket that counts.
    within(30, "an intent for the foreigner", given.recv())
        .await
        .unwrap();
    drop((stranger, foreigner));
}
