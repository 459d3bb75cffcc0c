//! Amounts: integers in a token's smallest unit. All arithmetic is checked.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text or number that is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a decimal integer in its shortest form.
    #[error("not a whole number of base units: {0:?}")]
    NotANumber(String),
    /// Outside the range of the type.
    #[error("out of range")]
    OutOfRange,
}

/// How much of a token: not negative, at most `i128::MAX`. A decimal string in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i128);

/// A signed change of a balance, `i128::MIN` excluded so that it can be negated. A decimal string
/// in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Delta(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of `units`.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] if negative.
    pub const fn new(units: i128) -> Result<Self, AmountError> {
        if units < 0 {
            Err(AmountError::OutOfRange)
        } else {
            Ok(Self(units))
        }
    }

    /// The units.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The units, unsigned.
    #[must_use]
    pub const fn unsigned(self) -> u128 {
        self.0.unsigned_abs()
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, unless it overflows.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The difference, unless it would be negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        if self.0 < other.0 {
            None
        } else {
            Some(Self(self.0 - other.0))
        }
    }

    /// This as something gained.
    #[must_use]
    pub const fn gained(self) -> Delta {
        Delta(self.0)
    }

    /// This as something paid.
    #[must_use]
    pub const fn paid(self) -> Delta {
        Delta(-self.0)
    }
}

impl TryFrom<u128> for Amount {
    type Error = AmountError;

    fn try_from(units: u128) -> Result<Self, AmountError> {
        i128::try_from(units)
            .map(Self)
            .map_err(|_| AmountError::OutOfRange)
    }
}

impl Delta {
    /// A change by `units`.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] for `i128::MIN`.
    pub const fn new(units: i128) -> Result<Self, AmountError> {
        if units == i128::MIN {
            Err(AmountError::OutOfRange)
        } else {
            Ok(Self(units))
        }
    }

    /// The units.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The sum, unless it overflows.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0
            .checked_add(other.0)
            .and_then(|units| Self::new(units).ok())
    }

    /// What is paid, if anything is.
    #[must_use]
    pub fn outgoing(self) -> Option<Amount> {
        (self.0 < 0).then_some(Amount(self.0.saturating_neg()))
    }

    /// What is gained, if anything is.
    #[must_use]
    pub fn incoming(self) -> Option<Amount> {
        (self.0 > 0).then_some(Amount(self.0))
    }
}

/// Takes the shortest decimal form only: no sign `+`, no leading zeros, no spaces.
fn parse_units(text: &str) -> Result<i128, AmountError> {
    let wrong = || AmountError::NotANumber(text.chars().take(60).collect());
    let units: i128 = text.parse().map_err(|_| wrong())?;
    if units.to_string() == text {
        Ok(units)
    } else {
        Err(wrong())
    }
}

macro_rules! units_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = AmountError;

            fn from_str(text: &str) -> Result<Self, AmountError> {
                parse_units(text).and_then(Self::new)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(&self.0)
                } else {
                    serializer.serialize_i128(self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?
                        .parse()
                        .map_err(de::Error::custom)
                } else {
                    Self::new(i128::deserialize(deserializer)?).map_err(de::Error::custom)
                }
            }
        }
    };
}

units_text!(Amount);
units_text!(Delta);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_decimal_form_is_read() {
        for text in ["", "+1", "01", " 1", "1 ", "-0", "1e3", "0x1", "1.0"] {
            assert!(text.parse::<Delta>().is_err(), "{text:?}");
        }
        assert!("-1".parse::<Amount>().is_err());
        assert_eq!("-1".parse::<Delta>().unwrap().outgoing(), Some(Amount(1)));
        assert!(i128::MIN.to_string().parse::<Delta>().is_err());
    }

    #[test]
    fn sums_that_overflow_are_none() {
        let most = Amount::new(i128::MAX).unwrap();
        assert_eq!(most.checked_add(Amount(1)), None);
        assert_eq!(Amount(1).checked_sub(Amount(2)), None);
        assert_eq!(most.paid().checked_add(Delta(-1)), None);
    }
}
