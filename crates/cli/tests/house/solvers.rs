//! Solvers at a house: a book that is edited while they run, and what they tell of their fills.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use sealbid_client::Outcome;
use sealbid_types::allocation::FillKind;
use serde_json::Value;

use crate::examples::{example, run};
use crate::kit::{Running, TestHouse, wait_for};

/// A solver's directory with a ticket, beside the ones that the house has.
fn solver_directory(house: &TestHouse, name: &str) -> std::path::PathBuf {
    let directory = house.directory.path().join(name);
    std::fs::create_dir(&directory).unwrap();
    let key = directory.join("house.key");
    let peer = house.sealbid(&format!("solver peer --house-key {}", key.display()));
    let ticket = house.sealbid(&format!("node ticket --role solver --peer {peer}"));
    std::fs::write(directory.join("ticket"), ticket).unwrap();
    directory
}

/// A book of one pair, for all sizes, that outbids the house's own solver.
fn book(rate: &str) -> String {
    format!(
        "[[pair]]\ngive = \"usdc.near\"\nwant = \"wrap.near\"\ncapacity = \"50000\"\nminimum = \"1\"\n\
         max_rate = \"1.5\"\ntiers = [{{ up_to = \"50000\", rate = \"{rate}\" }}]\n"
    )
}

/// The objects that a solver has printed, of one kind.
fn events(log: &Path, kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let objects = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    objects.filter(|object| object["event"] == kind).collect()
}

/// What the solver of a filled swap pays.
async fn paid(house: &TestHouse) -> (String, String, String) {
    let id = house.swap().await;
    match house.outcome(id).await {
        Outcome::Filled { fill, .. } => match fill.fill.kind {
            FillKind::Swap { solver, paid, .. } => {
                (id.to_string(), solver.to_string(), paid.to_string())
            }
            FillKind::PassThrough => panic!("no swap"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_is_live_and_fills_are_told() {
    let house = TestHouse::start(3).await;
    let directory = solver_directory(&house, "mine");
    let path = directory.join("book.toml");
    std::fs::write(&path, book("0.99")).unwrap();
    let account = directory.join("account.json");
    house.sealbid(&format!("account new --plain --out {}", account.display()));
    let (root, log) = (house.dir(), directory.join("solver.log"));
    let arguments = [
        "--json",
        "--dir",
        root.root().to_str().unwrap(),
        "solver",
        "run",
        "--book",
        path.to_str().unwrap(),
        "--account",
        account.to_str().unwrap(),
    ];
    let mut solver = Running::start(&arguments, &directory, "solver.log", None);
    wait_for("the solver", || events(&log, "ready").len() == 1).await;
    let ready = events(&log, "ready").remove(0);
    assert_ne!(ready["account"], ready["peer"], "{ready}");
    let text = std::fs::read_to_string(&log).unwrap();
    let words = format!(
        "quoting as {}, peer {}, on 1 pair",
        ready["account"].as_str().unwrap(),
        ready["peer"].as_str().unwrap()
    );
    assert!(text.contains(&words), "{text}");

    // A fill is told, by the round's record.
    let (intent, filler, units) = paid(&house).await;
    assert_eq!(filler, ready["account"].as_str().unwrap());
    // 0.99 of what is left of 1000 after the Verifier's fee of a millionth.
    assert_eq!(units, "989999010000000000000000000");
    wait_for("the fill", || events(&log, "filled").len() == 1).await;
    let filled = events(&log, "filled").remove(0);
    assert_eq!(filled["intent"], *intent);
    assert_eq!(filled["received"]["text"], "1000 usdc.near");
    assert_eq!(filled["paid"]["text"], "989.99901 wrap.near");
    let round = &filled["round"];
    let words = format!(
        "filled 1000 usdc.near for 989.99901 wrap.near, intent {}, round {round}",
        &intent[..8]
    );
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains(&words), "{text}");
    assert!(
        text.contains(&format!(
            "quoted usdc.near → wrap.near in round {round}: 0.99 up to 50000"
        )),
        "{text}"
    );
    let position = &events(&log, "position")[0];
    assert_eq!(position["fills"], 1);
    let changes = position["changes"].to_string();
    assert!(changes.contains("\"-989.99901 wrap.near\""), "{changes}");

    // An edited book is quoted from in the next round.
    std::fs::write(&path, book("0.995")).unwrap();
    wait_for("the new book", || events(&log, "book").len() == 2).await;
    assert_eq!(paid(&house).await.2, "994999005000000000000000000");

    // A slip and a broken edit are told at once, and the last good book stays.
    std::fs::write(&path, book("9950")).unwrap();
    wait_for("the refusal", || events(&log, "book_refused").len() == 1).await;
    std::fs::write(&path, "[[pair]").unwrap();
    wait_for("the refusal", || events(&log, "book_refused").len() == 2).await;
    let refused = events(&log, "book_refused");
    let message = refused[0]["message"].as_str().unwrap();
    assert_eq!(
        message,
        "line 7: usdc.near to wrap.near: the rate 9950 is above max_rate 1.5"
    );
    assert_eq!(refused[1]["line"], 1);
    // Without a band of its own as well: the rise is refused.
    let unbounded = book("9950").replace("max_rate = \"1.5\"\n", "");
    std::fs::write(&path, unbounded).unwrap();
    wait_for("the refusal", || events(&log, "book_refused").len() == 3).await;
    let message = events(&log, "book_refused")[2]["message"].to_string();
    assert!(message.contains("rises from 0.995 to 9950"), "{message}");
    assert_eq!(paid(&house).await.2, "994999005000000000000000000");

    // The house's own solver was outbid, and knows.
    let own = || std::fs::read_to_string(house.log("solver-1")).unwrap();
    wait_for("its word of that", || {
        own().contains("1 intent of the pair went to others")
    })
    .await;
    assert_eq!(solver.interrupt(), Some(130));

    books_on_standard_input(&house, &directory, &account).await;
    the_example_fills_an_order(&house).await;
}

/// A whole book a line; the solver ends with the lines.
async fn books_on_standard_input(house: &TestHouse, directory: &Path, account: &Path) {
    let book = |rate: &str| {
        format!(
            r#"{{"pair":[{{"give":"usdc","want":"near","capacity":"50000","minimum":"1","max_rate":"1.5","tiers":[{{"up_to":"50000","rate":"{rate}"}}]}}]}}"#
        )
    };
    let log = directory.join("piped.log");
    let output = std::fs::File::create(&log).unwrap();
    let mut solver = Command::new(env!("CARGO_BIN_EXE_sealbid"))
        .current_dir(directory)
        .arg("--json")
        .arg("--dir")
        .arg(house.dir().root())
        .args([
            "solver",
            "run",
            "--until-stdin-closes",
            "--book",
            "-",
            "--account",
        ])
        .arg(account)
        .stdin(Stdio::piped())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let mut input = solver.stdin.take().unwrap();
    writeln!(input, "{}", book("0.991")).unwrap();
    wait_for("the piped solver", || events(&log, "ready").len() == 1).await;
    writeln!(input, "{}", book("0.992")).unwrap();
    wait_for("the second book", || events(&log, "book").len() == 2).await;
    assert_eq!(paid(house).await.2, "991999008000000000000000000");
    drop(input);
    let status = solver.wait().unwrap();
    assert!(status.success(), "{status}");
}

/// A solver of somebody's own, with the library.
async fn the_example_fills_an_order(house: &TestHouse) {
    let own = solver_directory(house, "own");
    let root = house.dir().root().to_owned();
    let solving = tokio::task::spawn_blocking(move || {
        run(Command::new(example("solver")).arg(root).arg(own))
    });
    // It has to join first. It outbids the house's solver, and ends with its first fill.
    while !solving.is_finished() {
        let id = house.swap().await;
        house.outcome(id).await;
    }
    let (is_good, said) = solving.await.unwrap();
    assert!(is_good, "{said}");
    assert!(said.contains("filled 1000 usdc.near for 98"), "{said}");
}
