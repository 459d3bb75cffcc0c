//! Decimal numbers, exactly as written.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use sealbid_types::amount::Amount;
use serde::{Deserialize, Deserializer, de};

/// The most digits of a number.
// So many fit into the integer, whatever they are.
const MOST_DIGITS: usize = 38;

/// A number that is not negative, such as `0.985`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All digits, without the point.
    digits: i128,
    /// How many of them stand after it.
    places: u32,
}

/// Why a text is no such number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotADecimal {
    /// It groups its digits, or has a comma for the point: nobody knows whether `1,000` is a thousand
    /// or one.
    #[error("write it with a point and without separators, such as 1000.5")]
    Separators,
    /// Anything else.
    #[error("not a number such as 0.985, of at most {MOST_DIGITS} digits")]
    Other,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self {
        digits: 0,
        places: 0,
    };

    /// All digits, without the point.
    #[must_use]
    pub const fn digits(&self) -> i128 {
        self.digits
    }

    /// How many digits stand after the point.
    #[must_use]
    pub const fn places(&self) -> u32 {
        self.places
    }

    /// An amount in whole units of a token with so many decimals.
    #[must_use]
    pub fn of_units(amount: Amount, decimals: u8) -> Self {
        // Without zeros at the end, so that an amount is written in one way.
        let (mut digits, mut places) = (amount.units(), u32::from(decimals));
        while places > 0 && digits % 10 == 0 {
            (digits, places) = (digits / 10, places - 1);
        }
        Self { digits, places }
    }

    /// The number of base units of a token with so many decimals, if it is a whole one.
    #[must_use]
    pub fn in_units(&self, decimals: u8) -> Option<Amount> {
        // Checked at each step, and rounded nowhere: what a trader has typed is what it signs.
        let decimals = u32::from(decimals);
        let units = match decimals.checked_sub(self.places) {
            Some(more) => self.digits.checked_mul(10_i128.checked_pow(more)?)?,
            None => {
                let less = 10_i128.checked_pow(self.places.checked_sub(decimals)?)?;
                if self.digits.checked_rem(less)? != 0 {
                    return None;
                }
                self.digits.checked_div(less)?
            }
        };
        Amount::new(units).ok()
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // By what stands before the point, then by the digits after it, brought to one length:
        // the numbers themselves might leave the integer's range.
        let (one, two) = (self.to_string(), other.to_string());
        let split = |text: &str| {
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            (whole.len(), whole.to_owned(), part.to_owned())
        };
        split(&one).cmp(&split(&two))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        // Digits in groups, by whichever sign people write them.
        let separates = |sign: char| sign.is_whitespace() || [',', '_', '\'', '’'].contains(&sign);
        let mut groups = text.split(|sign: char| separates(sign) || sign == '.');
        if text.contains(separates)
            && groups.all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(NotADecimal::Separators);
        }
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        // Digits and one point. No sign, no exponent, no separator: nothing that somebody might
        // read otherwise.
        let is_number =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) {
            return Err(NotADecimal::Other);
        }
        // Zeros at the end say nothing, and do not count towards the length.
        let part = part.trim_end_matches('0');
        if whole.len().saturating_add(part.len()) > MOST_DIGITS {
            return Err(NotADecimal::Other);
        }
        let digits = format!("{whole}{part}")
            .parse()
            .map_err(|_| NotADecimal::Other)?;
        let places = u32::try_from(part.len()).map_err(|_| NotADecimal::Other)?;
        Ok(Self { digits, places })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One digit at least stands before the point.
        let places = self.places as usize;
        let digits = format!("{:0>width$}", self.digits, width = places.saturating_add(1));
        match digits.split_at_checked(digits.len().saturating_sub(places)) {
            Some((whole, "")) => f.write_str(whole),
            Some((whole, part)) => write!(f, "{whole}.{part}"),
            None => f.write_str(&digits),
        }
    }
}

// From text alone: a number of TOML or JSON would have come through a float.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_back(digits in 0_i128..1 << 80, places in 0_u32..6) {
            let number = Decimal { digits: digits * 10 + 1, places };
            prop_assert_eq!(number.to_string().parse(), Ok(number));
        }

        #[test]
        fn units_are_exact(units in 0_i128..1 << 90, decimals in 0_u8..25) {
            let written = Decimal { digits: units, places: decimals.into() };
            prop_assert_eq!(written.in_units(decimals).unwrap().units(), units);
            let shortest: Decimal = match written.to_string().parse() {
                Ok(shortest) => shortest,
                Err(_) => return Ok(()),
            };
            prop_assert_eq!(shortest.in_units(decimals).unwrap().units(), units);
        }
    }

    #[test]
    fn numbers_are_ordered_by_what_they_are() {
        let rising = [
            "0", "0.09", "0.1", "0.985", "1", "1.05", "1.5", "10", "9850",
        ];
        let rising = rising.map(|text| text.parse::<Decimal>().unwrap());
        for (place, number) in rising.iter().enumerate() {
            for (other_place, other) in rising.iter().enumerate() {
                assert_eq!(
                    number.cmp(other),
                    place.cmp(&other_place),
                    "{number} {other}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            " 1",
            "0x1",
            &"9".repeat(39),
        ] {
            assert_eq!(text.parse::<Decimal>(), Err(NotADecimal::Other), "{text}");
        }
        for text in ["10,5", "1,000.5", "1 000", "1_000", "1'000", "1.000,5"] {
            let refused = text.parse::<Decimal>();
            assert_eq!(refused, Err(NotADecimal::Separators), "{text}");
        }
        assert_eq!("0.5".parse::<Decimal>().unwrap().in_units(0), None);
    }
}
