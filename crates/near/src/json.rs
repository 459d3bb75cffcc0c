//! JSON that means one thing: a key that stands twice in an object is refused, at every depth,
//! where the Verifier would silently take the last.

use core::fmt;
use std::collections::BTreeMap;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use sealbid_types::allocation::{PayloadFault, PayloadField};

/// A JSON value whose objects have no key twice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// `null`.
    Null,
    /// `true`, `false` or a number: no field of ours takes one.
    Scalar,
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Object),
}

/// A JSON object.
pub(crate) type Object = BTreeMap<String, Json>;

/// A field of JSON: one of a signed payload, which a round's reasons name by a code, or one that
/// stands around a payload, which no round ever sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldName {
    /// Of a payload.
    Payload(PayloadField),
    /// Around a payload.
    Around(&'static str),
}

impl From<PayloadField> for FieldName {
    fn from(field: PayloadField) -> Self {
        Self::Payload(field)
    }
}

impl From<&'static str> for FieldName {
    fn from(name: &'static str) -> Self {
        Self::Around(name)
    }
}

impl FieldName {
    /// The name in the JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payload(field) => field.name(),
            Self::Around(name) => name,
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.name())
    }
}

/// What a field holds and should not, by the field's name. Its words are for whoever wrote the
/// JSON: what a round says of a payload is the code, [`JsonError::fault`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or an object has a key twice.
    #[error("not JSON as it should be: {0}")]
    Syntax(String),
    /// A field is missing.
    #[error("{0} is missing")]
    Missing(FieldName),
    /// A field holds something of another type.
    #[error("{field} is not {expected}")]
    Type {
        /// The field.
        field: FieldName,
        /// What it should be.
        expected: &'static str,
    },
    /// A field's text is not of its grammar.
    #[error("{field}: {error}")]
    Text {
        /// The field.
        field: FieldName,
        /// What is wrong with it.
        error: String,
    },
    /// A field that the Verifier acts on, and that terms cannot express.
    #[error("{0} is not supported here")]
    Unsupported(FieldName),
}

impl JsonError {
    /// What a round says of a payload with this error. The parser's own words are left out: they
    /// are another crate's, and change with it.
    #[must_use]
    pub const fn fault(&self) -> PayloadFault {
        let (Self::Missing(name)
        | Self::Type { field: name, .. }
        | Self::Text { field: name, .. }
        | Self::Unsupported(name)) = self
        else {
            return PayloadFault::NotJson;
        };
        let FieldName::Payload(field) = *name else {
            return PayloadFault::NotJson;
        };
        match self {
            Self::Missing(_) => PayloadFault::Missing { field },
            Self::Unsupported(_) => PayloadFault::Unsupported { field },
            Self::Type { .. } | Self::Text { .. } | Self::Syntax(_) => {
                PayloadFault::Malformed { field }
            }
        }
    }
}

impl Json {
    /// Reads `text`, whole.
    pub(crate) fn parse(text: &str) -> Result<Self, JsonError> {
        // Printable, since the parser quotes what it was given, and that may be anything.
        serde_json::from_str(text).map_err(|error| JsonError::Syntax(printable(&error.to_string())))
    }

    /// The object this is; `field` names where it stands.
    pub(crate) fn object(&self, field: impl Into<FieldName>) -> Result<&Object, JsonError> {
        match self {
            Self::Object(object) => Ok(object),
            _ => Err(JsonError::Type {
                field: field.into(),
                expected: "an object",
            }),
        }
    }

    /// The text this is; `field` names where it stands.
    pub(crate) fn text(&self, field: impl Into<FieldName>) -> Result<&str, JsonError> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(JsonError::Type {
                field: field.into(),
                expected: "a string",
            }),
        }
    }
}

/// The field of `object` by its name.
pub(crate) fn field(object: &Object, name: impl Into<FieldName>) -> Result<&Json, JsonError> {
    let name = name.into();
    object.get(name.name()).ok_or(JsonError::Missing(name))
}

/// The field of `object` by its name, read as `T` reads itself from text.
pub(crate) fn parsed<T>(object: &Object, name: impl Into<FieldName>) -> Result<T, JsonError>
where
    T: core::str::FromStr<Err: fmt::Display>,
{
    let name = name.into();
    parse_text(name, field(object, name)?.text(name)?)
}

/// `text`, which stands in field `name`, as `T` reads it.
pub(crate) fn parse_text<T>(name: impl Into<FieldName>, text: &str) -> Result<T, JsonError>
where
    T: core::str::FromStr<Err: fmt::Display>,
{
    text.parse().map_err(|error: T::Err| JsonError::Text {
        field: name.into(),
        error: error.to_string(),
    })
}

/// The text of an optional field; `null` counts as absent, as it does for the Verifier.
pub(crate) fn optional_text(
    object: &Object,
    name: PayloadField,
) -> Result<Option<&str>, JsonError> {
    match object.get(name.name()) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => value.text(name).map(Some),
    }
}

/// Refuses fields that the Verifier would act on and that terms cannot express.
pub(crate) fn refuse(object: &Object, names: &[PayloadField]) -> Result<(), JsonError> {
    let present =
        |name: &&PayloadField| !matches!(object.get(name.name()), None | Some(Json::Null));
    match names.iter().find(present) {
        Some(name) => Err(JsonError::Unsupported((*name).into())),
        None => Ok(()),
    }
}

/// At most 120 characters of `text`, without control characters.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .take(120)
        .flat_map(char::escape_default)
        .collect()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Scalar)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut object = Object::new();
        while let Some((key, value)) = map.next_entry::<String, Json>()? {
            if object.contains_key(&key) {
                return Err(de::Error::custom(format_args!("{key:?} stands twice")));
            }
            object.insert(key, value);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused_at_every_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":[{"b":{"c":1,"d":2,"c":3}}]}"#,
            "{\"a\":1,\"\\u0061\":2}",
        ] {
            let error = Json::parse(text).unwrap_err();
            assert!(error.to_string().contains("stands twice"), "{error}");
        }
        assert!(Json::parse(r#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn what_follows_the_value_and_what_nests_too_deep_is_refused() {
        assert!(Json::parse("{} {}").is_err());
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
    }
}
