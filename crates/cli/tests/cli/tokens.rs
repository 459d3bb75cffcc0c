//! Tokens and amounts as people type them.

use super::*;

#[test]
fn the_amount_of_prices_comes_last() {
    let workspace = Workspace::new();
    for words in ["1000 usdc.near wrap.near", "1000 usdc.near/wrap.near"] {
        workspace
            .run(&format!("prices {words}"))
            .expect(2)
            .says("the amount comes last");
    }
}

#[test]
fn tokens_are_listed_with_all_their_names() {
    let workspace = Workspace::new();
    let listed = workspace.run("tokens").expect(0).says("the usual ones");
    for part in ["wrap.near", "wnear, near", "24", "nep141:wrap.near"] {
        assert!(listed.out.contains(part), "{part}: {}", listed.out);
    }
    let objects = workspace.run("tokens --json").expect(0).out;
    let mut objects = objects
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let wrap = objects.find(|token| token["name"] == "wrap.near").unwrap();
    assert_eq!(wrap["aliases"], serde_json::json!(["wnear", "near"]));
    assert_eq!(wrap["asset"], "nep141:wrap.near");
    assert_eq!(wrap["decimals"], 24);
    fs::create_dir(workspace.path("house")).unwrap();
    let own = "[[token]]\nname = \"mine\"\nasset = \"nep141:mine.near\"\ndecimals = 2\n";
    workspace.write("house/tokens.toml", own);
    let listed = workspace.run("tokens").expect(0);
    assert!(
        listed.out.contains("mine") && !listed.out.contains("wrap"),
        "{}",
        listed.out
    );
    assert_eq!(listed.err, "");
}

#[test]
fn a_token_is_known_in_capital_letters_and_a_slip_is_told() {
    let workspace = Workspace::with_house();
    let signed = |terms: &str| workspace.run(&format!("intent swap {terms} --min 1"));
    signed("1 USDC Wrap.Near").expect(0);
    let slip = signed("1 usdc wrap.naer")
        .expect(2)
        .says("did you mean wrap.near?");
    assert!(slip.err.contains("usdc.near (usdc)"), "{}", slip.err);
    let strange = signed("1 usdc dogecoin").expect(2).says("known are");
    assert!(!strange.err.contains("did you mean"), "{}", strange.err);
    let failed = workspace.run("intent swap 1 usdc dogecoin --min 1 --json");
    assert_eq!(failed.expect(2).json()["code"], "unknown-token");
}

#[test]
fn slips_in_amounts_are_told_with_what_to_write() {
    let workspace = Workspace::new();
    let refused = |arguments: &[&str], what: &str| {
        let mut command = workspace.command("");
        Ended::of(command.args(arguments)).expect(2).says(what);
    };
    let first = "the amount comes first";
    refused(&["swap", "usdc.near", "10"], first);
    refused(
        &["swap", "usdc.near", "10", "wrap.near", "--min", "1"],
        first,
    );
    refused(
        &["intent", "transfer", "usdc.near", "10", "bob.near"],
        first,
    );
    for amount in ["10,5", "1,000.5", "1 000", "1_000"] {
        let separators = "a point and without separators";
        refused(&["swap", amount, "usdc", "near", "--min", "1"], separators);
        refused(&["swap", "1", "usdc", "near", "--min", amount], separators);
    }
}

#[test]
fn bounds_and_durations_are_told_in_words() {
    let workspace = Workspace::new();
    for (arguments, what) in [
        ("demo --members 0", "between 3 and 16"),
        ("up --solvers 17", "between 0 and 16"),
        ("rounds --count 0", "between 1 and 256"),
        ("node init --member x", "between 1 and 16"),
        (
            "swap 1 usdc near --min 1 --valid-for 65",
            "between 1 and 64",
        ),
        (
            "swap 1 usdc near --min 1 --wait=10",
            "such as 90s, 10m or 2h",
        ),
        ("up --period soon", "such as 90s, 10m or 2h"),
        (
            "swap 1 usdc near --min 1 --deadline 10",
            "such as 90s, 10m or 2h",
        ),
    ] {
        let refused = workspace.run(arguments).expect(2).says(what);
        assert!(!refused.err.contains("..="), "{}", refused.err);
    }
    for command in ["swap", "up", "node ticket", "keygen invite"] {
        let help = workspace.run(&format!("{command} --help")).expect(0).out;
        assert!(
            help.contains("<DURATION>") && !help.contains("<TIME>"),
            "{help}"
        );
    }
}
