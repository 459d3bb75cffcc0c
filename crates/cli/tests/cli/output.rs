//! Results that cannot be written, and readers that go.

use super::*;

/// Runs it with a standard output that takes nothing. Linux has such a device.
fn to_full_device(workspace: &Workspace, arguments: &str) -> Ended {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    // `output` would take a pipe instead.
    let mut command = workspace.command(arguments);
    let child = command.stdout(full.unwrap()).stderr(Stdio::piped()).spawn();
    let output = child.unwrap().wait_with_output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::new(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs it with a standard output that nobody reads.
fn to_no_reader(workspace: &Workspace, arguments: &str) -> Ended {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::new(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A house, with an order in it, a record of it that nobody signed, and a swap that is.
fn prepared() -> Workspace {
    let workspace = Workspace::with_house();
    workspace.seal("swap.envelope");
    let forged = records::record(workspace.committee().auction);
    workspace.write("forged.json", serde_json::to_vec(&forged).unwrap());
    workspace
}

/// Commands that succeed, and whose results are all that they are for.
const SUCCEED: &[&str] = &[
    "--help",
    "--version",
    "swap --help",
    "orders",
    "orders --json",
    "intent swap 1000 usdc.near wrap.near --min 950",
    "inspect swap.envelope",
    "inspect swap.envelope --json",
    "account show --json",
    "solver book",
    "keygen --help",
    "keygen inspect house/committee.json",
    "keygen inspect house/committee.json --json",
];

#[test]
#[cfg(target_os = "linux")]
fn what_could_not_be_written_makes_a_command_fail() {
    let workspace = prepared();
    for arguments in SUCCEED {
        workspace.run(arguments).expect(0);
        let ended = to_full_device(&workspace, arguments).expect(5);
        assert!(
            ended.err.contains("No space left"),
            "{arguments}: {}",
            ended.err
        );
        // Once, and not once a line.
        assert_eq!(ended.err.matches("No space").count(), 1, "{}", ended.err);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_found_out_counts_more_than_that_it_could_not_be_written() {
    let workspace = prepared();
    let audit = "audit --file forged.json";
    let ended = to_full_device(&workspace, audit).expect(8);
    assert!(ended.err.contains("results are lost"), "{}", ended.err);
    to_full_device(&workspace, "rounds").expect(6);
    to_full_device(&workspace, "keygen inspect forged.json").expect(4);
}

#[test]
fn a_reader_that_goes_is_no_error_and_hides_none() {
    let workspace = prepared();
    for arguments in SUCCEED {
        let ended = to_no_reader(&workspace, arguments).expect(0);
        // The house is a dealt one, which every command tells.
        let mut said = ended.err.lines();
        let is_told = |line: &str| line.starts_with("DEVELOPMENT ONLY: ");
        assert!(said.all(is_told), "{arguments}: {}", ended.err);
    }
    for json in ["", " --json"] {
        to_no_reader(&workspace, &format!("audit --file forged.json{json}")).expect(8);
        to_no_reader(&workspace, &format!("rounds{json}")).expect(6);
        to_no_reader(&workspace, &format!("swop{json}")).expect(2);
    }
}

/// What is said on standard error is no result: that nobody reads it must end nothing, whatever the
/// log has to say besides.
#[test]
#[cfg(target_os = "linux")]
fn nobody_need_read_what_is_no_result() {
    let workspace = prepared();
    workspace.secret("open", "correct horse\n");
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(workspace.path("open"), mode).unwrap();
    for (arguments, code) in [
        ("orders", 0),
        ("rounds", 6),
        ("audit --file forged.json", 8),
        // It warns that others may read the file.
        ("account new --out other.json --passphrase-file open", 0),
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = workspace.command(arguments);
        command.env("SEALBID_LOG", "trace").stderr(full.unwrap());
        let ended = command.stdout(Stdio::null()).status().unwrap();
        assert_eq!(ended.code(), Some(code), "{arguments}");
    }
}

#[test]
fn a_wrong_command_line_is_an_object_too() {
    let workspace = Workspace::new();
    let failed = workspace.run("swop --json").expect(2).says("swop").json();
    assert_eq!(failed["error"], "usage");
    assert_eq!(failed["code"], "command-line");
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains("swop"), "{message}");
    assert!(!message.contains("error:"), "{message}");
    assert_eq!(workspace.run("swop").expect(2).out, "");
}
