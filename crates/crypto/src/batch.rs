//! Random coefficients for checking many equations by one: the small exponents test (Bellare, Garay
//! and Rabin, Fast Batch Verification for Modular Exponentiation and Digital Signatures, EUROCRYPT
//! '98). Of equations in a group of prime order, wrong ones slip through with probability 2^-128,
//! by the length of a coefficient; over a group with small factors the test says nothing, which is
//! why points are tested for their subgroup, or equations multiplied by 1 - z.

use core::fmt;

use blake3::OutputReader;
use rayon::prelude::*;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain;
use crate::group::{CurvePoint, Signs};

/// A secret that only this process knows, from which batch coefficients are derived: deterministic
/// for a test, unpredictable for whoever makes up the batch.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct BatchSecret([u8; 32]);

impl BatchSecret {
    /// Wraps 32 bytes of entropy. One secret serves any number of batches.
    #[must_use]
    pub const fn new(entropy: [u8; 32]) -> Self {
        Self(entropy)
    }
}

impl fmt::Debug for BatchSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BatchSecret(redacted)")
    }
}

/// What a batch is about. Coefficients depend on all of it, and are drawn when it is complete. It
/// holds the secret, or what is as good, and is wiped when dropped.
pub(crate) struct Transcript(Zeroizing<blake3::Hasher>);

impl Transcript {
    /// A transcript for one kind of batch.
    pub(crate) fn new(context: &'static str, secret: &BatchSecret) -> Self {
        let mut hasher = domain::hasher(context);
        hasher.update(&secret.0);
        Self(Zeroizing::new(hasher))
    }

    /// A transcript whose coefficients anyone can compute, for statements that are fixed before
    /// their coefficients can be known, as the keys of a committee file are.
    pub(crate) fn public(context: &'static str) -> Self {
        Self(Zeroizing::new(domain::hasher(context)))
    }

    /// Adds bytes whose length the kind of batch and the position fix.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds points, 96 bytes each.
    pub(crate) fn update_points(&mut self, points: &[CurvePoint]) {
        // Gathered first: many bytes at once are hashed several times as fast.
        let encoded: Vec<[u8; 96]> = points.par_iter().map(CurvePoint::encode).collect();
        self.update(encoded.as_flattened());
    }

    /// The coefficients.
    pub(crate) fn coefficients(&self) -> Coefficients {
        Coefficients(Zeroizing::new(self.0.finalize_xof()))
    }
}

/// Independent uniform integers of 128 bits. Whoever knows them can make wrong equations pass, and
/// they may serve for hours: they are wiped wherever they lie.
pub(crate) struct Coefficients(Zeroizing<OutputReader>);

impl Coefficients {
    /// The next one.
    pub(crate) fn draw(&mut self) -> u128 {
        let mut bytes = Zeroizing::new([0; 16]);
        self.0.fill(&mut *bytes);
        u128::from_le_bytes(*bytes)
    }

    /// The next `count`.
    pub(crate) fn take(mut self, count: usize) -> Zeroizing<Vec<u128>> {
        // The length is known, so that no shorter list is left behind.
        Zeroizing::new((0..count).map(|_| self.draw()).collect())
    }

    /// The random signs of `count` points.
    pub(crate) fn signs(mut self, count: usize) -> Vec<Signs> {
        let (mut block, mut used) = (Zeroizing::new([0; 512]), 512);
        let mut byte = || {
            if used == block.len() {
                self.0.fill(&mut *block);
                used = 0;
            }
            let byte = block.get(used).copied().unwrap_or_default();
            used = used.saturating_add(1);
            byte
        };
        (0..count).map(|_| Signs::draw(&mut byte)).collect()
    }
}

/// The bad ones among `items`, in order, found by halving; of many the first `most`, at least one.
///
/// `holds` judges a set as a whole: it accepts the empty set, and rejects a set exactly when it
/// holds a bad item. To find one bad item among N takes at most 2 log N + 1 questions, to find N of
/// N takes 2 N.
pub(crate) fn bisect(
    items: &[usize],
    most: usize,
    holds: &mut impl FnMut(&[usize]) -> bool,
) -> Vec<usize> {
    if holds(items) {
        Vec::new()
    } else {
        halve(items, most, holds)
    }
}

/// The same for `items` of which one is known to be bad.
fn halve(items: &[usize], most: usize, holds: &mut impl FnMut(&[usize]) -> bool) -> Vec<usize> {
    if items.len() <= 1 {
        return items.to_vec();
    }
    let (left, right) = items.split_at(items.len() / 2);
    let mut bad = bisect(left, most, holds);
    if bad.is_empty() {
        return halve(right, most, holds);
    }
    if bad.len() < most {
        bad.extend(bisect(right, most - bad.len(), holds));
    }
    bad
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn bisection_finds_exactly_the_bad_ones(
            count in 0usize..200,
            bad: BTreeSet<u8>,
            most in 1usize..300,
        ) {
            let items: Vec<usize> = (0..count).collect();
            let is_bad = |item: &usize| bad.contains(&(*item as u8));
            let mut asked = 0;
            let found = bisect(&items, most, &mut |set: &[usize]| {
                asked += 1;
                !set.iter().any(is_bad)
            });
            let expected: Vec<usize> = items.iter().copied().filter(is_bad).take(most).collect();
            prop_assert!(asked <= 1 + expected.len() * 2 * 8, "{} questions", asked);
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn coefficients_depend_on_secret_context_and_transcript() {
        let draw = |secret: u8, context, text: &[u8]| {
            let mut transcript = Transcript::new(context, &BatchSecret::new([secret; 32]));
            transcript.update(text);
            transcript.coefficients().draw()
        };
        let all = [
            draw(1, domain::BATCH_SHARES, b"a"),
            draw(2, domain::BATCH_SHARES, b"a"),
            draw(1, domain::BATCH_OPENINGS, b"a"),
            draw(1, domain::BATCH_SHARES, b"b"),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(all[0], draw(1, domain::BATCH_SHARES, b"a"));
    }
}
