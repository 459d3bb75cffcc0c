//! Members that have just started: a trader who is early is made to wait, and not turned away.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealbid_types::id::MemberIndex;

use crate::dealt::DealtHouse;
use crate::kit::wait_for;

/// Types a command in the house's directory.
fn types(house: &DealtHouse, arguments: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sealbid"))
        .arg("--dir")
        .arg(house.dir().root())
        .args(arguments.split(' '))
        .env("SEALBID_CONFIG", "")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// How a command ended, and what it said beside its result.
fn ended(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_members_that_are_about_to_be_up() {
    const SWAP: &str = "swap 1000 usdc.near wrap.near --min 950";
    let mut house = DealtHouse::on_loopback(4).await;
    let account = ended(types(&house, "account new --plain"));
    assert_eq!(account.0, Some(0), "{}", account.1);
    for member in [0, 1] {
        house.start(MemberIndex(member));
    }
    wait_for("a member's answer", || {
        house.said(MemberIndex(0)).contains("is up")
    })
    .await;

    let (code, said) = ended(types(&house, SWAP));
    assert_eq!(code, Some(6), "{said}");
    assert!(
        said.contains("of 4 members are alive, and 3 are needed"),
        "{said}"
    );

    // It was said meanwhile, and not only in the end.
    assert!(said.contains("are needed: waiting on until"), "{said}");

    let swap = types(&house, SWAP);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for member in [2, 3] {
        house.start(MemberIndex(member));
    }
    let (code, said) = ended(swap);
    assert_eq!(code, Some(0), "{said}");
}
