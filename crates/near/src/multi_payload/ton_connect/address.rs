//! Addresses of TON.

use core::str::FromStr;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Deserializer, de};

/// An account of TON: raw (`WORKCHAIN:HEX`), or in its friendly form (48 characters of base64).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The workchain.
    pub workchain: i32,
    /// The account in it.
    pub account: [u8; 32],
}

/// A text that is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address of TON")]
pub struct NotAnAddress;

/// The characters of the friendly form.
const FRIENDLY: usize = 48;

/// What the friendly form begins with, but for the bit of test networks.
const BOUNCEABLE: u8 = 0x11;
/// The same, for accounts that do not send back what they cannot use.
const NON_BOUNCEABLE: u8 = 0x51;
const TEST_ONLY: u8 = 0x80;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if text.len() == FRIENDLY {
            friendly(text)
        } else {
            raw(text)
        }
        .ok_or(NotAnAddress)
    }
}

fn raw(text: &str) -> Option<Address> {
    let (workchain, account) = text.split_once(':')?;
    let account = HEXLOWER_PERMISSIVE.decode(account.as_bytes()).ok()?;
    Some(Address {
        workchain: workchain.parse().ok()?,
        account: account.try_into().ok()?,
    })
}

/// A tag, the workchain, the account, and the CRC of all of these.
fn friendly(text: &str) -> Option<Address> {
    let alphabet = if text.contains(['-', '_']) {
        BASE64URL_NOPAD
    } else {
        BASE64_NOPAD
    };
    let bytes = alphabet.decode(text.as_bytes()).ok()?;
    let (says, crc) = bytes.split_last_chunk()?;
    let (tag, rest) = says.split_first()?;
    let (workchain, account) = rest.split_first()?;
    let known = matches!(tag & !TEST_ONLY, BOUNCEABLE | NON_BOUNCEABLE);
    if !known || crc16(says) != u16::from_be_bytes(*crc) {
        return None;
    }
    Some(Address {
        workchain: i8::from_be_bytes([*workchain]).into(),
        account: account.try_into().ok()?,
    })
}

/// CRC-16/XMODEM: x¹⁶ + x¹² + x⁵ + 1, from nought.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            let carry = if crc & 0x8000 == 0 { 0 } else { 0x1021 };
            (crc << 1) ^ carry
        })
    })
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of TON's documentation of addresses.
    const HEX: &str = "ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e";

    #[test]
    fn the_friendly_forms_of_an_address_are_its_raw_form() {
        let raw: Address = format!("0:{HEX}").parse().unwrap();
        for text in [
            "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF",
            "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA",
            "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff+W72r5gqPrHF",
            "kQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPgpP",
        ] {
            assert_eq!(text.parse(), Ok(raw), "{text}");
        }
        let upper: Address = format!("-1:{}", HEX.to_uppercase()).parse().unwrap();
        assert_eq!((upper.workchain, upper.account), (-1, raw.account));
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "0:",
            HEX,
            "0:ca6e",
            "x:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e",
            // Another last character, another tag.
            "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHG",
            "AQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF",
            "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPr=F",
        ] {
            assert_eq!(bad.parse::<Address>(), Err(NotAnAddress), "{bad}");
        }
    }
}
