//! Admission: are the sealed parts of an envelope what they should be?
//!
//! Stateless, and independent of the committee. Only what has passed here can be shared or opened.

use core::fmt;

use rayon::prelude::*;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::{Envelope, Part, SealedPart};
use sealbid_types::id::EnvelopeId;

use crate::batch::BatchSecret;
use crate::group::{G1Point, PointError};
use crate::proof::{Proof, find_false};

/// One of the points of a sealed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartPoint {
    /// u
    U,
    /// ū
    UBar,
    /// a
    A,
    /// ā
    ABar,
}

impl fmt::Display for PartPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U => "u",
            Self::UBar => "u_bar",
            Self::A => "a",
            Self::ABar => "a_bar",
        })
    }
}

/// What is wrong with a sealed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum RefusalReason {
    /// The body is not a padding class and a tag long.
    #[error("a sealed body of {0} bytes: not a padding class and a tag")]
    BodyLength(usize),
    /// The response is not reduced.
    #[error("the proof's response is not canonical")]
    Response,
    /// A point is not what it should be.
    #[error("{which}: {error}")]
    Point {
        /// Which.
        which: PartPoint,
        /// Why.
        error: PointError,
    },
    /// The proof fails: something was changed, the label included, or the sealer did not know r.
    #[error("the proof does not hold for this part under this label")]
    Proof,
}

/// Why an envelope is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[error("{part:?}: {reason}")]
pub struct Refusal {
    /// The part: of several bad ones, the first.
    pub part: Part,
    /// What is wrong with it.
    pub reason: RefusalReason,
}

/// A sealed part that passed every stateless check, with all that opening it takes.
#[derive(Clone)]
pub struct CheckedPart {
    envelope: EnvelopeId,
    part: Part,
    pub(crate) u: G1Point,
    pub(crate) commitment: [u8; 32],
    pub(crate) label: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl CheckedPart {
    /// The envelope it stands in.
    #[must_use]
    pub const fn envelope(&self) -> EnvelopeId {
        self.envelope
    }

    /// Which of the envelope's parts it is.
    #[must_use]
    pub const fn part(&self) -> Part {
        self.part
    }

    /// u, uncompressed: parts of different envelopes must not share it.
    #[must_use]
    pub fn u(&self) -> FixedBytes<96> {
        FixedBytes(self.u.encode())
    }
}

impl fmt::Debug for CheckedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckedPart({:?} of {:?})", self.part, self.envelope)
    }
}

/// An envelope all of whose sealed parts passed.
#[derive(Debug, Clone)]
pub struct CheckedEnvelope {
    id: EnvelopeId,
    parts: Vec<CheckedPart>,
}

impl CheckedEnvelope {
    /// The envelope's id.
    #[must_use]
    pub const fn id(&self) -> EnvelopeId {
        self.id
    }

    /// Its parts, in the order they are opened.
    #[must_use]
    pub fn parts(&self) -> &[CheckedPart] {
        &self.parts
    }

    /// One of its parts.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&CheckedPart> {
        self.parts.iter().find(|checked| checked.part == part)
    }
}

/// A part on its way through the checks.
struct Candidate<'a> {
    part: Part,
    sealed: &'a SealedPart,
    label: Vec<u8>,
    proof: Result<Proof, RefusalReason>,
}

impl<'a> Candidate<'a> {
    fn all_of(envelope: &'a Envelope) -> Vec<Self> {
        let read = |(part, sealed)| {
            let label = envelope.label(part);
            let proof = Proof::decode(&label, sealed);
            Self {
                part,
                sealed,
                label,
                proof,
            }
        };
        envelope.sealed.parts().map(read).collect()
    }

    fn finish(self, envelope: EnvelopeId) -> Result<CheckedPart, Refusal> {
        let Self {
            part,
            sealed,
            label,
            proof,
        } = self;
        Ok(CheckedPart {
            envelope,
            part,
            u: proof.map_err(|reason| Refusal { part, reason })?.u,
            commitment: sealed.commitment.0,
            label,
            body: sealed.body.0.clone(),
        })
    }
}

fn finish(envelope: &Envelope, candidates: Vec<Candidate<'_>>) -> Result<CheckedEnvelope, Refusal> {
    let id = envelope.id();
    let parts = candidates.into_iter().map(|candidate| candidate.finish(id));
    Ok(CheckedEnvelope {
        id,
        parts: parts.collect::<Result<_, _>>()?,
    })
}

/// Checks the sealed parts of one envelope. The header is not looked at
/// (see [`Envelope::check_header`]).
///
/// # Errors
/// [`Refusal`], of the first part that fails.
pub fn check(envelope: &Envelope) -> Result<CheckedEnvelope, Refusal> {
    let mut candidates = Candidate::all_of(envelope);
    for candidate in &mut candidates {
        if candidate.proof.as_ref().is_ok_and(|proof| !proof.holds()) {
            candidate.proof = Err(RefusalReason::Proof);
        }
    }
    finish(envelope, candidates)
}

/// Checks many envelopes at once: the verdicts are those of [`check`], in the order of `envelopes`,
/// for less than half the work. Bad proofs are found by halving.
#[must_use]
pub fn check_batch(
    envelopes: &[&Envelope],
    secret: &BatchSecret,
) -> Vec<Result<CheckedEnvelope, Refusal>> {
    let mut candidates: Vec<Vec<Candidate<'_>>> = envelopes
        .par_iter()
        .map(|envelope| Candidate::all_of(envelope))
        .collect();
    mark_false_proofs(&mut candidates, secret);
    let finished = candidates.into_par_iter().zip(envelopes);
    finished
        .map(|(candidates, envelope)| finish(envelope, candidates))
        .collect()
}

fn mark_false_proofs(candidates: &mut [Vec<Candidate<'_>>], secret: &BatchSecret) {
    let proofs: Vec<&Proof> = candidates
        .iter()
        .flatten()
        .filter_map(|candidate| candidate.proof.as_ref().ok())
        .collect();
    let mut false_ones = find_false(&proofs, secret).into_iter().peekable();
    let decoded = candidates
        .iter_mut()
        .flatten()
        .filter(|candidate| candidate.proof.is_ok());
    for (at, candidate) in decoded.enumerate() {
        if false_ones.next_if_eq(&at).is_some() {
            candidate.proof = Err(RefusalReason::Proof);
        }
    }
}

#[cfg(test)]
mod tests;
