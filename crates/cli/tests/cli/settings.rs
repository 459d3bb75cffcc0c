//! The client's own settings, advice that can be followed, and what the command says about itself.

use super::*;

impl Workspace {
    /// A command that reads the settings in `config.toml`, which may not be there.
    fn configured(&self, arguments: &str) -> Command {
        let mut command = self.command(arguments);
        command
            .env_remove("SEALBID_CONFIG")
            .env("XDG_CONFIG_HOME", self.path("settings"))
            .env("HOME", self.path("home"));
        command
    }

    fn settings(&self, content: &str) {
        fs::create_dir_all(self.path("settings/sealbid")).unwrap();
        self.write("settings/sealbid/config.toml", content);
    }
}

fn setting(shown: &Value, name: &str) -> (Value, Value) {
    let mut all = shown["settings"].as_array().unwrap().iter();
    let found = all.find(|setting| setting["name"] == name).unwrap();
    (found["value"].clone(), found["source"].clone())
}

#[test]
fn options_go_before_the_environment_that_before_the_file_and_that_before_what_is_built_in() {
    let workspace = Workspace::with_house();
    workspace
        .run("account new --plain --out mine.json")
        .expect(0);
    workspace
        .run("account new --plain --out other.json")
        .expect(0);
    let shown = |command: &mut Command| Ended::of(command).expect(0).json();
    let house = workspace.path("house").display().to_string();
    let mine = workspace.path("mine.json").display().to_string();

    let none = shown(&mut workspace.configured("config --json"));
    assert_eq!(none["exists"], false);
    assert_eq!(setting(&none, "dir"), ("house".into(), "built in".into()));
    assert_eq!(setting(&none, "valid_for").1, "built in");
    assert_eq!(setting(&none, "account"), (Value::Null, "built in".into()));

    // Relative to the file's own directory.
    workspace.settings("dir = \"../../house\"\naccount = \"../../mine.json\"\nvalid_for = 7\nreveal = \"nothing\"\n");
    let file = shown(&mut workspace.configured("config --json"));
    let (dir, source) = setting(&file, "dir");
    assert!(dir.as_str().unwrap().ends_with("/house"), "{dir}");
    assert_eq!(source, "file");
    assert_eq!(setting(&file, "valid_for"), ("7".into(), "file".into()));
    assert_eq!(setting(&file, "reveal"), ("nothing".into(), "file".into()));
    assert_eq!(setting(&file, "deadline").1, "built in");

    let environment = shown(
        workspace
            .configured("config --json")
            .env("SEALBID_DIR", &house)
            .env("SEALBID_ACCOUNT", &mine),
    );
    let named = |value: &str, source: &str| (Value::from(value), Value::from(source));
    assert_eq!(setting(&environment, "dir"), named(&house, "environment"));
    assert_eq!(
        setting(&environment, "account"),
        named(&mine, "environment")
    );
    let option = shown(
        workspace
            .configured("config --json --dir x")
            .env("SEALBID_DIR", &house),
    );
    assert_eq!(setting(&option, "dir"), named("x", "option"));

    // What is shown is what holds: from elsewhere, with the account and the rounds of the file.
    let account = |command: &mut Command| {
        let shown = Ended::of(command.current_dir("/")).expect(0).json();
        fs::canonicalize(shown["file"].as_str().unwrap()).unwrap()
    };
    let show = "account show --json";
    assert_eq!(
        account(&mut workspace.configured(show)),
        workspace.path("mine.json")
    );
    let other = workspace.path("other.json");
    let mut by_environment = workspace.configured(show);
    by_environment.env("SEALBID_ACCOUNT", &other);
    assert_eq!(account(&mut by_environment), other);
    let mut by_option = workspace.configured(&format!("{show} --account {mine}"));
    by_option.env("SEALBID_ACCOUNT", &other);
    assert_eq!(account(&mut by_option), workspace.path("mine.json"));

    let swap = workspace.configured("intent swap 1 usdc.near wrap.near --min 1");
    let signed = Ended::of(&mut { swap }).expect(0);
    workspace.write("swap.json", &signed.out);
    let mut seal = workspace.configured("seal swap.json --first 1 --out sealed");
    Ended::of(&mut seal).expect(0);
    let sealed = workspace.run("inspect sealed --json").expect(0).json();
    assert_eq!(sealed["public"]["last"], 7);
    assert_eq!(sealed["public"]["metadata"]["disclosure"], "nothing");
}

#[test]
fn a_wrong_file_of_settings_is_told_with_line_and_reason() {
    let workspace = Workspace::with_house();
    for (content, line, reason) in [
        (
            "dir = \"house\"\nvalid_for = 65\n",
            "line 2",
            "not between 1 and 64",
        ),
        ("deadline = \"soon\"\n", "line 1", "number"),
        ("reveal = \"all\"\n", "line 1", "pair"),
        ("\nwait = true\n", "line 2", "unknown field `wait`"),
        ("dir = [", "line 1", ""),
    ] {
        workspace.settings(content);
        let failed = Ended::of(&mut workspace.configured("orders --json"));
        let failed = failed.expect(2).says("config.toml").says(line).says(reason);
        assert_eq!(failed.json()["code"], "config", "{content}");
        // Whoever is to mend it can still read help, and ask where it is.
        Ended::of(&mut workspace.configured("--help")).expect(0);
        let path = Ended::of(&mut workspace.configured("config path")).expect(0);
        assert_eq!(
            Path::new(path.out.trim()),
            workspace.path("settings/sealbid/config.toml")
        );
        Ended::of(workspace.configured("orders").env("SEALBID_CONFIG", "")).expect(0);
    }
    let mut named = workspace.configured("orders");
    named.env("SEALBID_CONFIG", workspace.path("missing.toml"));
    Ended::of(&mut named).expect(2).says("SEALBID_CONFIG");
}

/// Whoever follows advice comes to the same house, with the same account.
#[test]
fn advice_names_again_what_was_typed() {
    let workspace = Workspace::with_house();
    workspace
        .run("account new --plain --out mine.json")
        .expect(0);
    fs::rename(workspace.path("house"), workspace.path("other")).unwrap();
    let swap = workspace
        .run("--dir other intent swap 1 usdc.near wrap.near --min 1 --account mine.json")
        .expect(0);
    workspace.write("swap.json", &swap.out);
    let sealed = workspace
        .run("--dir other seal swap.json --first 1 --out e --account mine.json")
        .expect(0);
    let next = sealed
        .out
        .lines()
        .last()
        .unwrap()
        .trim_start_matches("next")
        .trim();
    assert_eq!(next, "sealbid --dir other send e");
    let failed = workspace.run(next.trim_start_matches("sealbid ")).expect(6);
    let again = failed.err.lines().last().unwrap().trim();
    assert!(
        again.starts_with("sealbid --dir other send other/orders/"),
        "{again}"
    );
    workspace
        .run(again.trim_start_matches("sealbid "))
        .expect(6);
    // With --json too, for whoever shows it to somebody.
    let failed = workspace
        .run("--dir nowhere rounds --json")
        .expect(4)
        .json();
    let advice = failed["advice"].as_str().unwrap();
    assert!(advice.contains("`sealbid --dir nowhere up`"), "{advice}");
}

#[test]
fn an_account_without_a_passphrase_is_not_what_is_advised_first() {
    let workspace = Workspace::with_house();
    fs::remove_file(workspace.path("house/accounts/default.json")).unwrap();
    let failed = workspace.run("account show").expect(4).says("account new");
    assert!(!failed.err.contains("--plain"), "{}", failed.err);
}

#[test]
fn a_house_directory_that_is_not_there_is_told_as_that() {
    let workspace = Workspace::with_house();
    for arguments in [
        "orders",
        "orders --update",
        "rounds",
        "round 1",
        "round 1 --timings",
        "audit 1",
        "audit --all",
        "watch",
        "trust",
        "status 01010101",
        "swap 1 usdc.near wrap.near --min 1",
        "intent swap 1 usdc.near wrap.near --min 1",
        "node status",
        "node ticket --role solver --peer 00",
    ] {
        let failed = workspace.run(&format!("{arguments} --dir typo --json"));
        if arguments.starts_with("node ticket") && failed.code == 2 {
            // The peer is read before anything else.
            continue;
        }
        let failed = failed
            .expect(4)
            .says("there is no house directory typo")
            .json();
        assert_eq!(failed["code"], "no-house-directory", "{arguments}");
    }
}

#[test]
fn completions_are_read_by_their_shell() {
    let workspace = Workspace::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = workspace.run(&format!("completions {shell}")).expect(0).out;
        for word in ["swap", "keygen", "completions"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
        workspace.write(shell, script);
    }
    let checked = Command::new("bash")
        .arg("-n")
        .arg(workspace.path("bash"))
        .output();
    let checked = checked.unwrap();
    assert!(
        checked.status.success() && checked.stderr.is_empty(),
        "{checked:?}"
    );
    // And it completes: bash is asked what may follow `sealbid keygen in`.
    let ask = "source ./bash; COMP_WORDS=(sealbid keygen in); COMP_CWORD=2; \
               _sealbid sealbid in keygen; echo \"${COMPREPLY[*]}\"";
    let asked = Command::new("bash")
        .args(["-c", ask])
        .current_dir(workspace.0.path())
        .output()
        .unwrap();
    let said = String::from_utf8(asked.stdout).unwrap();
    assert!(
        said.contains("invite") && said.contains("inspect"),
        "{said}"
    );
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let workspace = Workspace::new();
    let page = workspace.run("man keygen join").expect(0).out;
    assert!(page.contains(".TH") && page.contains("identity"), "{page}");
    workspace
        .run("man keygen jion")
        .expect(2)
        .says("no command");
    let written = workspace.run("man --out pages --json").expect(0).json();
    let pages: Vec<String> = fs::read_dir(workspace.path("pages"))
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(written["pages"], pages.len());
    for name in [
        "sealbid.1",
        "sealbid-swap.1",
        "sealbid-keygen-join.1",
        "sealbid-node-run.1",
    ] {
        assert!(pages.iter().any(|page| page == name), "{name}: {pages:?}");
    }
    let whole = fs::read_to_string(workspace.path("pages/sealbid-keygen-join.1")).unwrap();
    assert_eq!(whole, page);
    workspace.write("file", "");
    workspace.run("man --out file/pages").expect(5);
}

#[test]
fn whom_a_client_trusts_is_told_in_the_ceremonys_words() {
    let workspace = Workspace::with_house();
    let committee = workspace.committee();
    let trust = workspace.run("trust --json").expect(0).json();
    let words = trust["key_words"].as_str().unwrap();
    let expected = sealbid_keygen::words::words_of_digest(committee.key.as_bytes());
    assert_eq!(words, expected.to_string());
    assert_eq!(trust["auction"], committee.auction.to_string());
    assert_eq!(trust["provenance"]["kind"], "development-dealer");
    assert_eq!(trust["survival"]["quorum"], 2);
    assert_eq!(trust["members"].as_array().unwrap().len(), 3);
    assert_eq!(trust["members"][0]["member"], "member-1");
    let file = trust["committee_file"].as_str().unwrap();
    assert_eq!(
        fs::canonicalize(file).unwrap(),
        fs::canonicalize(workspace.path("house/committee.json")).unwrap()
    );
    let told = workspace
        .run("--dir nowhere trust --committee house/committee.json")
        .expect(0)
        .out;
    for part in [
        words,
        "development only",
        "member-3",
        "quorum 2",
        "committee.json",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn more_is_said_if_it_is_asked_for() {
    let workspace = Workspace::with_house();
    let plain = workspace.run("rounds").expect(6);
    assert!(!plain.err.contains("INFO"), "{}", plain.err);
    let more = workspace.run("rounds -v --json").expect(6).says("INFO");
    assert!(more.err.contains("committee.json"), "{}", more.err);
    more.json();
    let most = workspace.run("rounds -vv").expect(6).says("DEBUG");
    assert!(most.err.contains("member-3"), "{}", most.err);
    let off = Ended::of(workspace.command("rounds -vv").env("SEALBID_LOG", "off"));
    assert!(!off.expect(6).err.contains("INFO"));
}

#[test]
fn a_wrong_id_is_told_by_what_is_wrong_with_it() {
    let workspace = Workspace::with_house();
    workspace.seal("swap.envelope");
    let order = workspace.run("orders --json").expect(0).json();
    let id = order["id"].as_str().unwrap();
    // The members are asked, and do not answer.
    for known in [&id[..8], &id[..8].to_uppercase(), id] {
        workspace.run(&format!("status {known}")).expect(6);
    }
    for (wrong, what, code) in [
        ("012", "at least 4 digits", "no-id"),
        ("0123g", "'g' is no hex digit", "no-id"),
        (&format!("{id}0"), "it has 65 digits, of 64", "no-id"),
        (
            "0000000000",
            "begins with 0000000000 (1 order in house/orders)",
            "no-such-order",
        ),
    ] {
        let failed = workspace
            .run(&format!("status {wrong} --json"))
            .expect(2)
            .says(what);
        assert_eq!(failed.json()["code"], code, "{wrong}");
    }
}
