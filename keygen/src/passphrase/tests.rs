#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use super::*;
use crate::testing::ScriptedTerminal;

fn file_of(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passphrase");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (directory, path)
}

fn text(passphrase: &Passphrase) -> &str {
    passphrase.0.expose_secret()
}

#[test]
fn a_new_passphrase_that_is_easily_guessed_is_warned_about_or_refused() {
    let choose = |text: &str| {
        let mut terminal = ScriptedTerminal::answering([text, text]);
        let chosen = PassphraseSource::Terminal.chosen(&mut terminal, "new");
        (chosen.map(drop), terminal.warnings, terminal.prompts.len())
    };
    for short in ["x", "1234"] {
        let (refused, _, prompts) = choose(short);
        assert!(matches!(refused, Err(PassphraseError::TooShort)), "{short}");
        assert_eq!(prompts, 1, "told before it is typed again");
    }
    for weak in ["password", "abcdef123"] {
        let (taken, warnings, _) = choose(weak);
        taken.unwrap();
        assert!(warnings[0].contains("easily guessed"), "{weak}");
    }
    let (taken, warnings, _) = choose("gravel motor lunch ceiling");
    taken.unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    // One that exists is what it is.
    let mut terminal = ScriptedTerminal::answering(["x"]);
    PassphraseSource::Terminal
        .existing(&mut terminal, "old")
        .unwrap();
    assert!(terminal.warnings.is_empty());
}

#[test]
fn the_first_line_of_a_file_without_its_end() {
    for content in [
        "open sesame",
        "open sesame\n",
        "open sesame\r\n",
        "open sesame\nsecond\n",
    ] {
        let (_directory, path) = file_of(content.as_bytes(), 0o600);
        let mut terminal = ScriptedTerminal::default();
        let passphrase = read_passphrase_file(&path, &mut terminal).unwrap();
        assert_eq!(text(&passphrase), "open sesame", "{content:?}");
        assert_eq!(terminal.warnings, Vec::<String>::new());
    }
}

#[test]
fn a_file_that_others_may_read_is_warned_of() {
    let (_directory, path) = file_of(b"open sesame\n", 0o640);
    let mut terminal = ScriptedTerminal::default();
    read_passphrase_file(&path, &mut terminal).unwrap();
    assert_eq!(terminal.warnings.len(), 1);
    assert!(!terminal.warnings[0].contains("sesame"));
}

#[test]
fn no_passphrase_in_a_file() {
    let mut terminal = ScriptedTerminal::default();
    let mut read = |content: &[u8]| {
        let (_directory, path) = file_of(content, 0o600);
        read_passphrase_file(&path, &mut terminal).unwrap_err()
    };
    assert!(matches!(read(b""), PassphraseError::Empty));
    assert!(matches!(read(b"\n"), PassphraseError::Empty));
    assert!(matches!(read(&[0xff, b'\n']), PassphraseError::NotText));
    assert!(matches!(
        read(&[b'a'; MOST_BYTES + 1]),
        PassphraseError::TooLong
    ));
    assert!(matches!(
        read(&[b'a'; MOST_BYTES + 9]),
        PassphraseError::File { .. }
    ));
    let missing = read_passphrase_file(Path::new("/nonexistent/file"), &mut terminal);
    assert!(matches!(missing, Err(PassphraseError::File { .. })));
}

#[test]
fn a_new_one_is_asked_for_twice() {
    let source = PassphraseSource::Terminal;
    let mut terminal = ScriptedTerminal::answering(["open sesame", "open sesame"]);
    assert_eq!(
        text(&source.chosen(&mut terminal, "new").unwrap()),
        "open sesame"
    );
    assert_eq!(terminal.prompts, ["new", "once more"]);

    let mut terminal = ScriptedTerminal::answering(["open sesame", "open seasme"]);
    let differ = source.chosen(&mut terminal, "new");
    assert!(matches!(differ, Err(PassphraseError::Mismatch)));

    let mut terminal = ScriptedTerminal::answering(["open sesame"]);
    assert_eq!(
        text(&source.existing(&mut terminal, "old").unwrap()),
        "open sesame"
    );
    assert_eq!(terminal.prompts, ["old"]);
}

#[test]
fn without_a_terminal_the_file_is_named() {
    let mut terminal = ScriptedTerminal::default();
    let error = PassphraseSource::Terminal
        .existing(&mut terminal, "old")
        .unwrap_err();
    assert!(error.to_string().contains("--passphrase-file"));
}

#[test]
fn nothing_shows_in_debug() {
    let passphrase = Passphrase::new("open sesame").unwrap();
    assert_eq!(format!("{passphrase:?}"), "Passphrase(..)");
}
