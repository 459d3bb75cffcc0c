//! A development house of real processes.

use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sealbid_keygen::HouseDir;
use sealbid_types::id::MemberIndex;

use crate::clock::Clock;
use crate::outsider::Outsider;

/// How long anything may take: test machines are slow, and this is a debug build.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What a member that was started again by hand logs.
pub(crate) const AGAIN: &str = "member-again.log";

/// A `sealbid` process, killed when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(
        arguments: &[&str],
        directory: &Path,
        log: &str,
        clock: Option<&Clock>,
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealbid"));
        command.args(arguments);
        if let Some(clock) = clock {
            command.envs(clock.variables());
        }
        Self::start_command(command, File::create(directory.join(log)).unwrap())
    }

    /// Starts a command that runs `sealbid`, and says things into this log.
    pub(crate) fn start_command(mut command: Command, log: File) -> Self {
        command
            .env("SEALBID_CONFIG", "")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        Self(command.spawn().unwrap())
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Stops it as Ctrl-C does, and says how it ended.
    pub(crate) fn interrupt(&mut self) -> Option<i32> {
        self.stop_by(Signal::SIGINT)
    }

    /// Stops it by a signal, and says how it ended.
    pub(crate) fn stop_by(&mut self, signal: Signal) -> Option<i32> {
        let id = i32::try_from(self.0.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A development house in a temporary directory.
pub(crate) struct TestHouse {
    pub(crate) up: Running,
    outsider: Outsider,
    /// Members that were started again by hand.
    pub(crate) again: Vec<Running>,
    /// Removed when nobody runs any more.
    pub(crate) directory: tempfile::TempDir,
}

impl Deref for TestHouse {
    type Target = Outsider;

    fn deref(&self) -> &Outsider {
        &self.outsider
    }
}

impl TestHouse {
    pub(crate) async fn start(members: u8) -> Self {
        Self::start_by(members, None).await
    }

    /// All of whose processes go by this clock.
    pub(crate) async fn start_by(members: u8, clock: Option<&Clock>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let up = start_up(directory.path(), members, clock);
        let root = directory.path().join("house");
        wait_for("the committee file", || {
            HouseDir::new(&root).committee().exists()
        })
        .await;
        let house = Self {
            outsider: Outsider::of(&HouseDir::new(&root).committee()).await,
            directory,
            up,
            again: Vec::new(),
        };
        house.opens().await;
        house.all_hear_each_other().await;
        house.wait_for_solver().await;
        house
    }

    /// Waits until `up` says that the house is open: a member that is killed before ends it.
    pub(crate) async fn opens(&self) {
        let log = self.directory.path().join("up.log");
        let is_open =
            || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("the house is open"));
        wait_for("an open house", is_open).await;
    }

    pub(crate) fn dir(&self) -> HouseDir {
        HouseDir::new(self.directory.path().join("house"))
    }

    pub(crate) fn log(&self, what: &str) -> PathBuf {
        self.dir().root().join(what).join("log")
    }

    /// Waits until the solver has joined: before that nobody would quote.
    pub(crate) async fn wait_for_solver(&self) {
        let log = self.log("solver-1");
        let joined = || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("quoting as"));
        wait_for("the solver", joined).await;
    }

    /// A member's process.
    pub(crate) fn process(&self, index: MemberIndex) -> Pid {
        let pid = std::fs::read_to_string(self.dir().member(index).pid()).unwrap();
        Pid::from_raw(pid.trim().parse().unwrap())
    }

    /// Kills a member as the system would.
    pub(crate) fn kill_member(&self, index: MemberIndex) {
        kill(self.process(index), Signal::SIGKILL).unwrap();
    }

    /// Starts a member again by hand.
    pub(crate) fn start_member(&self, index: MemberIndex) -> Running {
        self.start_member_by(index, None)
    }

    /// Starts a member again by hand, by another clock.
    pub(crate) fn start_member_by(&self, index: MemberIndex, clock: Option<&Clock>) -> Running {
        let config = self.dir().member(index).config();
        let arguments = ["node", "run", "--config", config.to_str().unwrap()];
        Running::start(&arguments, self.directory.path(), AGAIN, clock)
    }

    /// Runs a command of one's own, and gives what it prints.
    pub(crate) fn sealbid(&self, arguments: &str) -> String {
        self.run(arguments).0
    }

    /// Runs a command of one's own, and gives what it says beside its result.
    pub(crate) fn said(&self, arguments: &str) -> String {
        self.run(arguments).1
    }

    fn run(&self, arguments: &str) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_sealbid"))
            .arg("--dir")
            .arg(self.dir().root())
            .args(arguments.split_whitespace())
            .env("SEALBID_CONFIG", "")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments}: {said}");
        (String::from_utf8(output.stdout).unwrap(), said)
    }

    /// The rounds that the relayer wrote, once it has as many as the members settled.
    pub(crate) async fn relayed(&self) -> Vec<u64> {
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

pub(crate) fn start_up(directory: &Path, members: u8, clock: Option<&Clock>) -> Running {
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
        // Members that are killed here stay so until they are started by hand.
        "--no-restart",
    ];
    Running::start(&arguments, directory, "up.log", clock)
}

pub(crate) async fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        assert!(Instant::now() < deadline, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
