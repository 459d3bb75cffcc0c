//! Disks without a byte left. The disks are small and in memory, mounted where nobody else sees it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use sealbid_types::id::MemberIndex;

use crate::dealt::DealtHouse;
use crate::kit::PATIENCE;
use crate::namespaces::{self, run};
use crate::orders::{Orders, settles};

/// Moves a member that does not run to a disk of its own.
fn give_a_small_disk(house: &DealtHouse, member: MemberIndex) {
    let place = house.dir().member(member).path().to_owned();
    let aside = place.with_extension("aside");
    run(Command::new("mv").args([&place, &aside]));
    std::fs::create_dir(&place).unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=24m", "tmpfs"];
    run(Command::new("mount").args(mount).arg(&place));
    run(Command::new("cp")
        .arg("-a")
        .arg(aside.join("."))
        .arg(&place));
}

fn filler(house: &DealtHouse, member: MemberIndex) -> PathBuf {
    house.dir().member(member).path().join("filler")
}

/// Takes all the space that is left.
fn fill(house: &DealtHouse, member: MemberIndex) {
    let mut file = File::create(filler(house, member)).unwrap();
    let mut piece = 1 << 16;
    while piece > 0 {
        match file.write(&vec![1; piece]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => piece /= 2,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Waits until so many of these members have stopped. One that cannot write says so and stops: it
/// promises nothing that it does not keep.
async fn stop(house: &mut DealtHouse, members: &[MemberIndex], count: usize) {
    let deadline = Instant::now() + PATIENCE;
    let mut stopped = BTreeSet::new();
    while stopped.len() < count {
        assert!(Instant::now() < deadline, "only {stopped:?} stopped");
        tokio::time::sleep(Duration::from_millis(100)).await;
        for member in members {
            let Some(ended) = house.process(*member).ended() else {
                continue;
            };
            let said = house.said(*member);
            assert_eq!(ended.code(), Some(5), "{said}");
            assert!(said.contains("No space left on device"), "{said}");
            stopped.insert(*member);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_its_member_and_loses_nothing() {
    if !namespaces::are_own("full_disks::a_full_disk_stops_its_member_and_loses_nothing") {
        return;
    }
    namespaces::run_line("ip link set lo up");
    let mut house = DealtHouse::on_loopback(4).await;
    for member in house.all() {
        give_a_small_disk(&house, member);
    }
    house.start_all().await;
    let orders = Orders::start(&house).await;

    // One of them: the others go on.
    let member = MemberIndex(1);
    fill(&house, member);
    stop(&mut house, &[member], 1).await;
    let order = house.swap().await;
    settles(&house, order).await;
    std::fs::remove_file(filler(&house, member)).unwrap();
    house.start(member);
    house.caught_up(member).await;

    // All of them: what has a receipt is settled later. Those that are left when there is no quorum
    // any more may have nothing to write, and run on.
    let all: Vec<MemberIndex> = house.all().collect();
    for member in &all {
        fill(&house, *member);
    }
    let committee = house.client.committee();
    let enough = usize::from(committee.members()) - committee.quorum() + 1;
    stop(&mut house, &all, enough).await;
    for member in all {
        if house.process(member).ended().is_none() {
            house.kill(member);
        }
        std::fs::remove_file(filler(&house, member)).unwrap();
        house.start(member);
    }
    house.all_hear_each_other().await;
    let settled = orders.stop_and_settle(&house).await;
    assert!(settled > 0);
    house.audit_all_members().await;
}
