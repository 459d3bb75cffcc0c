//! Real processes on this machine: members are killed, one or all, and nothing is lost.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sealbid_client::{Account, Client, Order, Outcome, Reveal, Trader};
use sealbid_keygen::{HouseDir, load_committee};
use sealbid_types::door::{Head, Phase};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::time::Timestamp;

/// How long anything may take: test machines are slow, and this is a debug build.
const PATIENCE: Duration = Duration::from_secs(120);

/// A `sealbid` process, killed when it is dropped.
struct Running(Child);

impl Running {
    fn start(arguments: &[&str], directory: &Path, log: &str) -> Self {
        let log = std::fs::File::create(directory.join(log)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealbid"));
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        Self(command.spawn().unwrap())
    }

    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Stops it as Ctrl-C does, and says how it ended.
    fn interrupt(&mut self) -> Option<i32> {
        let id = i32::try_from(self.0.id()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGINT).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A development house in a temporary directory.
struct TestHouse {
    directory: tempfile::TempDir,
    up: Running,
    client: Client,
    trader: Trader,
    /// Members that were started again by hand.
    again: Vec<Running>,
}

impl TestHouse {
    async fn start(members: u8) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let up = start_up(directory.path(), members);
        let root = directory.path().join("house");
        wait_for("the committee file", || {
            HouseDir::new(&root).committee().exists()
        })
        .await;
        let (committee, keys) = load_committee(&HouseDir::new(&root).committee()).unwrap();
        let client = Client::connect(committee, keys).await.unwrap();
        let account = Account::new(ed25519_dalek::SigningKey::from_bytes(&[9; 32]));
        let (trader, again) = (Trader::new(account), Vec::new());
        let house = Self {
            directory,
            up,
            client,
            trader,
            again,
        };
        house.opens().await;
        house.all_hear_each_other().await;
        house.wait_for_solver().await;
        house
    }

    /// Waits until `up` says that the house is open: a member that is killed before ends it.
    async fn opens(&self) {
        let log = self.directory.path().join("up.log");
        let is_open =
            || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("the house is open"));
        wait_for("an open house", is_open).await;
    }

    fn dir(&self) -> HouseDir {
        HouseDir::new(self.directory.path().join("house"))
    }

    fn log(&self, what: &str) -> PathBuf {
        self.dir().root().join(what).join("log")
    }

    /// Waits until every member hears all others.
    async fn all_hear_each_other(&self) {
        let n = self.client.committee().roster.len();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heads = self.client.heads().await;
            let hears = |alive: usize| alive == n;
            if heads
                .values()
                .flatten()
                .filter(|head| hears(head.alive.len()))
                .count()
                == n
            {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "members do not find each other: {heads:?}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until the solver has joined: before that nobody would quote.
    async fn wait_for_solver(&self) {
        let log = self.log("solver-1");
        let joined =
            || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("joined the house"));
        wait_for("the solver", joined).await;
    }

    /// Seals and submits a swap that the solver's prices meet, and waits for its receipt.
    async fn swap(&self) -> EnvelopeId {
        let now = Timestamp::from(SystemTime::now());
        let deadline = now.plus(Duration::from_secs(900));
        let committee = self.client.committee();
        let standing = self.client.standing().await.unwrap();
        let window = standing.window(&committee.schedule, 8, deadline).unwrap();
        let usdc = "nep141:17208628f84f5d6ad33f0da3bbbeb27ffcb398eac501a31bd6ad2011e36133a1";
        let order = Order::Swap {
            give: usdc.parse().unwrap(),
            amount: "1000000000".parse().unwrap(),
            want: "nep141:wrap.near".parse().unwrap(),
            minimum: "950000000000000000000000000".parse().unwrap(),
        };
        let signed = self
            .trader
            .sign(&order, &committee.rules, deadline, None)
            .unwrap();
        let keys = self.client.keys();
        let sealed = self
            .trader
            .seal(committee, keys, &signed, Reveal::Pair, window)
            .unwrap();
        self.client.submit(&sealed).await.unwrap();
        sealed.id()
    }

    /// Waits until a swap is settled.
    async fn outcome(&self, id: EnvelopeId) -> Outcome {
        self.client.wait_for_outcome(id, PATIENCE).await.unwrap()
    }

    /// Waits until a member is in a phase, or beyond it.
    async fn reaches(&self, phase: Phase) {
        let before = self.client.standing().await.unwrap().settled;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heads = self.client.heads().await;
            let mut heads = heads.values().flatten();
            let is_there = |head: &Head| {
                head.settled > before || (head.phase >= phase && head.phase != Phase::CatchingUp)
            };
            if heads.any(is_there) {
                return;
            }
            assert!(Instant::now() < deadline, "no member reaches {phase:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills a member as the system would.
    fn kill_member(&self, index: MemberIndex) {
        let pid = std::fs::read_to_string(self.dir().member(index).pid()).unwrap();
        kill(Pid::from_raw(pid.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
    }

    /// Starts a member again by hand.
    fn start_member(&self, index: MemberIndex) -> Running {
        let config = self.dir().member(index).config();
        let arguments = ["node", "run", "--config", config.to_str().unwrap()];
        Running::start(&arguments, self.directory.path(), "member-again.log")
    }

    /// Waits until a member has settled what the others have.
    async fn caught_up(&self, index: MemberIndex) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heads = self.client.heads().await;
            let settled = |of: MemberIndex| {
                heads
                    .get(&of)
                    .and_then(|head| head.as_ref().ok())
                    .map(|head| head.settled)
            };
            let others = heads.keys().filter(|other| **other != index);
            let newest = others.filter_map(|other| settled(*other)).max();
            if newest.is_some() && settled(index) >= newest {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{index} does not catch up: {heads:?}"
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Runs a command of one's own, and gives what it prints.
    fn sealbid(&self, arguments: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_sealbid"))
            .arg("--dir")
            .arg(self.dir().root())
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The rounds that the relayer wrote, once it has as many as the members settled.
    async fn relayed(&self) -> Vec<u64> {
        let settled = self.client.standing().await.unwrap().settled;
        let path = self.dir().settlements();
        let read = || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let round = |line: &str| -> u64 {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                value["round"].as_u64().unwrap()
            };
            text.lines().map(round).collect::<Vec<u64>>()
        };
        wait_for("the relayer", || read().last() >= Some(&settled.0)).await;
        read()
    }
}

fn start_up(directory: &Path, members: u8) -> Running {
    let house = directory.join("house");
    let members = members.to_string();
    let arguments = [
        "--dir",
        house.to_str().unwrap(),
        "up",
        "--members",
        &members,
        "--solvers",
        "1",
    ];
    Running::start(&arguments, directory, "up.log")
}

async fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        assert!(Instant::now() < deadline, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One member is killed in mid round, then all of them at once.
async fn survives(members: u8) {
    let mut house = TestHouse::start(members).await;
    let victim = MemberIndex(1);

    let first = house.swap().await;
    house.kill_member(victim);
    let outcome = house.outcome(first).await;
    assert!(matches!(outcome, Outcome::Filled { .. }), "{outcome:?}");

    house.again.push(house.start_member(victim));
    house.caught_up(victim).await;
    house.all_hear_each_other().await;

    let second = house.swap().await;
    for index in MemberIndex::all(members) {
        house.kill_member(index);
    }
    house.again.clear();
    house.up.kill();
    house.up = start_up(house.directory.path(), members);
    house.opens().await;
    house.all_hear_each_other().await;
    let outcome = house.outcome(second).await;
    assert!(
        matches!(outcome, Outcome::Filled { .. } | Outcome::Unfilled { .. }),
        "{outcome:?}"
    );

    let third = house.swap().await;
    let outcome = house.outcome(third).await;
    assert!(outcome.is_final(), "{outcome:?}");
    orders_are_updated(&house).await;
    check_rounds(&house).await;
    assert_eq!(house.up.interrupt(), Some(130));
}

/// A trader who did not wait asks later.
async fn orders_are_updated(house: &TestHouse) {
    house.wait_for_solver().await;
    house.sealbid("swap 1000 usdc.near wrap.near --min 950");
    let order =
        || -> serde_json::Value { serde_json::from_str(&house.sealbid("orders --json")).unwrap() };
    assert_eq!(order()["outcome"], serde_json::Value::Null);
    wait_for("the outcome", || {
        house.sealbid("orders --update");
        order()["outcome"]["status"] == "filled"
    })
    .await;
}

/// Rounds count without gaps, no envelope stands in two, and the relayer has each once, in order.
async fn check_rounds(house: &TestHouse) {
    let rounds = house.relayed().await;
    assert_eq!(rounds, (1..=rounds.len() as u64).collect::<Vec<_>>());
    let mut listed = BTreeSet::new();
    for round in rounds {
        assert!(
            house.dir().record(Round(round)).exists(),
            "records/{round}.json"
        );
        let settled = house.client.round(Round(round)).await.unwrap();
        for id in settled
            .record()
            .close
            .intents
            .iter()
            .chain(&settled.record().close.quotes)
        {
            assert!(listed.insert(*id), "{id} stands in two rounds");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_of_4_survives_kill_9_of_one_and_of_all() {
    survives(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_of_3_survives_kill_9_of_one_and_of_all() {
    survives(3).await;
}

/// A member is killed again and again, in another phase each time, while orders go through.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_killed_in_every_phase_catches_up() {
    let mut house = TestHouse::start(4).await;
    let phases = [
        Phase::Quotes,
        Phase::Closing,
        Phase::Opening,
        Phase::Settling,
    ];
    for (victim, phase) in MemberIndex::all(4).zip(phases) {
        let order = house.swap().await;
        house.reaches(phase).await;
        house.kill_member(victim);
        let outcome = house.outcome(order).await;
        assert!(
            matches!(outcome, Outcome::Filled { .. }),
            "{phase:?}: {outcome:?}"
        );
        house.again.push(house.start_member(victim));
        house.caught_up(victim).await;
        house.all_hear_each_other().await;
    }
    check_rounds(&house).await;
}
