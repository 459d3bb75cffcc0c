//! Admission: are the sealed parts of an envelope what they should be?
//!
//! Stateless, and independent of the committee. Only what has passed here can be shared or opened.

use core::fmt;

use rayon::prelude::*;
use sealbid_types::bytes::{Blob, FixedBytes};
use sealbid_types::envelope::{Envelope, Part, SealedPart};
use sealbid_types::id::EnvelopeId;

use crate::batch::{BatchSecret, Transcript};
use crate::domain;
use crate::group::{G1Point, PointError, in_subgroup_all};
use crate::prepare::Place;
use crate::proof::{Decoded, Proof, find_false};

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
pub struct NotAdmitted {
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
    pub(crate) body: Blob,
    /// Where its half of the check of its opening was prepared, if it was.
    pub(crate) place: Option<Place>,
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

    pub(crate) fn parts_mut(&mut self) -> &mut [CheckedPart] {
        &mut self.parts
    }

    /// One of its parts.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&CheckedPart> {
        self.parts.iter().find(|checked| checked.part == part)
    }
}

/// A part on its way through the checks; T is how far it got.
struct Candidate<'a, T> {
    part: Part,
    sealed: &'a SealedPart,
    label: Vec<u8>,
    state: Result<T, RefusalReason>,
}

impl<'a> Candidate<'a, Decoded> {
    fn all_of(envelope: &'a Envelope) -> Vec<Self> {
        let read = |(part, sealed)| {
            let label = envelope.label(part);
            let state = Decoded::read(&label, sealed);
            Self {
                part,
                sealed,
                label,
                state,
            }
        };
        envelope.sealed.parts().map(read).collect()
    }

    fn with_u(self, u: Option<G1Point>) -> Candidate<'a, Proof> {
        let Self {
            part,
            sealed,
            label,
            state,
        } = self;
        let state = state.and_then(|decoded| decoded.with_u(u));
        Candidate {
            part,
            sealed,
            label,
            state,
        }
    }
}

impl Candidate<'_, Proof> {
    fn refuse(&mut self) {
        self.state = Err(RefusalReason::Proof);
    }

    fn finish(self, envelope: EnvelopeId) -> Result<CheckedPart, NotAdmitted> {
        let Self {
            part,
            sealed,
            label,
            state,
        } = self;
        Ok(CheckedPart {
            envelope,
            part,
            u: state.map_err(|reason| NotAdmitted { part, reason })?.u,
            commitment: sealed.commitment.0,
            label,
            body: sealed.body.clone(),
            place: None,
        })
    }
}

fn finish(
    envelope: &Envelope,
    candidates: Vec<Candidate<'_, Proof>>,
) -> Result<CheckedEnvelope, NotAdmitted> {
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
/// [`NotAdmitted`], of the first part that fails.
pub fn check(envelope: &Envelope) -> Result<CheckedEnvelope, NotAdmitted> {
    let candidates = Candidate::all_of(envelope).into_iter().map(check_part);
    finish(envelope, candidates.collect())
}

fn check_part(candidate: Candidate<'_, Decoded>) -> Candidate<'_, Proof> {
    let u = candidate
        .state
        .as_ref()
        .ok()
        .and_then(|decoded| decoded.u.in_subgroup());
    let mut candidate = candidate.with_u(u);
    if candidate.state.as_ref().is_ok_and(|proof| !proof.holds()) {
        candidate.refuse();
    }
    candidate
}

/// Checks many envelopes at once, for a fraction of the work. The verdicts, in the order of
/// `envelopes`, are those of [`check`] but for one chance in 2^69 that a u outside G1 passes (see
/// [`in_subgroup_all`]) and one in 2^128 that a bad proof does. Bad proofs are found by halving.
#[must_use]
pub fn check_batch(
    envelopes: &[&Envelope],
    secret: &BatchSecret,
) -> Vec<Result<CheckedEnvelope, NotAdmitted>> {
    let decoded = envelopes
        .par_iter()
        .map(|envelope| Candidate::all_of(envelope))
        .collect();
    let mut candidates = test_subgroups(decoded, secret);
    mark_false_proofs(&mut candidates, secret);
    let finished = candidates.into_par_iter().zip(envelopes);
    finished
        .map(|(candidates, envelope)| finish(envelope, candidates))
        .collect()
}

/// Tests every u together.
fn test_subgroups<'a>(
    candidates: Vec<Vec<Candidate<'a, Decoded>>>,
    secret: &BatchSecret,
) -> Vec<Vec<Candidate<'a, Proof>>> {
    let mut transcript = Transcript::new(domain::BATCH_SUBGROUP, secret);
    let mut points = Vec::new();
    for decoded in candidates
        .iter()
        .flatten()
        .filter_map(|c| c.state.as_ref().ok())
    {
        // The digest covers u.
        transcript.update(&decoded.digest.0);
        points.push(decoded.u);
    }
    let signs = transcript.coefficients().signs(points.len());
    let mut tested = in_subgroup_all(&points, &signs).into_iter();
    let mut with_u = |candidate: Candidate<'a, Decoded>| {
        let u = candidate
            .state
            .is_ok()
            .then(|| tested.next().flatten())
            .flatten();
        candidate.with_u(u)
    };
    let of_envelope = |parts: Vec<_>| parts.into_iter().map(&mut with_u).collect();
    candidates.into_iter().map(of_envelope).collect()
}

fn mark_false_proofs(candidates: &mut [Vec<Candidate<'_, Proof>>], secret: &BatchSecret) {
    let proofs: Vec<&Proof> = candidates
        .iter()
        .flatten()
        .filter_map(|candidate| candidate.state.as_ref().ok())
        .collect();
    let mut false_ones = find_false(&proofs, secret).into_iter().peekable();
    let proven = candidates
        .iter_mut()
        .flatten()
        .filter(|candidate| candidate.state.is_ok());
    for (at, candidate) in proven.enumerate() {
        if false_ones.next_if_eq(&at).is_some() {
            candidate.refuse();
        }
    }
}

#[cfg(test)]
mod tests;
