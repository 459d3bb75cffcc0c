//! The one encoding of wire and disk: an eight-byte schema prefix, then postcard.
//!
//! A schema is a *written* name and a version, never the name of a Rust type, so that renaming a
//! type changes nothing. `postcard::from_bytes` ignores trailing bytes and takes overlong varints;
//! [`decode`] refuses both, by requiring that the value encodes back to the very bytes it came from.

use core::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bytes::FixedBytes;

/// How many bytes of the schema id stand before an encoded value.
pub const PREFIX_BYTES: usize = 8;

/// How many versions above its own a decoder tells by name. One hash each, of refused bytes only.
const NEWER_VERSIONS: u16 = 4;

/// A written schema name, its version and the most bytes an encoded value may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaName {
    /// The name, dotted, in lower case.
    pub name: &'static str,
    /// The version, from 1.
    pub version: u16,
    /// The most bytes an encoding may take, prefix included.
    pub max_bytes: usize,
}

impl SchemaName {
    /// The schema's id: BLAKE3 of `sealbid.schema/NAME/VERSION`.
    #[must_use]
    pub fn id(&self) -> FixedBytes<32> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"sealbid.schema/");
        hasher.update(self.name.as_bytes());
        hasher.update(b"/");
        hasher.update(self.version.to_string().as_bytes());
        FixedBytes(*hasher.finalize().as_bytes())
    }

    /// What stands before every encoded value: the first bytes of the id.
    #[must_use]
    pub fn prefix(&self) -> [u8; PREFIX_BYTES] {
        let id = self.id();
        let mut prefix = [0; PREFIX_BYTES];
        for (to, from) in prefix.iter_mut().zip(id.0) {
            *to = from;
        }
        prefix
    }

    /// Why `bytes`, which do not begin with this schema's prefix, are refused: they are of another
    /// version, so far as versions near this one are tried, or of another type.
    #[must_use]
    pub fn mismatch(&self, bytes: &[u8]) -> DecodeError {
        let (schema, version) = (self.name, self.version);
        let is_found = |version: &u16| {
            let other = Self {
                version: *version,
                ..*self
            };
            bytes.starts_with(&other.prefix())
        };
        match (1..=version.saturating_add(NEWER_VERSIONS)).find(is_found) {
            Some(found) => DecodeError::Version {
                schema,
                version,
                found,
            },
            None => DecodeError::Schema { schema },
        }
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

/// A type that travels or rests under a schema of its own.
pub trait Schema: Serialize + DeserializeOwned {
    /// The schema.
    const SCHEMA: SchemaName;
}

/// Gives a type its schema: `schema!(Close, "sealbid.close", 1, 1 << 20)`.
#[macro_export]
macro_rules! schema {
    ($type:ty, $name:literal, $version:literal, $max_bytes:expr) => {
        impl $crate::codec::Schema for $type {
            const SCHEMA: $crate::codec::SchemaName = $crate::codec::SchemaName {
                name: $name,
                version: $version,
                max_bytes: $max_bytes,
            };
        }
    };
}

/// Why bytes are not an encoded value of the schema asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than the schema allows; refused before anything is read.
    #[error("{found} bytes where {schema} takes at most {most}")]
    Oversize {
        /// The schema.
        schema: &'static str,
        /// The most it takes.
        most: usize,
        /// What was given.
        found: usize,
    },
    /// The prefix is that of another schema.
    #[error("not a {schema}: another type")]
    Schema {
        /// The schema asked for.
        schema: &'static str,
    },
    /// The prefix is that of another version of the schema. Nothing is migrated.
    #[error("{schema} v{found} is not read here, v{version} is")]
    Version {
        /// The schema asked for.
        schema: &'static str,
        /// Its version.
        version: u16,
        /// The version of the bytes.
        found: u16,
    },
    /// The bytes end early or hold a value that the type does not have.
    #[error("malformed {schema}")]
    Malformed {
        /// The schema.
        schema: &'static str,
    },
    /// The value is readable but these are not its bytes: a tail, or an overlong number.
    #[error("{schema} is not in its canonical form")]
    NotCanonical {
        /// The schema.
        schema: &'static str,
    },
}

/// The canonical encoding of `value`.
///
/// Encoding to memory fails for no type of this crate; should a foreign one refuse, what is
/// returned is the bare prefix, which no decoder takes.
#[must_use]
pub fn encode<T: Schema>(value: &T) -> Vec<u8> {
    let prefix = T::SCHEMA.prefix().to_vec();
    postcard::to_extend(value, prefix).unwrap_or_else(|_| T::SCHEMA.prefix().to_vec())
}

/// Reads the one value whose canonical encoding is `bytes`.
///
/// # Errors
/// [`DecodeError`], in the order its variants stand: size, schema, form, canonicity.
pub fn decode<T: Schema>(bytes: &[u8]) -> Result<T, DecodeError> {
    let SchemaName {
        name: schema,
        max_bytes,
        ..
    } = T::SCHEMA;
    if bytes.len() > max_bytes {
        return Err(DecodeError::Oversize {
            schema,
            most: max_bytes,
            found: bytes.len(),
        });
    }
    let payload = bytes
        .strip_prefix(T::SCHEMA.prefix().as_slice())
        .ok_or_else(|| T::SCHEMA.mismatch(bytes))?;
    let (value, rest) =
        postcard::take_from_bytes::<T>(payload).map_err(|_| DecodeError::Malformed { schema })?;
    if !rest.is_empty() || encode(&value) != bytes {
        return Err(DecodeError::NotCanonical { schema });
    }
    Ok(value)
}

/// BLAKE3 in derive-key mode over the canonical encoding of `value`.
///
/// `context` is one of [`crate::id::context`], so that no digest serves two purposes.
#[must_use]
pub fn digest<T: Schema>(context: &'static str, value: &T) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(&encode(value));
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Sample {
        number: u64,
        text: String,
    }
    schema!(Sample, "sealbid.test.sample", 1, 256);

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct RenamedSample {
        number: u64,
        text: String,
    }
    schema!(RenamedSample, "sealbid.test.sample", 1, 256);

    #[test]
    fn renaming_a_type_keeps_its_schema_id() {
        assert_eq!(Sample::SCHEMA.id(), RenamedSample::SCHEMA.id());
        let bytes = encode(&Sample {
            number: 7,
            text: "x".into(),
        });
        assert_eq!(decode::<RenamedSample>(&bytes).unwrap().number, 7);
    }

    #[test]
    fn overlong_numbers_and_tails_are_refused() {
        let bytes = encode(&Sample {
            number: 1,
            text: String::new(),
        });
        let mut overlong = Sample::SCHEMA.prefix().to_vec();
        overlong.extend([0x81, 0x00, 0x00]);
        assert_eq!(
            postcard::from_bytes::<Sample>(&overlong[PREFIX_BYTES..])
                .unwrap()
                .number,
            1,
            "postcard itself takes the overlong form, or this test shows nothing"
        );
        let schema = "sealbid.test.sample";
        assert_eq!(
            decode::<Sample>(&overlong),
            Err(DecodeError::NotCanonical { schema })
        );
        let tail = [bytes.as_slice(), &[0]].concat();
        assert_eq!(
            decode::<Sample>(&tail),
            Err(DecodeError::NotCanonical { schema })
        );
    }

    #[test]
    fn size_is_checked_before_reading() {
        let bytes = vec![0; 257];
        assert!(matches!(
            decode::<Sample>(&bytes),
            Err(DecodeError::Oversize {
                most: 256,
                found: 257,
                ..
            })
        ));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_refused_or_is_another_value(number: u64, text in "[a-z]{0,20}", at: prop::sample::Index, flip in 1u8..) {
            let value = Sample { number, text };
            let mut bytes = encode(&value);
            prop_assert_eq!(&decode::<Sample>(&bytes).unwrap(), &value);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(other) = decode::<Sample>(&bytes) {
                prop_assert_ne!(&other, &value);
                prop_assert_eq!(encode(&other), bytes);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let mut prefixed = Sample::SCHEMA.prefix().to_vec();
            prefixed.extend(&bytes);
            let _ = decode::<Sample>(&bytes);
            if let Ok(value) = decode::<Sample>(&prefixed) {
                prop_assert_eq!(encode(&value), prefixed);
            }
        }
    }
}
