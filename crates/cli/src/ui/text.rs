//! Text for terminals: nothing that came from a file or the network may steer one.

use sealbid_types::time::Timestamp;

/// The characters beyond ASCII that our own output uses.
const OURS: [char; 5] = ['…', '·', '→', '─', '│'];

/// `text` with every character escaped that is neither printable ASCII, nor a line's end, nor one
/// that our own output uses: no escape sequences, no direction marks, no look-alikes.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        // No carriage return either: it would let one line hide another.
        if c == '\n' || (' '..='~').contains(&c) || OURS.contains(&c) {
            safe.push(c);
        } else {
            safe.extend(c.escape_unicode());
        }
    }
    safe
}

/// `text` as one word of a shell's command line.
pub(crate) fn quoted(text: &str) -> String {
    // Only a NUL cannot be quoted, and neither an argument of a process nor a path has one.
    shlex::try_quote(text).map_or_else(|_| text.to_owned(), |quoted| quoted.into_owned())
}

/// JSON with every character beyond ASCII escaped. They stand within strings only.
pub(crate) fn ascii_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        // DEL counts as ASCII and is no character to print. JSON escapes the others itself.
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

/// A time of day, in UTC, for people: `12:00:05 UTC`.
pub(crate) fn clock(time: Timestamp) -> String {
    let text = time.to_string();
    let time_of_day = text.split_once('T').and_then(|(_, rest)| rest.get(..8));
    format!("{} UTC", time_of_day.unwrap_or(&text))
}

/// A moment for people: the time of day if it is within a day of `now`, else the date as well.
pub(crate) fn moment(time: Timestamp, now: Timestamp) -> String {
    const DAY_MS: u64 = 86_400_000;
    if time.0.abs_diff(now.0) < DAY_MS {
        clock(time)
    } else {
        format!("{} UTC", date_and_clock(time))
    }
}

/// A date and time, in UTC, for people: `2026-11-21 12:00:05`.
pub(crate) fn date_and_clock(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// `1 round`, `2 rounds`.
pub(crate) fn count(n: impl Into<u64>, what: &str) -> String {
    let n = n.into();
    if n == 1 {
        format!("{n} {what}")
    } else {
        format!("{n} {what}s")
    }
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

    #[test]
    fn times_are_short() {
        let time: Timestamp = "2026-11-21T12:00:05.250Z".parse().unwrap();
        assert_eq!(clock(time), "12:00:05 UTC");
        assert_eq!(date_and_clock(time), "2026-11-21 12:00:05");
        assert_eq!(moment(time, time), "12:00:05 UTC");
        assert_eq!(moment(time, Timestamp(0)), "2026-11-21 12:00:05 UTC");
        assert_eq!(count(1u64, "round"), "1 round");
        assert_eq!(count(0u64, "round"), "0 rounds");
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
