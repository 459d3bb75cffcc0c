//! A member in a process of its own, so that it can be killed.

use core::time::Duration;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use bytes::Bytes;
use sealbid_net::mesh::Mesh;
use sealbid_protocol::pool::PoolCommand;
use sealbid_types::id::MemberIndex;

use super::plan::Plan;
use super::{drain, envelope, lead, until};
use crate::{run, within};

/// A member in a process of its own, which answers every message with the same message.
#[test]
#[ignore = "no test: the process that a_member_that_was_killed_comes_back starts"]
fn child_member() {
    let Ok(plan) = std::env::var("SEALBID_TEST_MEMBER") else {
        return;
    };
    let numbers: Vec<u16> = plan
        .split(',')
        .map(|number| number.parse().unwrap())
        .collect();
    let (index, ports) = numbers.split_first().unwrap();
    let (udp, relays) = ports.split_at(ports.len() / 2);
    let plan = Plan {
        network: [3; 32],
        udp: udp.to_vec(),
        relays: relays.to_vec(),
    };
    run(120, async {
        let mut mesh = plan.join(u8::try_from(*index).unwrap()).await;
        while let Some((from, message)) = mesh.incoming.recv().await {
            mesh.handle.send(from, &message);
        }
    });
}

fn spawn_member(plan: &Plan, index: u8) -> Child {
    let numbers: Vec<String> = core::iter::once(u16::from(index))
        .chain(plan.udp.iter().copied())
        .chain(plan.relays.iter().copied())
        .map(|number| number.to_string())
        .collect();
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "mesh::process::child_member",
            "--ignored",
            "--nocapture",
        ])
        .env("SEALBID_TEST_MEMBER", numbers.join(","))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Ends the process with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How long until member 2 answers member `mesh`.
async fn echo(mesh: &mut Mesh, text: &str) -> Duration {
    let started = Instant::now();
    let message = Bytes::copy_from_slice(text.as_bytes());
    within(30, text, async {
        loop {
            mesh.handle.send(MemberIndex(2), &message);
            let got = tokio::time::timeout(Duration::from_millis(100), mesh.incoming.recv()).await;
            match got {
                Ok(Some((MemberIndex(2), got))) if got == message => return,
                _ => {}
            }
        }
    })
    .await;
    started.elapsed()
}

#[test]
fn a_member_that_was_killed_comes_back() {
    run(120, async {
        let plan = Plan::new(3, 3);
        let child = Killed(spawn_member(&plan, 2));
        let (mut zero, one) = futures::join!(plan.join(0), plan.join(1));
        println!(
            "child first answers {:?} after the join",
            echo(&mut zero, "first").await
        );
        lead(&one).await;
        let commands = vec![PoolCommand::SubmitIntent(envelope(1, b"before"))];
        within(8, "submit", one.handle.pool().unwrap().submit(commands))
            .await
            .unwrap();
        // No farewell.
        drop(child);
        let killed = Instant::now();
        until(10, "it is missed", || {
            zero.handle.reachable() == [MemberIndex(1)]
        })
        .await;
        println!("missed after {:?}", killed.elapsed());
        let commands = vec![PoolCommand::SubmitIntent(envelope(2, b"meanwhile"))];
        within(20, "submit without it", async {
            while one
                .handle
                .pool()
                .unwrap()
                .submit(commands.clone())
                .await
                .is_err()
            {}
        })
        .await;
        println!(
            "the pool took a submission {:?} after the kill",
            killed.elapsed()
        );
        let _child = Killed(spawn_member(&plan, 2));
        println!(
            "child answers {:?} after its second start",
            echo(&mut zero, "second").await
        );
        drain(&mut zero);
        println!("{:?}", zero.handle.counters());
    });
}
