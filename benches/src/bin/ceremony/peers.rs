//! The same work by `threshold_crypto`'s own polynomials, as its documentation and the key
//! generation that was built on it (`hbbft`'s `SyncKeyGen`) use them: commitments, shares and their
//! checks for all dealers. No proofs of possession, no encryption, no keys in G2.

use core::hint::black_box;

use rand07::SeedableRng;
use rand07::rngs::StdRng;
use threshold_crypto::group::{CurveAffine, CurveProjective};
use threshold_crypto::poly::{BivarPoly, Poly};
use threshold_crypto::{Fr, G1Affine};

/// Feldman: one's own dealing, and the check of one share of each dealer.
pub(crate) fn feldman(members: u8, quorum: u8) {
    // Seeded, so that runs repeat.
    let mut rng = StdRng::seed_from_u64(1);
    let polynomial = Poly::random(degree(quorum), &mut rng);
    let commitment = polynomial.commitment();
    for member in 1..=members {
        // Nobody uses it here, and it must not be left out for that.
        black_box(polynomial.evaluate(u64::from(member)));
    }
    // One's own dealing stands for each of the others: they are of one size, and cost the same.
    let share = polynomial.evaluate(u64::from(members));
    for _dealer in 0..members {
        let expected = commitment.evaluate(u64::from(members));
        assert!(generated(share) == expected.into_affine());
    }
}

/// Bivariate polynomials: one's own dealing, and for each dealer the check of one's row and of the
/// value that each member sends.
pub(crate) fn bivariate(members: u8, quorum: u8) {
    let mut rng = StdRng::seed_from_u64(2);
    let polynomial = BivarPoly::random(degree(quorum), &mut rng);
    let commitment = polynomial.commitment();
    for member in 1..=members {
        black_box(polynomial.row(u64::from(member)));
    }
    let own = u64::from(members);
    // Row and values are checked against the commitment in two variables, which is most of the
    // work.
    let row = polynomial.row(own);
    for _dealer in 0..members {
        assert!(commitment.row(own) == row.commitment());
        for member in 1..=members {
            let value = row.evaluate(u64::from(member));
            let expected = commitment.evaluate(own, u64::from(member));
            assert!(generated(value) == expected.into_affine());
        }
    }
}

/// Of a polynomial that q values determine.
fn degree(quorum: u8) -> usize {
    usize::from(quorum).saturating_sub(1)
}

fn generated(scalar: Fr) -> G1Affine {
    G1Affine::one().mul(scalar).into_affine()
}
