//! Tests that change networks and mounts: in namespaces of their own, where that touches nothing
//! else and is gone with them.

use std::io::Write as _;
use std::process::Command;

/// Set within the namespaces.
const INSIDE: &str = "SEALBID_TEST_NAMESPACES";

/// Makes processes of its own user, network, mounts and process numbers of what follows.
const UNSHARE: [&str; 8] = [
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// Whether this process is within namespaces that are the caller's own. Where it is not, the test of
/// this name is run once more in such a place, and the caller has nothing left to do.
pub(crate) fn are_own(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let can = Command::new("unshare")
        .args(UNSHARE)
        .args(["ip", "link"])
        .output();
    if !can.is_ok_and(|output| output.status.success()) {
        // Not by `println!`, which nobody sees of a test that passes.
        let what = "skipped: `unshare` and `ip` cannot make namespaces here";
        let _ = writeln!(std::io::stderr(), "{test} {what}");
        return false;
    }
    // What is mounted in there cannot be removed before it is gone.
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(UNSHARE)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    // As this test's own words, and not as those of a test beside it.
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    // A name that is none would run no test, and succeed.
    let has_passed = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(output.status.success() && has_passed, "{test} failed");
    false
}

/// Runs a command that has to succeed.
#[track_caller]
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// The same of a command line, split at blanks.
#[track_caller]
pub(crate) fn run_line(line: &str) {
    let mut words = line.split(' ');
    run(Command::new(words.next().unwrap()).args(words));
}
