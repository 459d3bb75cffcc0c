//! Sharing polynomials with secret coefficients.

use core::fmt;

use sealbid_crypto::group::{G1Point, G2Point, Scalar, SecretScalar};
use zeroize::{Zeroize, Zeroizing};

/// `f(x) = a_0 + a_1 x + … + a_{q-1} x^{q-1}`. Wiped when dropped, evaluated in constant time.
pub struct Polynomial {
    coefficients: Vec<SecretScalar>,
}

impl Polynomial {
    /// Derives `coefficients` uniform coefficients from `entropy`, none of them zero. `context` is
    /// a BLAKE3 derive-key context that serves nothing else.
    #[must_use]
    pub fn derive(context: &'static str, entropy: &[u8; 32], coefficients: u8) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(entropy);
        let mut output = hasher.finalize_xof();
        // 64 bytes for a scalar of 255 bits: reduced from 32, low values would be likelier.
        let mut wide = Zeroizing::new([0; 64]);
        // Zero is drawn again: a commitment to it is the identity, for which its dealer would be
        // blamed.
        let mut draw = || loop {
            output.fill(&mut *wide);
            if let Some(scalar) = SecretScalar::from_uniform_bytes(&wide) {
                return scalar;
            }
        };
        let coefficients = (0..coefficients).map(|_| draw()).collect();
        output.zeroize();
        hasher.zeroize();
        Self { coefficients }
    }

    /// f(x), by Horner's rule. None if a step comes to zero, as one in 2^255 does.
    #[must_use]
    pub fn evaluate(&self, x: u8) -> Option<SecretScalar> {
        let x = Scalar::from(u64::from(x));
        let (highest, lower) = self.coefficients.split_last()?;
        // Times one is a copy: secret scalars are not `Clone`.
        let one = Scalar::from(1u64);
        lower
            .iter()
            .rev()
            .try_fold(highest.times(&one)?, |sum, next| sum.times(&x)?.plus(next))
    }

    /// `g^{a_0}, …, g^{a_{q-1}}`, lowest power first.
    #[must_use]
    pub fn commitment(&self) -> Vec<G1Point> {
        let generator = G1Point::generator();
        self.coefficients
            .iter()
            .map(|a| generator.times_secret(a))
            .collect()
    }

    /// `g2^{a_0}, …, g2^{a_{q-1}}`, the same in G2.
    #[must_use]
    pub fn commitment_2(&self) -> Vec<G2Point> {
        let generator = G2Point::generator();
        self.coefficients
            .iter()
            .map(|a| generator.times_secret(a))
            .collect()
    }

    /// `a_0 = f(0)`: the secret that is shared.
    pub(crate) fn constant(&self) -> Option<&SecretScalar> {
        self.coefficients.first()
    }
}

/// For those who do not draw their polynomial.
#[cfg(test)]
impl Polynomial {
    pub(crate) const fn of(coefficients: Vec<SecretScalar>) -> Self {
        Self { coefficients }
    }

    pub(crate) fn coefficients(&self) -> &[SecretScalar] {
        &self.coefficients
    }

    /// `-f`.
    pub(crate) fn negated(&self) -> Self {
        let minus_one = -Scalar::from(1u64);
        let coefficients = self.coefficients.iter();
        Self::of(coefficients.filter_map(|a| a.times(&minus_one)).collect())
    }
}

impl fmt::Debug for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Polynomial({} coefficients, redacted)",
            self.coefficients.len()
        )
    }
}
