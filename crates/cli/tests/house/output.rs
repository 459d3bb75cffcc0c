//! What a command found out counts, whether or not anybody reads it to the end.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::kit::TestHouse;

fn start(house: &TestHouse, arguments: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sealbid"))
        .arg("--dir")
        .arg(house.dir().root())
        .args(arguments.split_whitespace())
        .env("SEALBID_CONFIG", "")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_not_filled_is_9_though_nobody_reads_on() {
    let house = TestHouse::start(3).await;
    let mut watch = start(&house, "watch");
    drop(watch.stdout.take());
    let mut swap = start(&house, "swap 1000 usdc.near wrap.near --min 2000 --wait");
    // As `| head -1` reads it.
    let mut line = String::new();
    let mut reader = BufReader::new(swap.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    assert!(!line.is_empty());
    assert_eq!(swap.wait().unwrap().code(), Some(9), "{line}");
    // The house goes on and on, and so would this: it ends at what the order set going.
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}
