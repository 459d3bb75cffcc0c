//! What a command found out counts, whether or not anybody reads it to the end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::kit::TestHouse;

/// Reads a command's first line as `| head -1` does, and says what it was and how the command ended.
fn first_line(house: &TestHouse, arguments: &str) -> (String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sealbid"))
        .arg("--dir")
        .arg(house.dir().root())
        .args(arguments.split_whitespace())
        .env("SEALBID_CONFIG", "")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    (line, child.wait().unwrap().code())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_not_filled_is_9_though_nobody_reads_on() {
    let house = TestHouse::start(3).await;
    let swap = "swap 1000 usdc.near wrap.near --min 2000 --wait";
    let (line, code) = first_line(&house, swap);
    assert!(!line.is_empty());
    assert_eq!(code, Some(9), "{line}");
    // The house goes on and on, and so would this.
    let (line, code) = first_line(&house, "watch");
    assert!(line.contains("round"), "{line}");
    assert_eq!(code, Some(0));
}
