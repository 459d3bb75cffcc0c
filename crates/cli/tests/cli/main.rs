//! The commands that need no running house: what they print, and how they exit.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod books;
mod doctor;
mod evidence;
mod marks;
mod near;
mod output;
mod records;
mod settings;
mod terminal;
mod tokens;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sealbid_types::committee::Committee;
use serde_json::Value;
use tempfile::TempDir;

/// How a command ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self) -> Value {
        let lines: Vec<&str> = self.out.lines().collect();
        assert_eq!(lines.len(), 1, "one object: {}", self.out);
        serde_json::from_str(lines[0]).unwrap()
    }

    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    fn says(self, what: &str) -> Self {
        assert!(self.err.contains(what), "{what:?} is not in: {}", self.err);
        self
    }
}

/// A directory to run commands in, with no house in it yet.
struct Workspace(TempDir);

impl Workspace {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A workspace with a dealt house, none of whose members runs, and a plain account.
    fn with_house() -> Self {
        let workspace = Self::new();
        workspace.secret("passphrase", "correct horse\n");
        let dealer = "keygen dealer --members 3 --out house --work-factor 1 --base-port 1 \
                      --passphrase-file passphrase";
        workspace.run(dealer).expect(0);
        workspace.run("account new --plain").expect(0);
        workspace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn secret(&self, name: &str, content: &str) {
        self.write(name, content);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// A command that has not been started, with nothing of this machine's own settings.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealbid"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env_remove("SEALBID_DIR")
            .env_remove("SEALBID_PASSPHRASE_FILE")
            .env_remove("SEALBID_LOG")
            .env_remove("SEALBID_ACCOUNT")
            .env("SEALBID_CONFIG", "")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &str) -> Ended {
        Ended::of(&mut self.command(arguments))
    }

    /// An envelope of a swap, in a file.
    fn seal(&self, name: &str) {
        let swap = self
            .run("intent swap 1000 usdc.near wrap.near --min 950")
            .expect(0);
        self.write("swap.json", &swap.out);
        self.run(&format!("seal swap.json --first 1 --out {name}"))
            .expect(0);
    }

    fn committee(&self) -> Committee {
        let bytes = fs::read(self.path("house/committee.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }
}

fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}

#[test]
fn wrong_usage_is_2() {
    let workspace = Workspace::new();
    for arguments in [
        "",
        "swop",
        "swap",
        "swap 1 usdc.near wrap.near",
        "swap 1 usdc.near wrap.near --min 1 --reveal all",
        "swap 1 usdc.near wrap.near --min 1 --deadline soon",
        "status",
        "round one",
        "rounds --count 0",
        "rounds --count 257",
        "audit",
        "audit 1 --all",
        "audit --file x --offline",
        "pairs --rounds 0",
        "prices",
        "prices usdc.near",
        "prices usdc.near dogecoin",
        "prices usdc.near wrap.near ten",
        "prices usdc.near/wrap.near 1 1",
        "audit --all --file x",
        "intent transfer 1 usdc.near Bob",
        "intent",
        "account",
    ] {
        workspace.run(arguments).expect(2);
    }
}

#[test]
fn amounts_and_tokens_are_checked_before_anything_else() {
    let workspace = Workspace::new();
    let swap = |terms: &str| workspace.run(&format!("swap {terms}")).expect(2);
    swap("1 usdc.near dogecoin --min 1").says("no token is named \"dogecoin\"");
    swap("1.1234567 usdc.near wrap.near --min 1").says("has 6 decimals, this has 7");
    swap("1 usdc.near usdc --min 1").says("two different tokens");
    swap("1.5 usdc.near wrap.near --min 1 --raw").says("whole numbers of base units");
    swap("0 usdc.near wrap.near --min 1").says("more than nothing");
    fs::create_dir(workspace.path("house")).unwrap();
    workspace.write("house/tokens.toml", "[[token]]\nname = \"x\"\n");
    swap("1 usdc.near wrap.near --min 1").says("tokens.toml");
}

#[test]
fn without_a_house_it_says_where_to_get_one() {
    let workspace = Workspace::new();
    for arguments in [
        "swap 1 usdc.near wrap.near --min 1",
        "rounds",
        "round 1",
        "watch",
        "audit 1",
        "audit --all",
        "pairs",
        "prices usdc.near wrap.near",
        "status 0101010101010101010101010101010101010101010101010101010101010101",
    ] {
        workspace.run(arguments).expect(4).says("sealbid up");
    }
    let failed = workspace.run("rounds --json").expect(4).json();
    assert_eq!(
        (&failed["error"], &failed["exit"]),
        (&Value::from("key"), &Value::from(4))
    );
    assert!(failed["advice"].as_str().unwrap().contains("--dir"));
    let failed = workspace.run("orders --json").expect(4).json();
    assert_eq!(failed["code"], "no-house-directory");
}

#[test]
fn a_bad_committee_file_is_4() {
    let workspace = Workspace::with_house();
    let good = fs::read_to_string(workspace.path("house/committee.json")).unwrap();
    let other = workspace
        .committee()
        .auction
        .to_string()
        .replace(['0', '1', '2', '3'], "4");
    for bad in [
        String::new(),
        "{}".to_owned(),
        good.replacen("\"quorum\": 2", "\"quorum\": 1", 1),
        good.replacen(&workspace.committee().auction.to_string(), &other, 1),
        good.replacen('{', "{\"unknown\": 1,", 1),
    ] {
        assert_ne!(bad, good);
        workspace.write("house/committee.json", bad);
        workspace.run("rounds").expect(4).says("committee.json");
    }
}

#[test]
fn accounts_are_made_once_and_opened_with_their_passphrase() {
    let workspace = Workspace::new();
    workspace.run("account show").expect(4).says("account new");
    let made = workspace.run("account new --plain --json").expect(0).json();
    let shown = workspace.run("account show --json").expect(0).json();
    assert_eq!(made, shown);
    workspace.run("account new --plain").expect(5).says("--out");

    workspace.secret("good", "correct horse\n");
    workspace.secret("wrong", "battery staple\n");
    let new = "account new --out alice.key --passphrase-file good --json";
    let alice = workspace.run(new).expect(0).json();
    assert_ne!(alice["account"], made["account"]);
    let show =
        |rest: &str| workspace.run(&format!("account show --account alice.key --json {rest}"));
    assert_eq!(show("--passphrase-file good").expect(0).json(), alice);
    show("--passphrase-file wrong").expect(3);
    show("--passphrase-file missing").expect(3);
    show("").expect(3).says("SEALBID_PASSPHRASE_FILE");
    let mode = fs::metadata(workspace.path("alice.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    workspace.write("alice.key", "{}");
    show("--passphrase-file good").expect(4);
}

#[test]
fn what_is_sealed_shows_no_more_than_was_chosen() {
    let workspace = Workspace::with_house();
    workspace.seal("swap.envelope");
    let seen = workspace
        .run("inspect swap.envelope --json")
        .expect(0)
        .json();
    assert_eq!(seen["valid"], true);
    assert_eq!(seen["for_this_house"], true);
    assert_eq!(seen["public"]["first"], 1);
    assert_eq!(seen["public"]["last"], 3);
    assert!(seen["public"]["metadata"]["disclosure"]["pair"].is_object());
    workspace
        .run("seal swap.json --first 1 --reveal nothing --out hidden.envelope")
        .expect(0);
    let hidden = workspace.run("inspect hidden.envelope").expect(0).out;
    assert!(!hidden.contains("usdc"), "{hidden}");
    assert!(hidden.contains("shows          nothing"), "{hidden}");

    let other = Workspace::with_house();
    fs::copy(workspace.path("swap.envelope"), other.path("swap.envelope")).unwrap();
    let foreign = other.run("inspect swap.envelope --json").expect(0).json();
    assert_eq!(foreign["for_this_house"], false);
    let nowhere = other
        .run("--dir nowhere inspect swap.envelope --json")
        .expect(0)
        .json();
    assert_eq!(nowhere["for_this_house"], Value::Null);
}

/// With `--first` no member is asked. What is written down of the order is the same all the same.
#[test]
fn an_order_that_is_sealed_without_asking_is_written_down_whole() {
    let workspace = Workspace::with_house();
    workspace.seal("swap.envelope");
    let orders = fs::read_dir(workspace.path("house/orders")).unwrap();
    let mut files = orders
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    let file = fs::read(files.next().unwrap()).unwrap();
    let order: Value = serde_json::from_slice(&file).unwrap();
    assert!(order["terms"].is_object(), "{order}");
    assert!(order["intent_hash"].is_string(), "{order}");
}

#[test]
fn a_changed_envelope_is_not_valid() {
    let workspace = Workspace::with_house();
    workspace.seal("swap.envelope");
    let good = fs::read(workspace.path("swap.envelope")).unwrap();
    let mut cases = vec![
        (Vec::new(), "unknown-version"),
        (b"garbage".to_vec(), "unknown-version"),
        (good[..good.len() - 1].to_vec(), "malformed"),
        ([good.as_slice(), &[0]].concat(), "not-canonical"),
        (vec![0; 30_000], "oversize"),
    ];
    let mut signature = good.clone();
    *signature.last_mut().unwrap() ^= 1;
    cases.push((signature, "signature"));
    let mut kind = good;
    kind[9] ^= 1;
    cases.push((kind, "kind"));
    for (bytes, code) in cases {
        workspace.write("bad.envelope", bytes);
        let seen = workspace
            .run("inspect bad.envelope --json")
            .expect(1)
            .json();
        assert_eq!(seen["valid"], false, "{code}");
        assert_eq!(seen["problem"]["code"], code);
    }
    workspace.run("inspect missing.envelope").expect(5);
    workspace.write("bad.envelope", "garbage");
    workspace
        .run("send bad.envelope")
        .expect(2)
        .says("holds no envelope");
}

#[test]
fn with_no_member_reachable_it_is_6_and_the_order_is_kept() {
    let workspace = Workspace::with_house();
    workspace.seal("swap.envelope");
    let failed = workspace.run("send swap.envelope --json").expect(6);
    let advice = failed.json()["advice"].as_str().unwrap().to_owned();
    let again = advice.split_whitespace().last().unwrap();
    assert!(exists(&workspace.path(again)), "{advice}");
    let orders = workspace.run("orders --json").expect(0).json();
    assert_eq!(orders["receipt"], Value::Null);
    let id = orders["id"].as_str().unwrap();
    workspace.run(&format!("status {}", &id[..8])).expect(6);
    workspace
        .run("status 00000000")
        .expect(2)
        .says("none of your orders");
    let listed = workspace.run("orders").expect(0).out;
    assert!(
        listed.contains("1000 usdc.near for at least 950 wrap.near"),
        "{listed}"
    );
    workspace.run("orders --update").expect(6);
    workspace
        .run("swap 1 usdc.near wrap.near --min 1")
        .expect(6)
        .says("none of the 3 members");
}

#[test]
fn a_duration_apart_from_its_option_is_told_where_it_goes() {
    let workspace = Workspace::new();
    for words in ["status 3f2ab81c --wait 90s", "send e --wait 2m"] {
        let duration = words.split(' ').next_back().unwrap();
        workspace
            .run(words)
            .expect(2)
            .says(&format!("as in --wait={duration}"));
    }
}

#[test]
fn an_envelope_given_for_an_intent_is_told_from_one() {
    let workspace = Workspace::with_house();
    workspace.write("swap.envelope", [0xff, 0xfe]);
    workspace
        .run("seal swap.envelope --first 1 --out e")
        .expect(2)
        .says("holds no signed intent");
}

#[test]
fn intents_are_signed_json_that_is_read_back() {
    let workspace = Workspace::with_house();
    for order in [
        "swap 1 usdc.near wrap.near --min 1",
        "swap 1000 nep141:a.near nep141:b.near --min 1 --raw",
        "transfer 1 usdc.near bob.near --memo rent",
        "ft-withdraw 1 usdc.near bob.near --msg x",
        "native-withdraw 0.5 bob.near",
    ] {
        let signed = workspace.run(&format!("intent {order}")).expect(0);
        assert_eq!(signed.json()["standard"], "raw_ed25519");
        workspace.write("signed.json", &signed.out);
        workspace
            .run("seal signed.json --first 1 --out order.envelope")
            .expect(0);
        let changed = signed.out.replace("raw_ed25519", "nep413");
        workspace.write("signed.json", changed);
        workspace
            .run("seal signed.json --first 1 --out order.envelope")
            .expect(2);
    }
    let allowed = workspace
        .run(&format!(
            "intent swap 1 usdc wrap.near --min 1 --solver {}",
            "01".repeat(32)
        ))
        .expect(0);
    assert_eq!(
        allowed.json()["solvers"],
        serde_json::json!(["01".repeat(32)])
    );
}

#[test]
fn anothers_intent_is_not_sealed() {
    let workspace = Workspace::with_house();
    workspace.seal("swap.envelope");
    workspace
        .run("account new --plain --out bob.json")
        .expect(0);
    workspace
        .run("seal swap.json --first 1 --out x --account bob.json")
        .expect(2)
        .says("account");
}

#[test]
fn nothing_from_a_file_steers_the_terminal() {
    let workspace = Workspace::with_house();
    workspace.write("evil.json", "{\"standard\":\"\u{1b}[2J\u{202e}\"}");
    let failed = workspace.run("seal evil.json --first 1 --out x").expect(2);
    let is_plain = |text: &str| {
        text.bytes()
            .all(|b| b == b'\n' || (b' '..=b'~').contains(&b))
    };
    assert!(is_plain(&failed.err), "{:?}", failed.err);
    let failed = workspace
        .run("seal evil.json --first 1 --out x --json")
        .expect(2);
    assert!(is_plain(&failed.out), "{:?}", failed.out);
}

#[test]
fn an_interrupt_is_130() {
    let workspace = Workspace::with_house();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sealbid"))
        .args(["submit", "-"])
        .current_dir(workspace.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It waits for its standard input; until it listens to signals, one would just kill it.
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    std::thread::sleep(std::time::Duration::from_secs(2));
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
