//! Files with a byte-order mark and Windows' line ends, as editors on Windows leave them.

use super::*;

/// Puts a mark before a file, and a carriage return before each line's end.
fn mark(workspace: &Workspace, name: &str) {
    let text = fs::read_to_string(workspace.path(name)).unwrap();
    assert!(
        !text.starts_with('\u{feff}') && !text.contains('\r'),
        "{name}"
    );
    // In its place, so that it stays its owner's alone.
    workspace.write(name, format!("\u{feff}{}", text.replace('\n', "\r\n")));
}

#[test]
fn marks_and_line_ends_are_no_part_of_a_file() {
    let workspace = Workspace::with_house();
    let forged = records::record(workspace.committee().auction);
    let swap = "intent swap 1000 usdc.near wrap.near --min 950";
    let trust = workspace.run("trust --json").expect(0).json();
    mark(&workspace, "house/committee.json");
    assert_eq!(workspace.run("trust --json").expect(0).json(), trust);
    workspace
        .run("keygen inspect house/committee.json")
        .expect(0);

    let account = workspace.run("account show --json").expect(0).json();
    mark(&workspace, "house/accounts/default.json");
    assert_eq!(
        workspace.run("account show --json").expect(0).json(),
        account
    );
    workspace
        .run("keygen inspect house/accounts/default.json")
        .expect(0);

    let signed = workspace.run(swap).expect(0);
    workspace.write("swap.json", &signed.out);
    mark(&workspace, "swap.json");
    workspace.run("seal swap.json --first 1 --out e").expect(0);

    workspace.write("forged.json", serde_json::to_vec_pretty(&forged).unwrap());
    mark(&workspace, "forged.json");
    let audit = workspace.run("audit --file forged.json").expect(8);
    assert!(audit.out.contains("certificate forged"), "{}", audit.out);

    let tokens = "[[token]]\nname = \"mine\"\nasset = \"nep141:mine.near\"\ndecimals = 2\n";
    workspace.write("house/tokens.toml", tokens);
    mark(&workspace, "house/tokens.toml");
    let listed = workspace.run("tokens").expect(0);
    assert!(listed.out.contains("mine.near"), "{}", listed.out);
}

/// A key that opens with one file only, of two that look the same, is lost with that file.
#[test]
fn a_passphrase_is_the_same_from_a_file_with_a_mark() {
    let workspace = Workspace::new();
    workspace.secret("plain", "correct horse\n");
    workspace.secret("marked", "correct horse\n");
    mark(&workspace, "marked");
    let made = |file: &str, key: &str| {
        let new = format!("account new --out {key} --passphrase-file {file}");
        workspace.run(&new).expect(0);
    };
    made("plain", "one.key");
    made("marked", "two.key");
    for (file, key) in [("marked", "one.key"), ("plain", "two.key")] {
        let show = format!("account show --account {key} --passphrase-file {file}");
        workspace.run(&show).expect(0);
    }
}

#[test]
fn a_ticket_and_an_endpoints_key_are_read_with_a_mark() {
    let workspace = Workspace::with_house();
    let peer = workspace.run("solver peer").expect(0).out;
    mark(&workspace, "house.key");
    assert_eq!(workspace.run("solver peer").expect(0).out, peer);
    workspace
        .run("node init --member 1 --passphrase-file passphrase")
        .expect(0);
    let ticket = format!("node ticket --role solver --passphrase-file passphrase --peer {peer}");
    let ticket = workspace.run(&ticket).expect(0).out;
    workspace.write("ticket", ticket);
    mark(&workspace, "ticket");
    let text = fs::read_to_string(workspace.path("ticket")).unwrap();
    text.parse::<sealbid_net::ticket::Ticket>().unwrap();
}
