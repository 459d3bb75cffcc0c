//! What of a closed round is opened, and what the opened parts say. Members and auditors use
//! exactly this code, so that they judge alike.

use std::collections::BTreeMap;

use sealbid_crypto::Plaintext;
use sealbid_types::allocation::VoidReason;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::decode;
use sealbid_types::envelope::{Envelope, Kind, Part};
use sealbid_types::id::EnvelopeId;
use sealbid_types::quote::SignedQuote;
use sealbid_types::record::UsedU;
use sealbid_types::terms::Terms;

/// A sealed part of a listed envelope.
pub type PartId = (EnvelopeId, Part);

/// What is opened once a round is certified, and what is void before anything is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FirstOpening {
    /// Terms and quotes, by envelope: their order is that of share messages.
    pub parts: Vec<PartId>,
    /// Listed entries of which no part is opened.
    pub void: BTreeMap<EnvelopeId, VoidReason>,
}

/// Sorts out the listed `envelopes`: entries that share a `u` with another part, of this round or
/// of an ancestor (`used`), are void and stay sealed, since opening the one would open the other.
///
/// Only the sealer of a part can make another with the same `u` (3.1), so the fault is theirs.
#[must_use]
pub fn first_opening(envelopes: &BTreeMap<EnvelopeId, Envelope>, used: &[UsedU]) -> FirstOpening {
    let void = shared_points(envelopes, used);
    let parts = envelopes
        .iter()
        .filter(|(id, _)| !void.contains_key(id))
        .map(|(id, envelope)| match envelope.header.kind {
            Kind::Intent => (*id, Part::Terms),
            Kind::Quote => (*id, Part::Quote),
        })
        .collect();
    FirstOpening { parts, void }
}

fn shared_points(
    envelopes: &BTreeMap<EnvelopeId, Envelope>,
    used: &[UsedU],
) -> BTreeMap<EnvelopeId, VoidReason> {
    let mut holders: BTreeMap<FixedBytes<96>, Vec<EnvelopeId>> = BTreeMap::new();
    // Ancestors count like entries of this round. An ancestor's part may be open, and then whoever
    // saw its z could read this entry before the close; or it is an authorisation that stays
    // sealed, and would be opened along with this entry.
    for earlier in used {
        holders.entry(earlier.u).or_default().push(earlier.envelope);
    }
    // All parts and not only those that this opening is about: terms that share a `u` with another
    // entry's authorisation would open it, filled or not.
    for (id, envelope) in envelopes {
        for (_, part) in envelope.sealed.parts() {
            holders.entry(part.u).or_default().push(*id);
        }
    }
    let mut void = BTreeMap::new();
    for ids in holders.values().filter(|ids| ids.len() > 1) {
        for (at, id) in ids
            .iter()
            .enumerate()
            .filter(|(_, id)| envelopes.contains_key(id))
        {
            let other = ids.iter().enumerate().find(|(place, _)| *place != at);
            if let Some((_, with)) = other {
                void.entry(*id)
                    .or_insert(VoidReason::SharedU { with: *with });
            }
        }
    }
    void
}

/// The listed intents by id, each with its terms or the reason why it counts for nothing.
pub type OpenedIntents = BTreeMap<EnvelopeId, Result<Terms, VoidReason>>;

/// The listed quotes by id, likewise.
pub type OpenedQuotes = BTreeMap<EnvelopeId, Result<SignedQuote, VoidReason>>;

/// What parts opened to. Wiped when dropped: what they say is public once the round is settled, and
/// lies about in memory no longer than that takes.
pub type Plaintexts = BTreeMap<PartId, Result<Plaintext, VoidReason>>;

/// Reads the plaintexts of a first opening.
#[must_use]
pub fn read_opened(
    void: &BTreeMap<EnvelopeId, VoidReason>,
    envelopes: &BTreeMap<EnvelopeId, Envelope>,
    plaintexts: &Plaintexts,
) -> (OpenedIntents, OpenedQuotes) {
    let mut intents = OpenedIntents::new();
    let mut quotes = OpenedQuotes::new();
    for (id, envelope) in envelopes {
        let plaintext = |part| match (void.get(id), plaintexts.get(&(*id, part))) {
            (Some(reason), _) => Err(reason.clone()),
            (None, Some(opened)) => opened
                .as_ref()
                .map(Plaintext::as_bytes)
                .map_err(Clone::clone),
            (None, None) => Err(VoidReason::Undecodable),
        };
        match envelope.header.kind {
            Kind::Intent => {
                let terms = plaintext(Part::Terms)
                    .and_then(|bytes| decode(bytes).map_err(|_| VoidReason::Undecodable));
                intents.insert(*id, terms);
            }
            Kind::Quote => {
                let quote = plaintext(Part::Quote)
                    .and_then(|bytes| decode(bytes).map_err(|_| VoidReason::Undecodable));
                quotes.insert(*id, quote);
            }
        }
    }
    (intents, quotes)
}

#[cfg(test)]
mod tests;
