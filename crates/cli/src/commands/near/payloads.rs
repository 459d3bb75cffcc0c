//! Files of signed payloads: one, or a list of them.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sealbid_types::text::BYTE_ORDER_MARK;
use serde::de::IgnoredAny;

use crate::context::blocking;
use crate::exit::Failure;

/// The most bytes that are read of a file: more than a call of the chain can carry.
const MOST_BYTES: u64 = 4 << 20;

/// The JSON of each payload in the file at `path`, as it stands there; `-` is standard input.
///
/// Cut out, and not read and written anew: a field that stands twice must be seen by whoever reads the
/// payload.
///
/// # Errors
/// Storage, or Audit if it holds no JSON.
pub(super) async fn read(path: PathBuf) -> Result<Vec<String>, Failure> {
    let name = path.display().to_string();
    let bytes = blocking(move || read_bytes(&path)).await?;
    let bytes = bytes.map_err(|error| Failure::storage(format!("cannot read {name}: {error}")))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::audit(format!(
            "{name} is too long: more than {MOST_BYTES} bytes"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not text".to_owned());
    text.and_then(|text| split(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text)))
        .map_err(|error| Failure::audit(format!("{name} holds no signed payloads: {error}")))
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let reader: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(path)?)
    };
    let mut bytes = Vec::new();
    // One byte more than is read, so that what is too long shows.
    reader
        .take(MOST_BYTES.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The values of the list that `text` is, or the one value.
fn split(text: &str) -> Result<Vec<String>, String> {
    let syntax = |error: serde_json::Error| error.to_string();
    // First as a whole, so that what is cut out of it below is a value of it.
    serde_json::from_str::<IgnoredAny>(text).map_err(syntax)?;
    let Some(mut rest) = text.trim_ascii_start().strip_prefix('[') else {
        return Ok(vec![text.to_owned()]);
    };
    let mut values = Vec::new();
    while !rest.trim_ascii_start().starts_with(']') {
        let mut one = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        one.next().transpose().map_err(syntax)?;
        let (value, after) = rest.split_at(one.byte_offset());
        values.push(value.to_owned());
        let after = after.trim_ascii_start();
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_where_its_values_end() {
        let values = [
            "{\"a\":[1,\"],\"],\"a\":{}}",
            "7",
            "[]",
            "\"x\\\"]\"",
            "null",
        ];
        for space in ["", " ", "\n\t"] {
            let joined = values.join(&format!("{space},{space}"));
            let cut = split(&format!("{space}[{space}{joined}{space}]{space}")).unwrap();
            let cut: Vec<&str> = cut.iter().map(|value| value.trim()).collect();
            assert_eq!(cut, values);
        }
        assert_eq!(split(" [ ] "), Ok(Vec::new()));
        assert_eq!(split("{}"), Ok(vec!["{}".to_owned()]));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for bad in ["", "[", "[1,]", "[1 2]", "[1]]", "{} {}", "[1,,2]", "]"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
