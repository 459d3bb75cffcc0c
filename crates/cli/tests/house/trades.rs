//! What a trader meets when something comes in between: an answer that is lost, a key that is
//! pressed, a house that goes away. Nobody trades twice by it, and nobody loses an id.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sealbid_types::id::MemberIndex;
use serde_json::Value;

use crate::ended::{Ended, command, run};
use crate::kit::{TestHouse, wait_for};

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
    one_key_at_once_for_others_is_refused(&house);
    interrupted(&house);
    told_though_the_disk_is_full(&house);
    not_said_to_be_in_the_auction(&house);
    expired_with_a_receipt(&house);
    what_cannot_be_filled(&house);
    unknown(&house);
    of_later_rounds(&house);
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

/// Another order under the key is refused too where both are given at once.
fn one_key_at_once_for_others_is_refused(house: &TestHouse) {
    for attempt in 0..5 {
        let start = |amount| {
            let key = format!("others-{attempt}");
            let swap = format!("swap {amount} usdc.near wrap.near --min 9 --key {key}");
            command(house, &format!("--json {swap}")).spawn().unwrap()
        };
        let running: Vec<_> = [11, 12, 13].map(start).into();
        let ended = running
            .into_iter()
            .map(|child| Ended::from(child.wait_with_output().unwrap()));
        let (given, refused): (Vec<_>, Vec<_>) = ended.partition(|ended| ended.code == Some(0));
        assert_eq!(given.len(), 1, "of one key");
        for other in refused {
            let other = other.expect(2);
            assert!(other.err.contains("another order"), "{}", other.err);
            assert_eq!(other.json()["order"], id(&given[0]));
        }
    }
}

/// Neither where results go, nor where orders are kept, can be written: the order is out all the
/// same.
fn told_though_the_disk_is_full(house: &TestHouse) {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let lost = command(house, SWAP).stdout(full.unwrap()).output().unwrap();
    let lost = Ended::from(lost).expect(5);
    let newest = orders(house).pop().unwrap();
    let short = &newest["id"].as_str().unwrap()[..8];
    assert!(
        lost.err.contains(&format!("status {short}")),
        "{}",
        lost.err
    );

    let waiting = command(house, &format!("--json {SWAP} --key full --wait"))
        .spawn()
        .unwrap();
    let kept = |order: &Value| order["key"] == "full" && !order["receipt"].is_null();
    let deadline = std::time::Instant::now() + crate::kit::PATIENCE;
    let order = loop {
        if let Some(order) = orders(house).into_iter().find(kept) {
            break order;
        }
        assert!(std::time::Instant::now() < deadline, "no receipt");
        std::thread::sleep(Duration::from_millis(20));
    };
    // Nothing can be put in its place then.
    let file = house
        .dir()
        .orders()
        .join(format!("{}.json", order["id"].as_str().unwrap()));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let told = Ended::from(waiting.wait_with_output().unwrap()).expect(0);
    assert_eq!(told.json()["outcome"]["status"], "filled");
    assert!(told.err.contains("outcome is not kept"), "{}", told.err);
    // Nor does it hide the others, and it is told which one is missing.
    let rest = run(house, "orders --json").expect(5);
    assert!(rest.out.lines().count() > 3, "{}", rest.out);
    assert!(rest.out.contains(newest["id"].as_str().unwrap()));
    let named = rest.out.lines().next_back().unwrap();
    let named: Value = serde_json::from_str(named).unwrap();
    assert_eq!((&named["order"], &named["exit"]), (&order["id"], &5.into()));
    std::fs::remove_dir(&file).unwrap();
}

/// Seals an order without sending it: what is told of it, and where its envelope lies.
fn sealed(house: &TestHouse, name: &str, more: &str) -> (Value, PathBuf) {
    let intent = run(house, &format!("intent {SWAP}")).expect(0).out;
    let [path, envelope] =
        ["json", "envelope"].map(|ending| house.directory.path().join(format!("{name}.{ending}")));
    std::fs::write(&path, intent).unwrap();
    let (path, out) = (path.display(), envelope.display());
    let seal = format!("--json seal {path} --out {out} {more}");
    (run(house, &seal).expect(0).json(), envelope)
}

/// What was never sent, or is another's, nobody here knows to be in the auction.
fn not_said_to_be_in_the_auction(house: &TestHouse) {
    let (sealed, _) = sealed(house, "unsent", "");
    let unsent = sealed["id"].as_str().unwrap().to_owned();
    let nobodys = "6".repeat(64);
    for (id, advice) in [(&unsent, "was not sent"), (&nobodys, "ask again")] {
        let told = run(house, &format!("status {id} --wait=1s")).expect(7);
        assert!(
            told.err.contains("no quorum has acknowledged it"),
            "{}",
            told.err
        );
        assert!(told.err.contains(advice), "{}", told.err);
        assert!(!told.err.contains("in the auction"), "{}", told.err);
    }
}

/// The members were away until its time was over.
fn expired_with_a_receipt(house: &TestHouse) {
    let given = run(house, &format!("--json {SWAP} --deadline 9s")).expect(0);
    let members: Vec<Pid> = MemberIndex::all(3).map(|it| house.process(it)).collect();
    let signal = |signal| {
        for member in &members {
            kill(*member, signal).unwrap();
        }
    };
    signal(Signal::SIGSTOP);
    std::thread::sleep(Duration::from_secs(12));
    signal(Signal::SIGCONT);
    let status = format!("--json status {} --wait", id(&given));
    let status = run(house, &status).expect(9);
    assert_eq!(status.json()["status"], "expired");
    let envelope = house
        .dir()
        .orders()
        .join(format!("{}.envelope", id(&given)));
    let again = run(house, &format!("--json send {}", envelope.display())).expect(1);
    assert_eq!(again.json()["code"], "expired");
    assert!(!again.err.contains("in the auction"), "{}", again.err);
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

/// An order that no round lists before the house goes away, however long that takes.
fn of_later_rounds(house: &TestHouse) {
    let (now, _) = sealed(house, "now", "");
    let first = now["first"].as_u64().unwrap() + 20;
    let (_, envelope) = sealed(house, "later", &format!("--first {first}"));
    run(house, &format!("send {}", envelope.display())).expect(0);
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
