//! Every schema of the wire and of the disk: there is one byte string for a value, and one JSON that gives it back.
//!
//! What they begin with is what is frozen of each (`snapshots.txt`), so that a new type brings its seed along.

use std::fmt::Debug;

use data_encoding::HEXLOWER;
use sealbid_dkg::message::{Commitment, Complaint, Confirmed, Dealing, Enrolment, Roster};
use sealbid_dkg::{Invitation, Message as CeremonyMessage, Transcript};
use sealbid_protocol::evidence::Evidence;
use sealbid_protocol::member::StoredOutcome;
use sealbid_protocol::member::message::{
    CertifiedClose, Parts, PeerMessage, Shares, SignatureShareMessage,
};
use sealbid_protocol::vote::{Evidence as VoteEvidence, Message as Ballot, VoteState};
use sealbid_types::allocation::Allocation;
use sealbid_types::ceremony::Confirmation;
use sealbid_types::close::Close;
use sealbid_types::codec::{DecodeError, Schema, decode, encode};
use sealbid_types::committee::Rules;
use sealbid_types::door::{PublicIntent, Request};
use sealbid_types::envelope::{Envelope, SealedPart};
use sealbid_types::keys::Signed;
use sealbid_types::quote::{Quote, SignedQuote};
use sealbid_types::report::{Acknowledgement, Receipt, Report};
use sealbid_types::settlement::{Settlement, SignedSettlement};
use sealbid_types::statement::Statement;
use sealbid_types::terms::{Authorisation, Terms};

use crate::{Target, audit, traces};

/// The frozen encodings.
const FROZEN: [&str; 2] = [
    include_str!("../../../crates/types/snapshots.txt"),
    include_str!("../../../crates/dkg/snapshots.txt"),
];

/// Those of one schema.
pub(crate) fn frozen<T: Schema>() -> Vec<Vec<u8>> {
    let lines = FROZEN.iter().flat_map(|file| file.lines());
    let named = format!("{} ", T::SCHEMA);
    let hex = lines.filter_map(|line| line.strip_prefix(&named));
    hex.map(|hex| HEXLOWER.decode(hex.as_bytes()).unwrap())
        .collect()
}

/// Reads a value, which has these bytes and no others.
pub(crate) fn canonical<T: Schema>(bytes: &[u8]) -> Option<T> {
    let limit = T::SCHEMA.max_bytes;
    match decode::<T>(bytes) {
        Ok(value) => {
            assert!(bytes.len() <= limit);
            assert!(
                encode(&value) == bytes,
                "{} has another encoding",
                T::SCHEMA
            );
            Some(value)
        }
        Err(DecodeError::Oversize { found, most, .. }) => {
            assert!(found == bytes.len() && most == limit && found > most);
            None
        }
        Err(_) => None,
    }
}

/// The same, and what its JSON says is the same value.
pub(crate) fn with_json<T: Schema + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value = canonical::<T>(bytes)?;
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    Some(value)
}

fn both<T: Schema + PartialEq + Debug>(bytes: &[u8]) {
    with_json::<T>(bytes);
}

fn bytes_alone<T: Schema>(bytes: &[u8]) {
    canonical::<T>(bytes);
}

/// An envelope has a label for each part, and its signature is of every byte of its header.
fn envelope(bytes: &[u8]) {
    let Some(envelope) = with_json::<Envelope>(bytes) else {
        return;
    };
    for (part, sealed) in envelope.sealed.parts() {
        assert!(!envelope.label(part).is_empty());
        both::<SealedPart>(&encode(sealed));
    }
    let _ = envelope.check_fields();
    if envelope.check_signature().is_ok() {
        let mut changed = envelope;
        changed.header.last.0 ^= 1;
        assert!(changed.check_signature().is_err());
    }
}

/// Evidence in a file is JSON.
fn evidence(bytes: &[u8]) {
    if let Some(evidence) = with_json::<Evidence>(bytes) {
        let _ = (evidence.member(), evidence.round());
        let _ = (evidence.key(), evidence.digest());
    }
}

fn ceremony(bytes: &[u8]) {
    if let Some(message) = canonical::<CeremonyMessage>(bytes) {
        assert!(!message.kind().is_empty());
        let _ = (message.id(), message.author());
    }
}

fn transcript(bytes: &[u8]) {
    if let Ok(transcript) = Transcript::from_bytes(bytes) {
        assert!(transcript.to_bytes() == bytes);
        let _ = transcript.session();
    }
}

fn complaints() -> Vec<Vec<u8>> {
    let messages = frozen::<CeremonyMessage>();
    let complaint = |bytes: &Vec<u8>| match decode(bytes).unwrap() {
        CeremonyMessage::Complaint(signed) => Some(encode(&signed.body)),
        _ => None,
    };
    messages.iter().filter_map(complaint).collect()
}

pub(crate) const TARGETS: &[Target] = &[
    Target::new("envelope", envelope, frozen::<Envelope>),
    Target::new("sealed-part", both::<SealedPart>, frozen::<SealedPart>),
    Target::new("terms", both::<Terms>, frozen::<Terms>),
    Target::new(
        "authorisation",
        both::<Authorisation>,
        frozen::<Authorisation>,
    ),
    Target::new("quote", both::<Quote>, frozen::<Quote>),
    Target::new("signed-quote", both::<SignedQuote>, frozen::<SignedQuote>),
    Target::new(
        "acknowledgement",
        both::<Signed<Acknowledgement>>,
        frozen::<Signed<Acknowledgement>>,
    ),
    Target::new("receipt", both::<Receipt>, frozen::<Receipt>),
    Target::new("report", both::<Signed<Report>>, frozen::<Signed<Report>>),
    Target::new("close", both::<Close>, frozen::<Close>),
    Target::new("statement", both::<Statement>, frozen::<Statement>),
    Target::new("allocation", both::<Allocation>, frozen::<Allocation>),
    Target::new("settlement", both::<Settlement>, frozen::<Settlement>),
    Target::new(
        "signed-settlement",
        both::<SignedSettlement>,
        frozen::<SignedSettlement>,
    ),
    Target::new("rules", both::<Rules>, frozen::<Rules>),
    Target::new(
        "public-intent",
        both::<Signed<PublicIntent>>,
        frozen::<Signed<PublicIntent>>,
    ),
    Target::new("door-request", both::<Request>, frozen::<Request>),
    Target::new("peer-message", bytes_alone::<PeerMessage>, traces::messages),
    Target::new("ballot", bytes_alone::<Ballot>, traces::ballots),
    Target::new("vote-state", bytes_alone::<VoteState>, traces::vote_states),
    Target::new("vote-evidence", both::<VoteEvidence>, traces::vote_evidence),
    Target::new("shares", bytes_alone::<Shares>, traces::shares),
    Target::new("parts", bytes_alone::<Parts>, traces::parts),
    Target::new(
        "signature-share",
        bytes_alone::<SignatureShareMessage>,
        traces::signature_shares,
    ),
    Target::new(
        "certified-close",
        bytes_alone::<CertifiedClose>,
        traces::certified_closes,
    ),
    Target::new("outcome", bytes_alone::<StoredOutcome>, traces::outcomes),
    Target::new("evidence", evidence, audit::kept),
    Target::new(
        "invitation",
        bytes_alone::<Invitation>,
        frozen::<Invitation>,
    ),
    Target::new("enrolment", bytes_alone::<Enrolment>, frozen::<Enrolment>),
    Target::new("roster", bytes_alone::<Roster>, frozen::<Roster>),
    Target::new(
        "commitment",
        bytes_alone::<Commitment>,
        frozen::<Commitment>,
    ),
    Target::new("dealing", bytes_alone::<Dealing>, frozen::<Dealing>),
    Target::new("complaint", bytes_alone::<Complaint>, complaints),
    Target::new(
        "confirmation",
        bytes_alone::<Confirmation>,
        frozen::<Confirmation>,
    ),
    Target::new("confirmed", bytes_alone::<Confirmed>, frozen::<Confirmed>),
    Target::new("ceremony-message", ceremony, frozen::<CeremonyMessage>),
    Target::new("transcript", transcript, frozen::<Transcript>),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_to_begin_with_is_signed() {
        let mut envelopes = frozen::<Envelope>().into_iter();
        let is_signed = |bytes: Vec<u8>| {
            decode::<Envelope>(&bytes)
                .unwrap()
                .check_signature()
                .is_ok()
        };
        assert!(envelopes.any(is_signed));
    }
}
