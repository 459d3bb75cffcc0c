//! What wallets have signed, as `sealbid near check` judges it: by payloads that the Verifier's engine
//! has judged.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::{Ended, Workspace};

/// The salt that the engine took.
const SALT: &str = "252812b3";

fn cases() -> Vec<Value> {
    let vectors = include_str!("../../../near/vectors/verifier.json");
    let mut vectors: Value = serde_json::from_str(vectors).unwrap();
    serde_json::from_value(vectors["cases"].take()).unwrap()
}

/// The first case of a name with this verdict.
fn case(name: &str, verdict: &str) -> Value {
    let is = |case: &Value| case["case"] == name && case["verdict"] == verdict;
    cases().into_iter().find(is).unwrap()
}

/// One payload in a file, judged.
fn check(workspace: &Workspace, signed: &Value, options: &str, code: i32) -> Value {
    workspace.write("signed.json", signed.to_string());
    workspace
        .run(&format!("near check signed.json --json {options}"))
        .expect(code)
        .json()
}

fn objects(ended: &Ended) -> Vec<Value> {
    let lines = ended.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn what_the_verifier_takes_is_0_and_all_of_it_is_told() {
    let workspace = Workspace::new();
    let salt = format!("--salt {SALT}");
    for name in [
        "valid",
        "noprefix",
        "extra",
        "no intents",
        "nonce version 1",
    ] {
        let case = case(name, "accepted");
        let judged = check(&workspace, &case["signed"], &salt, 0);
        let mut keys: Vec<&String> = judged.as_object().unwrap().keys().collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "deadline",
                "intent_hash",
                "intents",
                "nonce",
                "reason",
                "signer",
                "standard",
                "valid"
            ]
        );
        assert_eq!(judged["valid"], true, "{name}");
        assert_eq!(judged["reason"], Value::Null);
        assert_eq!(judged["intent_hash"], case["intent_hash"]);
        assert_eq!(judged["standard"], case["signed"]["standard"]);
    }
    let eth = cases()
        .into_iter()
        .find(|case| case["standard"] == "erc191")
        .unwrap();
    let judged = check(&workspace, &eth["signed"], "", 0);
    assert_eq!(
        judged["signer"],
        "0x1781919148e779567b7a78369df3b2b5cd079d99"
    );
    assert_eq!(judged["intents"], json!(["ft_withdraw"]));
    assert_eq!(judged["deadline"], "2099-01-01T00:00:00Z");
    assert_eq!(
        judged["nonce"],
        "zks5wVv/rVwt+4u4ILYRnLqP+IeWrlsF8oCmjO2TtrI="
    );
    let Ended { out, .. } = workspace.run("near check signed.json").expect(0);
    for line in [
        "standard     erc191",
        "intents      ft_withdraw",
        "valid        yes",
    ] {
        assert!(out.lines().any(|it| it == line), "{line:?}: {out}");
    }
}

#[test]
fn what_it_refuses_is_8_and_says_why() {
    let workspace = Workspace::new();
    for (name, words) in [
        ("sig", ""),
        ("payload", ""),
        ("v27", "the signature is not valid"),
        ("highs", "the signature is not valid"),
        ("expired", "has passed"),
        ("contract", "it is for the contract"),
        ("signer", "is not known as a key of"),
        ("salt", "has the salt"),
        ("nonce_deadline", "later than that of the nonce"),
        ("dup", "duplicate field `deadline`"),
        ("diff zero", "intent 0: an amount is zero"),
    ] {
        let case = case(name, "refused");
        let judged = check(&workspace, &case["signed"], &format!("--salt {SALT}"), 8);
        assert_eq!(judged["valid"], false, "{name}");
        assert_eq!(judged["intent_hash"], case["intent_hash"], "{name}");
        assert!(
            judged["reason"].as_str().unwrap().contains(words),
            "{name}: {judged}"
        );
        let is_unreadable = name == "dup";
        assert_eq!(judged["signer"].is_null(), is_unreadable, "{name}");
    }
    let Ended { out, err, .. } = workspace.run("near check signed.json").expect(8);
    assert!(
        out.contains("valid        NO\nreason       intent 0: "),
        "{out}"
    );
    assert!(err.contains("not valid: 1 of 1 payload"), "{err}");
}

#[test]
fn what_is_no_payload_of_its_form_has_no_hash() {
    let workspace = Workspace::new();
    for name in ["unknown_standard", "siglen", "curve"] {
        let judged = check(&workspace, &case(name, "unparsable")["signed"], "", 8);
        for field in [
            "standard",
            "signer",
            "intents",
            "deadline",
            "nonce",
            "intent_hash",
        ] {
            assert_eq!(judged[field], Value::Null, "{name}");
        }
        assert_eq!(judged["valid"], false, "{name}");
    }
    // A field twice is seen, and not passed over with the last of the two.
    let valid = &case("valid", "accepted")["signed"];
    let again = format!("{{\"signature\":{},", valid["signature"]);
    let twice = valid.to_string().replacen('{', &again, 1);
    workspace.write("twice.json", twice);
    let judged = workspace
        .run("near check twice.json --json")
        .expect(8)
        .json();
    let reason = judged["reason"].as_str().unwrap();
    assert!(reason.contains("duplicate field `signature`"), "{reason}");
}

#[test]
fn a_list_is_judged_one_by_one() {
    let workspace = Workspace::new();
    let good = case("valid", "accepted");
    let bad = case("siglen", "unparsable");
    let list = json!([good["signed"], bad["signed"], good["signed"]]);
    workspace.write("list.json", format!("\u{feff}\n{list}"));
    let ended = workspace.run("near check list.json --json").expect(8);
    let valid: Vec<Value> = objects(&ended)
        .iter()
        .map(|it| it["valid"].clone())
        .collect();
    assert_eq!(valid, [true, false, true]);
    ended.says("not valid: 1 of 3 payloads");
    workspace.write(
        "list.json",
        json!([good["signed"], good["signed"]]).to_string(),
    );
    let ended = workspace.run("near check list.json").expect(0);
    assert_eq!(ended.out.matches("valid        yes").count(), 2);
}

#[test]
fn salts_are_judged_once_they_are_named() {
    let workspace = Workspace::new();
    let salted = case("salt", "refused");
    workspace.write("signed.json", salted["signed"].to_string());
    let note = "the salts of nonces are not judged";
    workspace.run("near check signed.json").expect(0).says(note);
    let ended = workspace
        .run(&format!("near check signed.json --salt {SALT}"))
        .expect(8);
    assert!(!ended.err.contains(note), "{}", ended.err);
    let (_, after) = ended.out.split_once("has the salt ").unwrap();
    // It is the one that the payload's nonce has: named beside the other, it is taken.
    let own = after.get(..8).unwrap();
    let both = format!("near check signed.json --salt {SALT} --salt {own}");
    workspace.run(&both).expect(0);
    for bad in ["25", "252812bx", "252812b3aa"] {
        let wrong = format!("near check signed.json --salt {bad}");
        workspace.run(&wrong).expect(2).says("8 hex digits");
    }
    // An older nonce has none, and nothing is to be said of it.
    let older = cases()
        .into_iter()
        .find(|case| case["standard"] == "erc191")
        .unwrap();
    workspace.write("older.json", older["signed"].to_string());
    let ended = workspace.run("near check older.json").expect(0);
    assert_eq!(ended.err, "");
}

#[test]
fn another_contract_is_named_by_an_option() {
    let workspace = Workspace::new();
    let signed = &case("valid", "accepted")["signed"];
    let judged = check(&workspace, signed, "--contract intents.testnet", 8);
    assert_eq!(judged["reason"], "it is for the contract intents.near");
    let wrong = "near check signed.json --contract Intents";
    workspace.run(wrong).expect(2).says("not an account");
}

#[test]
fn standard_input_is_read_and_what_sealbid_itself_signs_is_valid() {
    let workspace = Workspace::with_house();
    let swap = workspace
        .run("intent swap 1000 usdc.near wrap.near --min 950")
        .expect(0);
    let mut child = workspace
        .command("near check - --json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(swap.out.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(judged["standard"], "raw_ed25519");
    assert_eq!(judged["intents"], json!(["token_diff"]));
    assert_eq!(judged["valid"], true);
}

#[test]
fn nonsense_is_8_and_a_file_that_is_not_there_is_5() {
    let workspace = Workspace::new();
    workspace
        .run("near check missing.json")
        .expect(5)
        .says("cannot read missing.json");
    for nonsense in [
        &b""[..],
        b"signed",
        b"{\"standard\":\"nep413\"",
        b"[{}",
        b"{} {}",
        b"\xff\xfe",
    ] {
        workspace.write("bad.json", nonsense);
        let ended = workspace.run("near check bad.json --json").expect(8);
        assert_eq!(ended.json()["error"], "audit");
        ended.says("bad.json holds no signed payloads");
    }
    workspace.write("bad.json", "[]");
    workspace
        .run("near check bad.json")
        .expect(8)
        .says("has no signed payload");
    workspace.write("bad.json", vec![b' '; (4 << 20) + 1]);
    workspace
        .run("near check bad.json")
        .expect(8)
        .says("too long");
    for other in ["{}", "7", "null", "[[], \"\u{1b}[2J\u{202e}\"]"] {
        workspace.write("bad.json", other);
        let ended = workspace.run("near check bad.json").expect(8);
        let all = ended.out + &ended.err;
        assert!(all.chars().all(|c| c == '\n' || !c.is_control()), "{all:?}");
        assert!(!all.contains('\u{202e}'), "{all:?}");
    }
}
