//! Members that leave and come back, and what is refused.

use core::time::Duration;
use std::collections::BTreeSet;
use std::net::{TcpListener, UdpSocket};
use std::time::Instant;

use sealbid_net::mesh::{Mesh, MeshConfig, MeshError, Seat};
use sealbid_net::ticket::{Role, TicketError};
use sealbid_protocol::pool::{ClearedRound, PoolCommand};
use sealbid_types::id::MemberIndex;
use zeroize::Zeroizing;

use super::plan::Plan;
use super::{deliver, digests, envelope, lead, meet, spread, until};
use crate::{run, within};

#[test]
fn a_member_that_left_comes_back() {
    run(120, async {
        let plan = Plan::new(3, 2);
        let started = Instant::now();
        let mut meshes = plan.join_all().await;
        meet(&meshes, started).await;
        lead(&meshes[0]).await;
        // More than one chunk of a snapshot, and a round.
        let commands = (1..=200).map(|id| PoolCommand::SubmitIntent(envelope(id, &[id; 3000])));
        let clear = ClearedRound {
            round: 1,
            certificate: vec![1],
            listed: [[200; 32]].into(),
        };
        let commands = commands.chain([PoolCommand::ClearRound(clear)]);
        let submitted = meshes[0].handle.pool().unwrap().submit(commands.collect());
        within(8, "submit", submitted).await.unwrap();
        // The one that leads goes: the others elect another.
        let gone = lead(&meshes[0]).await;
        let mesh = meshes.remove(gone.as_usize());
        drop((mesh.incoming, mesh.pool_deliveries));
        within(5, "leave", mesh.handle.leave()).await;
        let left = Instant::now();
        let others = |meshes: &[Mesh]| meshes.iter().all(|h| h.handle.reachable().len() == 1);
        until(10, "it is missed", || others(&meshes)).await;
        println!("missed after {:?}", left.elapsed());
        let commands = vec![PoolCommand::SubmitIntent(envelope(201, b"meanwhile"))];
        within(15, "submit without it", async {
            while meshes[0]
                .handle
                .pool()
                .unwrap()
                .submit(commands.clone())
                .await
                .is_err()
            {}
        })
        .await;
        println!("the pool works again after {:?}", left.elapsed());
        let back = Instant::now();
        meshes.insert(gone.as_usize(), plan.join(gone.0).await);
        println!("joined again after {:?}", back.elapsed());
        meet(&meshes, back).await;
        let held: Vec<u8> = (1..200).chain([201]).collect();
        spread(&meshes.iter().collect::<Vec<_>>(), &held).await;
        println!("its pool is complete after {:?}", back.elapsed());
        let mut delivered = BTreeSet::new();
        let returned = &mut meshes[gone.as_usize()];
        while let Ok(delivery) = returned.pool_deliveries.try_recv() {
            delivered.insert(delivery.envelope.id[0]);
        }
        assert_eq!(delivered, held.iter().copied().collect());
        assert_eq!(digests(&meshes).await.len(), 1, "equal pools");
        let other = MemberIndex((gone.0 + 1) % 3);
        let (a, b) = pick(&mut meshes, other, gone);
        deliver(a, b, gone, other, "welcome back").await;
        deliver(b, a, other, gone, "thank you").await;
        let commands = vec![PoolCommand::SubmitIntent(envelope(202, b"after"))];
        let submitted = meshes[gone.as_usize()]
            .handle
            .pool()
            .unwrap()
            .submit(commands);
        within(8, "submit", submitted).await.unwrap();
        let held: Vec<u8> = held.into_iter().chain([202]).collect();
        spread(&meshes.iter().collect::<Vec<_>>(), &held).await;
    });
}

fn pick(meshes: &mut [Mesh], a: MemberIndex, b: MemberIndex) -> (&mut Mesh, &mut Mesh) {
    let [a, b] = meshes
        .get_disjoint_mut([a.as_usize(), b.as_usize()])
        .unwrap();
    (a, b)
}

#[test]
fn what_does_not_fit_together_is_refused() {
    run(60, async {
        let plan = Plan::new(3, 4);
        let refused = async |config: MeshConfig| {
            let joined = within(10, "verdict", Mesh::join(config)).await;
            joined.expect_err("a refusal")
        };
        let mut config = plan.member(0);
        config.secret = Zeroizing::new(Plan::secret(1));
        assert!(matches!(
            refused(config).await,
            MeshError::NotTheMember { .. }
        ));
        let mut config = plan.guest(11, Seat::Solver, 1);
        config.ticket = plan.ticket(Role::Relayer, &[11; 32], 1);
        assert!(matches!(refused(config).await, MeshError::Role { .. }));
        let mut config = plan.guest(11, Seat::Solver, 1);
        config.ticket = plan.ticket(Role::Solver, &[12; 32], 1);
        let verdict = refused(config).await;
        assert!(matches!(
            verdict,
            MeshError::Ticket(TicketError::WrongPeer { .. })
        ));
        let mut config = plan.guest(11, Seat::Solver, 1);
        config.roster.clear();
        assert!(matches!(refused(config).await, MeshError::Roster));
        let mut config = plan.member(0);
        config.relays = vec!["not a url".to_owned()];
        assert!(matches!(refused(config).await, MeshError::RelayUrl { .. }));
        // Whatever was refused last may still be on its way out.
        let free = async || loop {
            match UdpSocket::bind(("127.0.0.1", plan.udp[0])) {
                Ok(socket) => break socket,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        drop(free().await);
        let mut config = plan.member(0);
        (config.relays, config.relay_bind) = (Vec::new(), None);
        assert!(matches!(refused(config).await, MeshError::NoRelay));
        let taken = free().await;
        let verdict = refused(plan.member(0)).await;
        let address = taken.local_addr().unwrap();
        assert!(matches!(verdict, MeshError::PortInUse { address: a } if a == address));
        drop(taken);
        let taken = loop {
            match TcpListener::bind(("127.0.0.1", plan.relays[0])) {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let verdict = refused(plan.member(0)).await;
        assert!(
            verdict
                .to_string()
                .contains(&taken.local_addr().unwrap().to_string())
        );
    });
}
