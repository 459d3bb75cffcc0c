//! Every place of a type that holds text: what pins that nothing signed carries words.
//!
//! The type's own `Deserialize` is walked, not samples of it, so no variant can be forgotten: each
//! field is given the plainest value there is, each list one element, each option something, and
//! the walk is repeated until every variant of every enum that was met has been decoded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde::de::value::Error;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// What a field of text may be given, in this order, until its type takes one.
const CANDIDATES: [&str; 3] = ["alice.near", "nep141:usdc.near", "127.0.0.1:1"];

/// The places of `T`'s encoding that hold text, at any depth: the innermost named struct or variant
/// and the field, as in `Movement.account` or `Disclosure::give`; `[]` is a list's element, `{key}`
/// and `{value}` are a map's.
///
/// # Panics
/// If `T` refuses every value that the walk can make up.
#[must_use]
pub fn places<T: DeserializeOwned>() -> BTreeSet<String> {
    let mut walk = Walk::default();
    loop {
        // A decoding for each variant, and one for each text that was refused. What was chosen is
        // kept from one to the next, so that each gets further than the last and the loop ends.
        walk.met.clear();
        walk.last_text = None;
        match T::deserialize(&mut walk) {
            Ok(_) if !walk.next_variant() => {
                return walk.texts.into_keys().map(|at| at.1).collect();
            }
            Ok(_) => {}
            Err(error) => walk.next_text(&error),
        }
    }
}

/// Where a value stands: its path from the root, and how [`places`] calls it.
type At = (String, String);

#[derive(Default)]
struct Walk {
    /// The path from the root, by which choices are remembered.
    path: Vec<String>,
    /// The path from the innermost named struct or variant.
    place: Vec<String>,
    /// For each enum met so far, the variant to decode next and how many it has.
    enums: BTreeMap<String, (usize, usize)>,
    /// The enums met in this decoding, in order.
    met: Vec<String>,
    /// For each text met so far, the candidate that it is given.
    texts: BTreeMap<At, usize>,
    /// The text given last: if decoding fails, the field's type has refused it.
    last_text: Option<At>,
}

impl Walk {
    /// Moves the last enum of this decoding that has another variant on to it. Those inside a
    /// variant come before the enum itself moves on.
    fn next_variant(&mut self) -> bool {
        for path in self.met.iter().rev() {
            if let Some((at, count)) = self.enums.get_mut(path)
                && *at + 1 < *count
            {
                *at += 1;
                return true;
            }
        }
        false
    }

    /// Gives the text that was refused its next candidate. The error's words are not read: what was
    /// given last is what its type did not take.
    fn next_text(&mut self, error: &Error) {
        // The decoding broke off, and left the paths as deep as it had come.
        self.path.clear();
        self.place.clear();
        let Some(at) = self.last_text.take() else {
            panic!("not decoded, and for no text: {error}");
        };
        let candidate = self.texts.entry(at.clone()).or_default();
        *candidate += 1;
        assert!(*candidate < CANDIDATES.len(), "{at:?}: {error}");
    }

    /// The candidate of the text that stands here, which is noted as a place of text.
    fn text(&mut self) -> &'static str {
        let at = (self.path.concat(), self.place.concat());
        let candidate = *self.texts.entry(at.clone()).or_default();
        self.last_text = Some(at);
        CANDIDATES[candidate]
    }

    /// Decodes with `step` on the path.
    fn at<R>(&mut self, step: &str, decode: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(step.to_owned());
        self.place.push(step.to_owned());
        let result = decode(self);
        self.path.pop();
        self.place.pop();
        result
    }

    /// Decodes within a struct or a variant, by whose name places go from here.
    fn within<R>(&mut self, name: String, decode: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.place, vec![name]);
        let result = decode(self);
        self.place = outer;
        result
    }
}

macro_rules! plain {
    ($($method:ident => $visit:ident($($value:expr)?);)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($($value)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Walk {
    type Error = Error;

    plain! {
        deserialize_bool => visit_bool(false);
        deserialize_i8 => visit_i8(0);
        deserialize_i16 => visit_i16(0);
        deserialize_i32 => visit_i32(0);
        deserialize_i64 => visit_i64(0);
        deserialize_i128 => visit_i128(0);
        deserialize_u8 => visit_u8(0);
        deserialize_u16 => visit_u16(0);
        deserialize_u32 => visit_u32(0);
        deserialize_u64 => visit_u64(0);
        deserialize_u128 => visit_u128(0);
        deserialize_f32 => visit_f32(0.0);
        deserialize_f64 => visit_f64(0.0);
        deserialize_bytes => visit_bytes(&[]);
        deserialize_byte_buf => visit_byte_buf(Vec::new());
        deserialize_unit => visit_unit();
    }

    // As the encoding of wire and disk is not: a type of two forms is walked in the one that is
    // signed.
    fn is_human_readable(&self) -> bool {
        false
    }

    // Postcard cannot tell a type from its bytes, so nothing that travels may need this.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a type that the encoding cannot tell"))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // A character is text too, and any will do: candidates are for strings.
        self.text();
        visitor.visit_char('a')
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    // Something, never nothing: what an option may hold is a place as well.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Items::list(self, 1))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Items::list(self, length))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.within(name.to_owned(), |walk| {
            visitor.visit_seq(Items::list(walk, length))
        })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Items::list(self, 1))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.within(name.to_owned(), |walk| {
            visitor.visit_seq(Items::fields(walk, fields))
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let path = self.path.concat();
        let (index, _) = *self
            .enums
            .entry(path.clone())
            .or_insert((0, variants.len()));
        self.met.push(path);
        let variant = variants[index];
        self.path.push(format!("::{variant}"));
        let result = self.within(format!("{name}::{variant}"), |walk| {
            visitor.visit_enum(Variant { walk, index })
        });
        self.path.pop();
        result
    }
}

/// The elements of a list, a tuple or a map, or the fields of a struct.
struct Items<'w> {
    walk: &'w mut Walk,
    /// A struct's, by which places are named. A list's elements have none.
    fields: Option<&'static [&'static str]>,
    length: usize,
    /// How many have been given.
    next: usize,
}

impl<'w> Items<'w> {
    const fn list(walk: &'w mut Walk, length: usize) -> Self {
        Self {
            walk,
            fields: None,
            length,
            next: 0,
        }
    }

    const fn fields(walk: &'w mut Walk, fields: &'static [&'static str]) -> Self {
        Self {
            walk,
            fields: Some(fields),
            length: fields.len(),
            next: 0,
        }
    }

    /// What the next element adds to the path; none after the last.
    fn step(&mut self) -> Option<String> {
        let at = self.next;
        if at == self.length {
            return None;
        }
        self.next += 1;
        Some(match self.fields {
            Some(fields) => format!(".{}", fields[at]),
            None => "[]".to_owned(),
        })
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let step = self.step();
        step.map(|step| self.walk.at(&step, |walk| seed.deserialize(walk)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.length - self.next)
    }
}

impl<'de> MapAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let step = self.step();
        step.map(|_| self.walk.at("{key}", |walk| seed.deserialize(walk)))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.walk.at("{value}", |walk| seed.deserialize(walk))
    }
}

/// The variant whose turn it is.
struct Variant<'w> {
    walk: &'w mut Walk,
    index: usize,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let index = u32::try_from(self.index).map_err(Error::custom)?;
        let value = seed.deserialize(IntoDeserializer::<Error>::into_deserializer(index))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.walk)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Items::list(self.walk, length))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Items::fields(self.walk, fields))
    }
}

/// Holds what was found against what is allowed, each with the reason why: nothing more, and
/// nothing that is no longer there.
///
/// # Panics
/// Naming what differs.
pub fn assert_allowed(found: &BTreeSet<String>, allowed: &[(&str, impl Display)]) {
    let named: BTreeSet<String> = allowed.iter().map(|(at, _)| (*at).to_owned()).collect();
    let more: Vec<_> = found.difference(&named).collect();
    assert!(more.is_empty(), "text that nobody allowed: {more:#?}");
    let gone: Vec<_> = named.difference(found).collect();
    assert!(gone.is_empty(), "allowed, and not there: {gone:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "decoded only")]
    struct Outer {
        number: u64,
        inner: Option<Vec<Inner>>,
        map: BTreeMap<String, (u8, Inner)>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "decoded only")]
    enum Inner {
        Nothing,
        Number(u8),
        Deep { cause: Cause, count: u8 },
        Words(String),
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "decoded only")]
    enum Cause {
        Code,
        Said { text: Address },
    }

    /// Takes the last candidate only.
    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Address;

    impl TryFrom<String> for Address {
        type Error = std::net::AddrParseError;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            text.parse::<std::net::SocketAddr>().map(|_| Self)
        }
    }

    #[test]
    fn text_is_found_in_every_variant_at_every_depth() {
        let found: Vec<String> = places::<Outer>().into_iter().collect();
        assert_eq!(
            found,
            ["Cause::Said.text", "Inner::Words", "Outer.map{key}"]
        );
        assert!(places::<(u8, Option<Vec<i128>>)>().is_empty());
    }
}
