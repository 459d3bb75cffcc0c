//! Sealing a plaintext to the committee key: TDH2 in its hybrid form (docs/protocol.md 3.1).

use sealbid_types::bytes::{Blob, FixedBytes};
use sealbid_types::envelope::SealedPart;
use zeroize::{Zeroize, Zeroizing};

use crate::content::ContentKey;
use crate::domain;
use crate::group::{G1Point, Scalar, SecretScalar};
use crate::keys::CommitteeKeys;
use crate::padding::MOST_PLAINTEXT;
use crate::proof::{ChallengeDigest, Commitments, second_generator};

/// Why a plaintext was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is longer than the largest padding class holds.
    #[error("a plaintext of {0} bytes: at most {MOST_PLAINTEXT} can be sealed")]
    TooLong(usize),
}

/// Seals `plaintext` under `label` (see
/// [`Header::label`](sealbid_types::envelope::Header::label)).
///
/// `entropy` is fresh for each call. Should it not be (a cloned machine), r and k repeat only
/// for the same committee, account, label and plaintext, when the part itself repeats and nothing
/// is lost.
///
/// # Errors
/// [`SealError::TooLong`].
pub fn seal(
    keys: &CommitteeKeys,
    label: &[u8],
    plaintext: &[u8],
    entropy: &[u8; 32],
    account_secret: &[u8],
) -> Result<SealedPart, SealError> {
    let [r, k] = sealing_scalars(keys, entropy, account_secret, label, plaintext);
    let (g, g_bar) = (G1Point::generator(), second_generator());

    // u = g^r;  ū = ḡ^r;  z = pk^r
    let u = g.times_secret(&r).encode();
    let u_bar = g_bar.times_secret(&r).encode();
    let z = keys.public_key().times_secret_kept(&r);

    // (key, commit) = KDF(z, u, label);  body = AEAD(key, 0, pad(plaintext), aad = label)
    let key = z.expose(|z| ContentKey::derive(z, &u, label));
    let commitment = key.commitment();
    let body = key
        .encrypt(label, plaintext)
        .ok_or(SealError::TooLong(plaintext.len()))?;

    // a = g^k;  ā = ḡ^k;  e = H(label, commit, H(body), u, ū, a, ā);  y = k + e r
    let a = g.times_secret(&k).encode();
    let a_bar = g_bar.times_secret(&k).encode();
    let points = Commitments {
        u: &u,
        u_bar: &u_bar,
        a: &a,
        a_bar: &a_bar,
    };
    let e = ChallengeDigest::of(label, &commitment, &body, &points).challenge();
    let y = r.respond(k, &Scalar::from(e));

    Ok(SealedPart {
        u: FixedBytes(u),
        u_bar: FixedBytes(u_bar),
        a: FixedBytes(a),
        a_bar: FixedBytes(a_bar),
        commitment: FixedBytes(commitment),
        response: FixedBytes(y.encode()),
        body: Blob::from(body),
    })
}

/// r and k: uniform, and different whenever any of the inputs is. With the committee key, these are
/// all that the challenge depends on: no k ever answers two.
fn sealing_scalars(
    keys: &CommitteeKeys,
    entropy: &[u8; 32],
    account_secret: &[u8],
    label: &[u8],
    plaintext: &[u8],
) -> [SecretScalar; 2] {
    let mut hasher = domain::hasher(domain::SEALING_SCALARS);
    hasher.update(entropy);
    hasher.update(&keys.public_key().compress());
    for input in [account_secret, label, plaintext] {
        domain::update_bounded(&mut hasher, input);
    }
    let mut output = hasher.finalize_xof();
    let mut wide = Zeroizing::new([0; 64]);
    let scalars = [(); 2].map(|()| {
        loop {
            output.fill(&mut *wide);
            if let Some(scalar) = SecretScalar::from_uniform_bytes(&wide) {
                return scalar;
            }
        }
    });
    output.zeroize();
    hasher.zeroize();
    scalars
}

#[cfg(test)]
mod tests;
