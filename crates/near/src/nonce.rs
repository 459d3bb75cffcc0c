//! The Verifier's versioned nonces: `5628f6c6 | 00 | salt(4) | deadline i64 LE ns | 15 random`.
//!
//! A nonce that begins otherwise is an older one, 32 bytes without a meaning; the Verifier takes
//! both. Whether a salt is valid at the moment, the chain alone knows.

use sealbid_types::allocation::NonceFault;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::terms::Nonce;
use sealbid_types::time::Timestamp;

/// What every versioned nonce begins with.
const MAGIC: [u8; 4] = [0x56, 0x28, 0xf6, 0xc6];

/// The one version there is.
const VERSION: u8 = 0;

const NANOS_PER_MILLI: i64 = 1_000_000;

/// The last moment that a nonce can name, `i64::MAX` nanoseconds: in the year 2262.
const LAST: Timestamp = Timestamp((i64::MAX / NANOS_PER_MILLI) as u64);

/// A versioned nonce that is valid to `deadline` (2262 at the latest). `random` must be fresh: an
/// account uses a nonce once.
#[must_use]
pub fn versioned(salt: [u8; 4], deadline: Timestamp, random: [u8; 15]) -> Nonce {
    let millis = i64::try_from(deadline.min(LAST).0).unwrap_or(0);
    let nanos = millis.saturating_mul(NANOS_PER_MILLI).to_le_bytes();
    let mut bytes = [0; 32];
    let parts = [&MAGIC[..], &[VERSION], &salt, &nanos, &random].concat();
    for (to, from) in bytes.iter_mut().zip(parts) {
        *to = from;
    }
    FixedBytes(bytes)
}

/// What a versioned nonce says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versioned {
    /// Which of the chain's salts it was made for.
    pub salt: [u8; 4],
    /// When it runs out, in nanoseconds since the Unix epoch.
    pub nanos: i64,
}

/// What `nonce` says, if it is a versioned one. One of an unknown version counts as an older one, 32
/// bytes without a meaning, as it does for the Verifier.
#[must_use]
pub fn read(nonce: &Nonce) -> Option<Versioned> {
    read_strictly(nonce).ok().flatten()
}

fn read_strictly(nonce: &Nonce) -> Result<Option<Versioned>, NonceFault> {
    let Some([version, rest @ ..]) = nonce.as_bytes().strip_prefix(&MAGIC) else {
        return Ok(None);
    };
    if *version != VERSION {
        return Err(NonceFault::Version { version: *version });
    }
    let parts = rest
        .split_first_chunk()
        .and_then(|(salt, rest)| Some((salt, rest.first_chunk()?)));
    Ok(parts.map(|(salt, nanos)| Versioned {
        salt: *salt,
        nanos: i64::from_le_bytes(*nanos),
    }))
}

/// Whether an intent may be valid to the nanosecond `deadline` with this nonce.
pub(crate) fn covers(nonce: &Nonce, deadline: i128) -> bool {
    read(nonce).is_none_or(|versioned| deadline <= i128::from(versioned.nanos))
}

/// From when on no intent with this nonce can be valid: the last millisecond at which one can be.
/// None for an older nonce, which never runs out, and for one of an unknown version.
#[must_use]
pub fn expires(nonce: &Nonce) -> Option<Timestamp> {
    let nanos = read(nonce)?.nanos;
    Some(Timestamp(
        u64::try_from(nanos / NANOS_PER_MILLI).unwrap_or(0),
    ))
}

/// Checks that the intent's `deadline` does not exceed the nonce's.
///
/// # Errors
/// [`NonceFault`].
pub fn check(nonce: &Nonce, deadline: Timestamp) -> Result<(), NonceFault> {
    let Some(Versioned { nanos, .. }) = read_strictly(nonce)? else {
        return Ok(());
    };
    if i128::from(deadline.0) * i128::from(NANOS_PER_MILLI) <= i128::from(nanos) {
        return Ok(());
    }
    let millis = u64::try_from(nanos / NANOS_PER_MILLI).unwrap_or(0);
    Err(NonceFault::Deadline {
        nonce: Timestamp(millis),
        deadline,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn layout() {
        let nonce = versioned([1, 2, 3, 4], Timestamp(1), [9; 15]);
        let says = Versioned {
            salt: [1, 2, 3, 4],
            nanos: 1_000_000,
        };
        assert_eq!(read(&nonce), Some(says));
        assert_eq!(
            nonce.to_string(),
            format!(
                "5628f6c60001020304{}{}",
                "40420f0000000000",
                "09".repeat(15)
            )
        );
    }

    #[test]
    fn unknown_versions_are_refused_and_older_nonces_taken() {
        let mut bytes = versioned([0; 4], Timestamp(1), [0; 15]).0;
        bytes[4] = 1;
        assert_eq!(
            check(&FixedBytes(bytes), Timestamp(1)),
            Err(NonceFault::Version { version: 1 })
        );
        assert_eq!(read(&FixedBytes(bytes)), None);
        bytes[0] = 0;
        assert_eq!(check(&FixedBytes(bytes), Timestamp(u64::MAX)), Ok(()));
        assert_eq!(expires(&FixedBytes(bytes)), None);
    }

    proptest! {
        #[test]
        fn the_deadline_may_be_the_nonces_and_no_later(millis in 1..LAST.0, salt: [u8; 4], random: [u8; 15]) {
            let nonce = versioned(salt, Timestamp(millis), random);
            prop_assert_eq!(check(&nonce, Timestamp(millis)), Ok(()));
            prop_assert_eq!(check(&nonce, Timestamp(millis - 1)), Ok(()));
            prop_assert_eq!(
                check(&nonce, Timestamp(millis + 1)),
                Err(NonceFault::Deadline { nonce: Timestamp(millis), deadline: Timestamp(millis + 1) })
            );
            prop_assert_eq!(expires(&nonce), Some(Timestamp(millis)));
        }
    }
}
