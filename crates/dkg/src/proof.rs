//! Proofs of knowledge, all by Schnorr's protocol under the Fiat-Shamir transform, with challenges
//! of 128 bits. Scalars travel big endian, as points do, and a challenge is read as one.

use sealbid_crypto::group::{CurvePoint, G1Point, G1Sum, LinearCombination, Scalar, SecretScalar};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::{MemberIndex, SessionId};
use serde::{Deserialize, Serialize};

use crate::context;

/// The dealer of this session with this index knows the logarithm of a point to the base g (Schnorr,
/// J. Cryptology 4, 1991). Bound to session, index and what the point is for, so that nobody else can
/// show it as its own, nor the dealer elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PossessionProof {
    challenge: FixedBytes<16>,
    response: FixedBytes<32>,
}

/// `log_g E = log_R K`, for the recipient's key E, the dealer's ephemeral key R and their
/// Diffie-Hellman point K (Chaum and Pedersen, CRYPTO '92, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EqualityProof {
    challenge: FixedBytes<16>,
    response: FixedBytes<32>,
}

/// Who proves that it knows its secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dealer {
    pub(crate) session: SessionId,
    pub(crate) index: MemberIndex,
}

/// Which of a dealer's secrets a proof is about. Each has a context of its own, or else a dealer whose
/// R is another's `g^{a_0}` could show the proof of the one for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Possessed {
    /// a_0, which ChillDKG's `SimplPedPop` asks for: a commitment chosen to cancel others' has no
    /// such proof.
    Secret,
    /// r, whose `R = g^r` all payloads of a dealing are encrypted by. ChillDKG asks for none, since
    /// it has no complaints that show a point (its investigation goes through the coordinator). Here
    /// a complaint shows `R^e`, and a liar that copied an honest dealer's R and dealt garbage would
    /// have its victims open the honest dealer's payloads to it. With this proof a complaint tells
    /// the dealer nothing that it could not compute itself.
    Ephemeral,
}

/// What an equality proof is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SharedPoint {
    pub(crate) session: SessionId,
    pub(crate) dealer: MemberIndex,
    pub(crate) recipient: MemberIndex,
    /// E.
    pub(crate) encryption_key: G1Point,
    /// R.
    pub(crate) ephemeral_key: G1Point,
    /// K.
    pub(crate) shared: G1Point,
}

impl PossessionProof {
    /// Proves knowledge of `secret`, the logarithm of `public`. The nonce answers this one
    /// challenge.
    pub(crate) fn new(
        dealer: Dealer,
        what: Possessed,
        secret: &SecretScalar,
        public: &G1Point,
        nonce: SecretScalar,
    ) -> Self {
        // Schnorr: T = k g …
        let announced = G1Point::generator().times_secret(&nonce);
        // … e = H(what; session, index, A, T) …
        let challenge = possession_challenge(dealer, what, public, announced.as_curve_point());
        Self {
            challenge: FixedBytes(challenge),
            // … and y = k + e a.
            response: FixedBytes(secret.respond(nonce, &scalar(&challenge)).encode()),
        }
    }

    /// Whether `T = y g - e A` hashes to e.
    pub(crate) fn holds(&self, dealer: Dealer, what: Possessed, public: &G1Point) -> bool {
        let announced = Response::of(&self.challenge, &self.response)
            .and_then(|response| response.announced(&G1Point::generator(), public));
        announced.is_some_and(|announced| {
            possession_challenge(dealer, what, public, &announced) == self.challenge.0
        })
    }
}

impl EqualityProof {
    /// Proves that `secret` is the logarithm of both E to the base g and K to the base R.
    pub(crate) fn new(statement: &SharedPoint, secret: &SecretScalar, nonce: SecretScalar) -> Self {
        // Chaum and Pedersen: k g and k R …
        let announced = [G1Point::generator(), statement.ephemeral_key]
            .map(|base| *base.times_secret(&nonce).as_curve_point());
        // … answered by one y for one e.
        let challenge = equality_challenge(statement, &announced);
        Self {
            challenge: FixedBytes(challenge),
            response: FixedBytes(secret.respond(nonce, &scalar(&challenge)).encode()),
        }
    }

    /// Whether `y g - e E` and `y R - e K` hash to e.
    pub(crate) fn holds(&self, statement: &SharedPoint) -> bool {
        let Some(response) = Response::of(&self.challenge, &self.response) else {
            return false;
        };
        let announced = (
            response.announced(&G1Point::generator(), &statement.encryption_key),
            response.announced(&statement.ephemeral_key, &statement.shared),
        );
        match announced {
            (Some(first), Some(second)) => {
                equality_challenge(statement, &[first, second]) == self.challenge.0
            }
            _ => false,
        }
    }
}

struct Response {
    challenge: u128,
    response: Scalar,
}

impl Response {
    /// None if the response is not reduced.
    fn of(challenge: &FixedBytes<16>, response: &FixedBytes<32>) -> Option<Self> {
        Some(Self {
            challenge: u128::from_be_bytes(challenge.0),
            response: Scalar::decode(&response.0).ok()?,
        })
    }

    /// `y base - e public`; none if that is the identity, which no prover announces.
    fn announced(&self, base: &G1Point, public: &G1Point) -> Option<CurvePoint> {
        let mut sum = LinearCombination::with_capacity(3);
        sum.add(self.response, base.as_curve_point());
        sum.add_short(self.challenge, &public.as_curve_point().negate());
        let sum: G1Sum = sum.sum();
        sum.to_point()
    }
}

fn scalar(challenge: &[u8; 16]) -> Scalar {
    Scalar::from(u128::from_be_bytes(*challenge))
}

fn possession_challenge(
    dealer: Dealer,
    what: Possessed,
    public: &G1Point,
    announced: &CurvePoint,
) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key(match what {
        Possessed::Secret => context::POSSESSION,
        Possessed::Ephemeral => context::EPHEMERAL,
    });
    hasher
        .update(dealer.session.as_bytes())
        .update(&[dealer.index.0])
        .update(&public.encode())
        .update(&announced.encode());
    first_half(&hasher)
}

fn equality_challenge(statement: &SharedPoint, announced: &[CurvePoint; 2]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key(context::EQUALITY);
    hasher
        .update(statement.session.as_bytes())
        .update(&[statement.dealer.0, statement.recipient.0])
        .update(&statement.encryption_key.encode())
        .update(&statement.ephemeral_key.encode())
        .update(&statement.shared.encode());
    for point in announced {
        hasher.update(&point.encode());
    }
    first_half(&hasher)
}

fn first_half(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut challenge = [0; 16];
    hasher.finalize_xof().fill(&mut challenge);
    challenge
}
