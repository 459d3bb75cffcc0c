//! Text for terminals: nothing that came from a file or the network may steer one.

/// The characters beyond ASCII that our own output uses.
const OURS: [char; 5] = ['…', '·', '→', '─', '│'];

/// `text` with every character escaped that is neither printable ASCII, nor a line's end, nor one
/// that our own output uses: no escape sequences, no direction marks, no look-alikes.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || (' '..='~').contains(&c) || OURS.contains(&c) {
            safe.push(c);
        } else {
            safe.extend(c.escape_unicode());
        }
    }
    safe
}

/// JSON with every character beyond ASCII escaped. They stand within strings only.
pub(crate) fn ascii_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            safe.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_and_direction_marks_are_shown() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable("\u{202e}x\r\n"), "\\u{202e}x\\u{d}\n");
    }

    proptest! {
        #[test]
        fn json_keeps_its_value(text: String) {
            let json = ascii_json(&serde_json::to_string(&text).unwrap());
            prop_assert!(json.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
