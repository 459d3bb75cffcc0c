//! `sealbid up` and `sealbid demo` as those who run them meet them: processes end and come back,
//! something is missing, and the command itself is ended in each way that there is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sealbid_types::id::MemberIndex;

use crate::kit::{Running, wait_for};

const UP: [&str; 7] = ["--dir", "house", "up", "--members", "3", "--solvers", "0"];

/// A directory in which `up` is run, again and again.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn house(&self) -> PathBuf {
        self.0.path().join("house")
    }

    fn member(&self, number: u8) -> PathBuf {
        self.house().join(format!("member-{number}"))
    }

    /// Starts `up`, which says things into this log.
    fn up(&self, log: &str) -> Up {
        self.up_as(log, &UP[2..])
    }

    /// The same by another command line.
    fn up_as(&self, log: &str, words: &[&str]) -> Up {
        let house = self.house();
        let mut command = vec!["--dir", house.to_str().unwrap()];
        command.extend(words);
        Up {
            process: Running::start(&command, self.0.path(), log, None),
            log: self.0.path().join(log),
        }
    }

    fn pid(&self, number: u8) -> Option<Pid> {
        let text = fs::read_to_string(self.member(number).join("pid")).ok()?;
        Some(Pid::from_raw(text.trim().parse().ok()?))
    }

    fn kill_member(&self, number: u8) {
        kill(self.pid(number).unwrap(), Signal::SIGKILL).unwrap();
    }

    /// Runs a command to its end.
    fn sealbid(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_sealbid"))
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// That none of the house's members runs.
    fn nobody_runs(&self) {
        for number in 1..=3 {
            let runs = self.pid(number).is_some_and(|pid| kill(pid, None).is_ok());
            assert!(!runs, "member {number} runs on");
        }
    }
}

struct Up {
    process: Running,
    log: PathBuf,
}

impl Up {
    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    async fn says(&self, what: &str) {
        self.says_times(what, 1).await;
    }

    async fn says_times(&self, what: &str, times: usize) {
        let what_came = format!("{what:?}, {times} times, in {}", self.log.display());
        wait_for(&what_came, || self.said().matches(what).count() >= times).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn up_starts_members_again_and_goes_on_without_those_that_cannot_start() {
    let place = Place::new();
    let mut up = place.up("first.log");
    up.says("the house is open").await;
    another_up_beside_it_touches_nothing(&place);

    place.kill_member(2);
    up.says("member-2 is started again in 1 s").await;
    let status = place.sealbid(&["--dir", "house", "node", "status"]);
    let said = String::from_utf8(status.stderr).unwrap();
    assert!(status.status.success() && said.is_empty(), "{said}");
    up.says("member-2 runs again").await;
    doctor_finds_nothing(&place);
    assert!(!up.said().contains("cannot close rounds"), "{}", up.said());
    // Two at once are one too many.
    for number in [1, 2] {
        place.kill_member(number);
    }
    up.says("the house cannot close rounds: 1 of 3 members run, 2 are needed")
        .await;
    up.says("the house can close rounds again").await;
    up.says_times("member-1 runs again", 1).await;
    up.says_times("member-2 runs again", 2).await;
    assert_eq!(up.process.stop_by(Signal::SIGHUP), Some(0));
    place.nobody_runs();

    it_opens_without_a_member(&place).await;
    it_says_when_too_few_can_start(&place).await;
}

/// Of a house that runs, whoever looks at it.
fn doctor_finds_nothing(place: &Place) {
    for path in ["house", "house/member-3"] {
        let doctor = place.sealbid(&["doctor", path]);
        let said = String::from_utf8(doctor.stdout).unwrap();
        assert!(doctor.status.success(), "{said}");
        assert!(said.contains("3 of 3 members answer"), "{said}");
        assert!(said.contains("is member-3's of the roster"), "{said}");
    }
}

/// It says who runs the house, and leaves that one alone.
fn another_up_beside_it_touches_nothing(place: &Place) {
    let before = listing(&place.house());
    let second = place.sealbid(&UP);
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(5), "{said}");
    assert!(said.contains("runs the house"), "{said}");
    assert_eq!(listing(&place.house()), before);
}

/// A directory is missing and a configuration is bad, one after the other. It is also asked for a
/// house unlike this one, and tells so.
async fn it_opens_without_a_member(place: &Place) {
    let aside = place.house().join("aside");
    fs::rename(place.member(1), &aside).unwrap();
    let unlike = ["up", "--members", "5", "--solvers", "0", "--period", "5s"];
    let mut up = place.up_as("missing.log", &unlike);
    up.says("the house is open").await;
    let said = up.said();
    let warned = "warning: for a new house only: --members; this one";
    assert!(said.contains(warned), "{said}");
    assert!(
        said.contains("member-1 would end like this again"),
        "{said}"
    );
    assert!(
        said.contains("by hand: sealbid node run --config"),
        "{said}"
    );
    assert_eq!(up.process.stop_by(Signal::SIGTERM), Some(0));
    place.nobody_runs();
    fs::rename(&aside, place.member(1)).unwrap();
}

async fn it_says_when_too_few_can_start(place: &Place) {
    for number in [1, 2] {
        fs::write(place.member(number).join("member.toml"), "nonsense").unwrap();
    }
    let up = place.up("too-few.log");
    up.says("sealbid: member-").await;
    place.nobody_runs();
}

fn listing(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// However far the first one came, the next one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn an_up_that_was_cut_short_is_taken_up_by_the_next() {
    let place = Place::new();
    let making = place.house().join(".making");
    let mut up = place.up("interrupted.log");
    wait_for("the making", || making.exists()).await;
    // A second one beside the first, which is not done, is no reason to touch anything.
    let second = place.sealbid(&UP);
    assert_eq!(second.status.code(), Some(5));
    assert!(making.exists());
    assert_eq!(up.process.interrupt(), Some(130));

    let mut up = place.up("killed.log");
    wait_for("the ceremony", || {
        fs::read_dir(&making).is_ok_and(|entries| entries.count() > 1)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    up.process.kill();

    let mut up = place.up("whole.log");
    up.says("the house is open").await;
    assert!(!making.exists());
    assert_eq!(up.process.interrupt(), Some(130));
}

/// Killed at any moment of the ceremony, and started again at once: its participants end with it, and
/// none of them stands in the next one's way.
#[tokio::test(flavor = "multi_thread")]
async fn an_up_that_is_killed_leaves_no_participant_behind() {
    let place = Place::new();
    for pause in [700, 900, 1100, 1400, 1800, 2200] {
        let mut up = place.up(&format!("killed-{pause}.log"));
        tokio::time::sleep(Duration::from_millis(pause)).await;
        assert!(!up.said().contains("cannot"), "{}", up.said());
        up.process.kill();
    }
    let house = place.house();
    wait_for("their end", || !any_process_names(&house)).await;
}

/// Whether a process has this path on its command line.
fn any_process_names(path: &Path) -> bool {
    let listed = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    String::from_utf8_lossy(&listed.stdout).contains(path.to_str().unwrap())
}

/// A demo in a directory of its own, where nothing else is.
fn demo(temporary: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sealbid"))
        .args(["demo", "--members", "3", "--solvers", "1"])
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn until_its_members_run(temporary: &Path) {
    wait_for("a member of the demo", || {
        let demo = fs::read_dir(temporary).unwrap().next();
        demo.is_some_and(|demo| {
            let house = sealbid_keygen::HouseDir::new(demo.unwrap().path());
            house.member(MemberIndex(0)).pid().exists()
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_ended_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut hung_up = demo(temporary.path());
    until_its_members_run(temporary.path()).await;
    let id = Pid::from_raw(i32::try_from(hung_up.id()).unwrap());
    kill(id, Signal::SIGHUP).unwrap();
    assert_eq!(hung_up.wait().unwrap().code(), Some(130));
    assert!(listing(temporary.path()).is_empty());

    // `sealbid demo | head`, and whoever reads is gone.
    let mut unread = demo(temporary.path());
    wait_for("the demo", || !listing(temporary.path()).is_empty()).await;
    drop(unread.stdout.take());
    assert_eq!(unread.wait().unwrap().code(), Some(130));
    assert!(listing(temporary.path()).is_empty());
}
