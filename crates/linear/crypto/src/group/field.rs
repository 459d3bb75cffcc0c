//! Integers modulo the prime 2^61 - 1, the order of the groups.

/// The order.
pub(super) const P: u64 = (1 << 61) - 1;

pub(super) fn reduce(value: u128) -> u64 {
    u64::try_from(value % u128::from(P)).unwrap_or(0)
}

pub(super) const fn add(a: u64, b: u64) -> u64 {
    (a + b) % P
}

pub(super) const fn negate(a: u64) -> u64 {
    (P - a) % P
}

pub(super) fn multiply(a: u64, b: u64) -> u64 {
    reduce(u128::from(a) * u128::from(b))
}

pub(super) fn signed(value: i64) -> u64 {
    let magnitude = value.unsigned_abs() % P;
    if value < 0 {
        negate(magnitude)
    } else {
        magnitude
    }
}

/// By Fermat's little theorem; 0 of 0.
pub(super) fn inverse(a: u64) -> u64 {
    let (mut power, mut exponent, mut base) = (1, P - 2, a);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = multiply(power, base);
        }
        base = multiply(base, base);
        exponent >>= 1;
    }
    power
}

/// Uniform bytes, reduced: a bias of 2^-67 with 16 of them.
pub(super) fn from_uniform(bytes: &[u8]) -> u64 {
    let mut digest = [0; 16];
    blake3::Hasher::new()
        .update(bytes)
        .finalize_xof()
        .fill(&mut digest);
    reduce(u128::from_le_bytes(digest))
}
