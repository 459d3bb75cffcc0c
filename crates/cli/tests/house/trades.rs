//! What a trader meets when something comes in between: an answer that is lost, a key that is
//! pressed, a house that goes away. Nobody trades twice by it, and nobody loses an id.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sealbid_types::id::MemberIndex;
use serde_json::Value;

use crate::kit::{TestHouse, wait_for};

/// How a command ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        let Self { out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "out: {out}\nerr: {err}");
        self
    }

    /// The one object that was printed.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

fn command(house: &TestHouse, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealbid"));
    command
        .arg("--dir")
        .arg(house.dir().root())
        .args(arguments.split_whitespace())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(house: &TestHouse, arguments: &str) -> Ended {
    Ended::from(command(house, arguments).output().unwrap())
}

/// All of one's own orders.
fn orders(house: &TestHouse) -> Vec<Value> {
    let lines = run(house, "orders --json").expect(0).out;
    let orders = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    orders.collect()
}

fn id(ended: &Ended) -> String {
    ended.json()["id"].as_str().unwrap().to_owned()
}

const SWAP: &str = "swap 10 usdc.near wrap.near --min 9";

#[tokio::test(flavor = "multi_thread")]
async fn nobody_trades_twice_and_nobody_loses_an_id() {
    let mut house = TestHouse::start(3).await;
    sent_again(&house);
    one_key_is_one_order(&house);
    many_at_once_are_one(&house);
    interrupted(&house);
    what_cannot_be_filled(&house);
    unknown(&house);
    house.up.interrupt();
    away(&house);
    starting(&house).await;
}

/// An envelope that has filled is sent again: it is told what became of it.
fn sent_again(house: &TestHouse) {
    let first = run(house, &format!("--json {SWAP} --wait")).expect(0);
    let envelope = house
        .dir()
        .orders()
        .join(format!("{}.envelope", id(&first)));
    let again = run(house, &format!("send {}", envelope.display())).expect(0);
    assert!(again.out.contains("filled in round"), "{}", again.out);
    assert!(!again.out.contains("seal it again"), "{}", again.out);
    // Nothing has happened on a chain yet.
    assert!(
        again.out.contains("to be settled on chain"),
        "{}",
        again.out
    );
    assert!(!again.out.contains("received"), "{}", again.out);
    assert!(again.out.contains("fee "), "{}", again.out);
    // So from a machine that has not kept it, and by its JSON.
    let copy = house.directory.path().join("copy.envelope");
    std::fs::copy(&envelope, &copy).unwrap();
    std::fs::remove_file(house.dir().orders().join(format!("{}.json", id(&first)))).unwrap();
    let again = run(house, &format!("--json send {}", copy.display())).expect(0);
    assert_eq!(again.json()["outcome"]["status"], "filled");
    assert_eq!(orders(house).len(), 1);
}

fn one_key_is_one_order(house: &TestHouse) {
    let before = orders(house).len();
    let first = run(house, &format!("--json {SWAP} --key one")).expect(0);
    let waited = run(house, &format!("--json {SWAP} --key one --wait")).expect(0);
    assert_eq!(id(&first), id(&waited), "the same order");
    let told = run(house, &format!("{SWAP} --key one")).expect(0);
    assert!(told.out.contains("filled in round"), "{}", told.out);
    assert_eq!(orders(house).len(), before + 1);
    let other = run(house, "swap 11 usdc.near wrap.near --min 9 --key one").expect(2);
    assert!(other.err.contains("another order"), "{}", other.err);

    // On another machine with the same account nothing is known of the first: the nonce is.
    let (kept, aside) = (house.dir().orders(), house.directory.path().join("aside"));
    std::fs::rename(&kept, &aside).unwrap();
    let void = run(house, &format!("--json {SWAP} --key one --wait")).expect(9);
    assert_eq!(void.json()["outcome"]["status"], "void");
    assert!(
        void.json()["outcome"]["reason"]
            .to_string()
            .contains("used_nonce")
    );
    std::fs::remove_dir_all(&kept).unwrap();
    std::fs::rename(&aside, &kept).unwrap();
}

fn many_at_once_are_one(house: &TestHouse) {
    let before = orders(house).len();
    let start = |_| {
        let arguments = format!("--json {SWAP} --key many --wait");
        command(house, &arguments).spawn().unwrap()
    };
    let running: Vec<_> = (0..6).map(start).collect();
    let ended = running
        .into_iter()
        .map(|child| Ended::from(child.wait_with_output().unwrap()).expect(0));
    let ids: std::collections::BTreeSet<String> = ended.map(|ended| id(&ended)).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(orders(house).len(), before + 1);
}

/// Ctrl-C, and SIGTERM: the order is named, and stays what it is.
fn interrupted(house: &TestHouse) {
    for (signal, json) in [(Signal::SIGINT, ""), (Signal::SIGTERM, "--json ")] {
        let child = command(house, &format!("{json}{SWAP} --wait"))
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(700));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let ended = Ended::from(child.wait_with_output().unwrap()).expect(130);
        let newest = orders(house).pop().unwrap();
        let id = newest["id"].as_str().unwrap().to_owned();
        let status = format!("status {} --wait", &id[..8]);
        assert!(ended.err.contains("nothing cancels it"), "{}", ended.err);
        assert!(ended.err.contains(&status), "{}", ended.err);
        if json.is_empty() {
            assert!(
                ended.out.starts_with("sealed   "),
                "the id first: {}",
                ended.out
            );
        } else {
            assert_eq!(ended.json()["order"], id);
        }
        // The advice is followed.
        run(house, &format!("status {} --wait", &id[..8])).expect(0);
    }
}

/// What nobody can fill is refused before it is sealed, or warned of.
fn what_cannot_be_filled(house: &TestHouse) {
    let before = orders(house).len();
    for wrong in ["solver.near", &"0".repeat(63)] {
        let ended = run(house, &format!("{SWAP} --solver {wrong}")).expect(2);
        assert!(ended.err.contains("is no solver"), "{}", ended.err);
    }
    assert_eq!(orders(house).len(), before, "nothing was sealed");
    run(house, "swap 10 usdc.near wrap.near --min 9 --valid-for 65").expect(2);

    let low = run(house, "swap 10 usdc.near wrap.near --min 5").expect(0);
    assert!(low.err.contains("49 % below"), "{}", low.err);
    let high = run(house, "swap 10 usdc.near wrap.near --min 9.99").expect(0);
    assert!(high.err.contains("less than your limit"), "{}", high.err);
    let nobody = run(house, "swap 10 weth wrap.near --min 1 --deadline 10y").expect(0);
    assert!(
        nobody.err.contains("nobody quoted weth to wrap.near"),
        "{}",
        nobody.err
    );
    // Two slots later it is opened, and it is told that nobody quoted the pair.
    let short = nobody
        .out
        .lines()
        .find_map(|line| line.strip_prefix("sealed   "));
    let short = &short.unwrap()[..8];
    let told = run(house, &format!("status {short} --wait")).expect(9);
    let words = "nobody quoted weth to wrap.near in this round";
    assert!(told.out.contains(words), "{}", told.out);
    let year = "until 2";
    let line = nobody.out.lines().find(|line| line.starts_with("valid"));
    assert!(line.unwrap().contains(year), "a date: {}", nobody.out);
    assert!(
        run(house, &format!("{SWAP} --reveal nothing"))
            .expect(0)
            .err
            .is_empty()
    );
}

fn unknown(house: &TestHouse) {
    let nobodys = "5".repeat(64);
    let ended = run(house, &format!("--json status {nobodys}")).expect(1);
    assert_eq!(ended.json()["status"], "unknown");
    for (wrong, what) in [
        ("5x42", "'x' is no hex digit"),
        ("5d", "at least 4"),
        (&"5".repeat(65), "it has 65 digits"),
    ] {
        let ended = run(house, &format!("status {wrong}")).expect(2);
        assert!(ended.err.contains(what), "{}", ended.err);
    }
}

/// The house is away: what is known here is told at once, and a wait has an end and names the order.
fn away(house: &TestHouse) {
    let filled = orders(house)
        .into_iter()
        .find(|order| order["outcome"]["status"] == "filled")
        .unwrap();
    let short = &filled["id"].as_str().unwrap()[..8];
    let told = run(house, &format!("status {short}")).expect(0);
    assert!(told.out.contains("filled in round"), "{}", told.out);
    let again = run(house, &format!("{SWAP} --key one")).expect(0);
    assert!(again.out.contains("filled in round"), "{}", again.out);

    let open = orders(house)
        .into_iter()
        .rfind(|order| order["outcome"].is_null())
        .unwrap();
    let short = &open["id"].as_str().unwrap()[..8];
    let ended = run(house, &format!("--json status {short} --wait=6s")).expect(6);
    assert_eq!(ended.json()["order"], open["id"]);
    assert!(ended.err.contains("waiting on until"), "{}", ended.err);
    assert!(
        ended.err.contains(&format!("status {short} --wait")),
        "{}",
        ended.err
    );
    // Its receipt holds, whatever becomes of sending it again.
    let envelope = house
        .dir()
        .orders()
        .join(format!("{}.envelope", open["id"].as_str().unwrap()));
    let ended = run(house, &format!("send {}", envelope.display())).expect(6);
    assert!(ended.err.contains("its receipt holds"), "{}", ended.err);
}

/// Members that have just started do not hear each other yet: an order that comes then waits.
async fn starting(house: &TestHouse) {
    let open = orders(house)
        .into_iter()
        .rfind(|order| order["outcome"].is_null())
        .unwrap();
    let name = format!("{}.envelope", open["id"].as_str().unwrap());
    let envelope = house.dir().orders().join(name);
    let mut members = MemberIndex::all(3);
    let mut running = vec![house.start_member(members.next().unwrap())];
    wait_for("the first member", || run(house, "rounds").code == Some(0)).await;
    let arguments = format!("send {}", envelope.display());
    let mut sending = command(house, &arguments).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(sending.try_wait().unwrap().is_none(), "it gave up");
    running.extend(members.map(|member| house.start_member(member)));
    let ended = Ended::from(sending.wait_with_output().unwrap()).expect(0);
    assert!(ended.err.contains("trying again"), "{}", ended.err);
}
