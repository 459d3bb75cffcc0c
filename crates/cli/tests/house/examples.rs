//! The libraries' examples, run as a reader would run them: against a house of processes, and as
//! one.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use sealbid_client::Client;

use crate::kit::{PATIENCE, TestHouse};

/// Where cargo has put an example: it builds those of the whole workspace along with its tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let sealbid = Path::new(env!("CARGO_BIN_EXE_sealbid"));
    let path = sealbid.parent().unwrap().join("examples").join(name);
    assert!(
        path.exists(),
        "{} is not built: `cargo build --workspace --examples`",
        path.display()
    );
    path
}

pub(crate) fn run(command: &mut Command) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.success(), said)
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let (is_good, said) = run(command);
    assert!(is_good, "{command:?}: {said}");
    said
}

/// The number after `words`.
fn number_after(said: &str, words: &str) -> u64 {
    let (_, rest) = said.split_once(words).unwrap_or_else(|| panic!("{said}"));
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trader_the_relayer_and_the_auditor_do_what_they_say() {
    let house = TestHouse::start(3).await;
    let (directory, committee) = (house.dir(), house.dir().committee());

    let traded = succeeds(Command::new(example("trader")).arg(&committee));
    let round = number_after(&traded, "filled in round ");

    let relayer = directory.root().join("relayer");
    let last = round.to_string();
    let mut command = Command::new(example("relayer"));
    command.arg(&committee).arg(relayer).args(["1", &last]);
    let relayed = succeeds(&mut command);
    let rounds: Vec<u64> = relayed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|settlement| settlement["round"].as_u64().unwrap())
        .collect();
    assert_eq!(rounds, (1..=round).collect::<Vec<_>>());

    // The house's own relayer writes the records that are audited.
    house.relayed().await;
    let audit = |records: &Path| {
        let mut command = Command::new(example("auditor"));
        run(command.arg(&committee).arg(records))
    };
    let (is_right, audited) = audit(&directory.records());
    assert!(is_right, "{audited}");
    assert!(
        audited.contains(&format!("round {round}: ok, 1 filled")),
        "{audited}"
    );

    let changed = house.directory.path().join("changed");
    std::fs::create_dir(&changed).unwrap();
    let record = std::fs::read_to_string(directory.root().join("records/1.json")).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["settlement"]["settlement"]["fills"] = serde_json::json!([]);
    record["settlement"]["settlement"]["round"] = serde_json::json!(2);
    std::fs::write(changed.join("1.json"), record.to_string()).unwrap();
    let (is_right, audited) = audit(&changed);
    assert!(!is_right && audited.contains("round 1: WRONG"), "{audited}");
}

/// A member in a process of the embedder's own, killed when it is dropped.
struct Member(Child);

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Three members, ten ports each, all of them free just now.
fn free_base_port() -> u16 {
    let first = 21_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    let is_free = |port: u16| {
        let at = (Ipv4Addr::LOCALHOST, port);
        UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok()
    };
    (first..first + 9_000)
        .step_by(30)
        .find(|base| (*base..base + 30).all(is_free))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_members_make_a_house_and_stop_when_told() {
    let directory = tempfile::tempdir().unwrap();
    let passphrase = directory.path().join("passphrase");
    std::fs::write(&passphrase, "correct horse\n").unwrap();
    std::fs::set_permissions(&passphrase, std::fs::Permissions::from_mode(0o600)).unwrap();
    let sealbid = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealbid"));
        command.current_dir(directory.path());
        succeeds(command.args(arguments.split_whitespace()))
    };
    sealbid(&format!(
        "keygen dealer --members 3 --out house --work-factor 1 --base-port {} \
         --passphrase-file passphrase",
        free_base_port()
    ));
    let mut members: Vec<Member> = (1..=3)
        .map(|number| {
            sealbid(&format!("--dir house node init --member {number}"));
            let mut command = Command::new(example("member"));
            command
                .current_dir(directory.path())
                .args([&format!("house/member-{number}/member.toml"), "passphrase"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            Member(command.spawn().unwrap())
        })
        .collect();

    let committee = directory.path().join("house/committee.json");
    let client = Client::open(&committee).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    while client.standing().await.map_or(0, |standing| standing.alive) < 3 {
        assert!(
            Instant::now() < deadline,
            "the members do not come together"
        );
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    client.close().await;

    // Without a solver nobody fills it: that it is opened and settled is the members' work.
    let traded = succeeds(Command::new(example("trader")).arg(&committee));
    assert!(traded.contains("not filled in round"), "{traded}");

    for member in &mut members {
        drop(member.0.stdin.take());
    }
    for mut member in members {
        let status = member.0.wait().unwrap();
        let mut said = String::new();
        let mut stdout = member.0.stdout.take().unwrap();
        std::io::Read::read_to_string(&mut stdout, &mut said).unwrap();
        assert!(
            status.success() && said.ends_with("stopped\n"),
            "{status}: {said}"
        );
    }
}
