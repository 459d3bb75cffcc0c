//! Gives members that fetch a record something else than the record.
//!
//! It attacks catching up (docs/protocol.md 4.4). A certificate that is wrong shows by itself.
//! What a record says of earlier rounds no signature covers: only one's own chain shows that it is
//! forged.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::record::{RoundRecord, UsedU};

use super::{Adversary, Kit};

/// What it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// What the record says of earlier rounds, which nobody has signed: an entry that had expired
    /// was listed before, by its account.
    Ancestry,
    /// The same, with a point that no entry of the record uses.
    Unrelated,
    /// The certificate.
    Certificate,
}

/// Serves forged records: also of rounds that nobody has settled.
pub struct ForgedRecord(pub Forgery);

impl ForgedRecord {
    fn forge(&self, mut record: RoundRecord) -> RoundRecord {
        match self.0 {
            Forgery::Certificate => record.certificate.signature.0[90] ^= 1,
            Forgery::Ancestry => {
                let is_listed = |id: &EnvelopeId| record.close.intents.contains(id);
                let reported = record
                    .reports
                    .iter()
                    .flat_map(|report| &report.body.intents);
                let expired = reported.copied().find(|id| !is_listed(id));
                // What was listed before is not in the record.
                record
                    .envelopes
                    .retain(|envelope| Some(envelope.id()) != expired);
                record.ancestry.listed.extend(expired);
                record.ancestry.listed.sort_unstable();
                record.ancestry.listed.dedup();
            }
            Forgery::Unrelated => {
                // A point that no entry of the record uses: what it rules out is nothing.
                let used = UsedU {
                    u: sealbid_types::bytes::FixedBytes([7; 96]),
                    envelope: [7; 32].into(),
                    round: Round(0),
                };
                record.ancestry.points.push(used);
                record.ancestry.points.sort_unstable();
            }
        }
        record
    }
}

impl Adversary for ForgedRecord {
    fn instead(&mut self, _: &mut Kit, message: &PeerMessage, _: MemberIndex) -> Vec<PeerMessage> {
        vec![message.clone()]
    }

    fn record(&mut self, kit: &mut Kit, round: Round, own: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let mut record = decode::<RoundRecord>(&own?).unwrap();
        // Whatever is asked for is served: the newest record under another round's number, if need
        // be.
        record.close.round = round;
        kit.lie();
        Some(encode(&self.forge(record)))
    }
}
