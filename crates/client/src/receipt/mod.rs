//! Receipts: q members' promises to report an envelope (docs/protocol.md 4.3). A receipt comes by
//! way of one member, so it is verified before it is believed.

use std::collections::BTreeSet;

use sealbid_types::committee::Committee;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Receipt};

/// What is wrong with a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It is for another envelope.
    #[error("it is for another envelope")]
    Envelope,
    /// Fewer members acknowledge than a quorum.
    #[error("acknowledged by {found}, {quorum} are needed")]
    TooFew {
        /// How many do.
        found: usize,
        /// q.
        quorum: usize,
    },
    /// The committee has no such member.
    #[error("the committee has no {0}")]
    NoSuchMember(MemberIndex),
    /// A member's acknowledgement is for something else: auction, epoch, envelope or round.
    #[error("the acknowledgement of {0} is for something else")]
    Elsewhere(MemberIndex),
    /// A member's signature does not verify.
    #[error("the signature of {0} does not verify")]
    Signature(MemberIndex),
}

/// Verifies that `receipt` is what `envelope` was promised, and returns the round that lists it at
/// the latest.
///
/// # Errors
/// [`ReceiptError`], the first that is found.
pub fn check_receipt(
    committee: &Committee,
    envelope: &Envelope,
    receipt: &Receipt,
) -> Result<Round, ReceiptError> {
    let (id, header) = (envelope.id(), &envelope.header);
    check_receipt_for(committee, id, (header.first, header.last), receipt)
}

/// The same from what is kept of an envelope: its id and its first and last round.
///
/// # Errors
/// [`ReceiptError`], the first that is found.
pub fn check_receipt_for(
    committee: &Committee,
    envelope: EnvelopeId,
    (first, last): (Round, Round),
    receipt: &Receipt,
) -> Result<Round, ReceiptError> {
    if receipt.envelope != envelope {
        return Err(ReceiptError::Envelope);
    }
    let mut members = BTreeSet::new();
    for signed in &receipt.acknowledgements {
        let body = &signed.body;
        let is_this = body.auction == committee.auction
            && body.epoch == committee.epoch
            && body.envelope == envelope
            && (first..=last).contains(&body.round);
        if !is_this {
            return Err(ReceiptError::Elsewhere(signed.member));
        }
        check_signature(committee, signed)?;
        members.insert(signed.member);
    }
    let (found, quorum) = (members.len(), committee.quorum());
    if found < quorum {
        return Err(ReceiptError::TooFew { found, quorum });
    }
    Ok(receipt.round())
}

fn check_signature(
    committee: &Committee,
    signed: &Signed<Acknowledgement>,
) -> Result<(), ReceiptError> {
    let member = committee.member(signed.member);
    let member = member.ok_or(ReceiptError::NoSuchMember(signed.member))?;
    signed
        .verify(&member.identity)
        .map_err(|_| ReceiptError::Signature(signed.member))
}

#[cfg(test)]
mod tests;
