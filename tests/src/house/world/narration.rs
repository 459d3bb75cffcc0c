//! What members say and do, for who reads a run line by line.

#![allow(clippy::print_stdout)]

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::Message;
use sealbid_types::codec::decode;
use sealbid_types::id::{EnvelopeId, MemberIndex};

/// Prints one line. `what` is the kind of thing that `bytes` encode.
pub(super) fn tell(now: u64, by: MemberIndex, what: &str, bytes: &[u8]) {
    let words = match what {
        "say" => decode::<PeerMessage>(bytes).map_or_else(|_| "something".to_owned(), words),
        "prove" => match <[u8; 32]>::try_from(bytes) {
            Ok(id) => format!("proves {}", EnvelopeId::from(id).short()),
            Err(_) => what.to_owned(),
        },
        "put" | "delete" => {
            let row = bytes.first().copied().unwrap_or_default();
            format!("{what}s a row of table {row}, {} bytes", bytes.len())
        }
        other => other.to_owned(),
    };
    println!("{now:>7} ms  {by:<9}  {words}");
}

fn words(message: PeerMessage) -> String {
    match message {
        PeerMessage::Acknowledgements(batch) => {
            let of = batch.iter().map(|it| {
                let (id, round) = (it.body.envelope.short(), it.body.round);
                format!("{id} for round {round}")
            });
            format!("acknowledges {}", of.collect::<Vec<_>>().join(", "))
        }
        PeerMessage::Report(report) => {
            let body = &report.body;
            format!(
                "report of {} for round {}, slot {}: {} intents, {} quotes",
                report.member,
                body.round,
                body.slot,
                body.intents.len(),
                body.quotes.len()
            )
        }
        PeerMessage::Vote(vote) => {
            let step = match &*vote {
                Message::Proposal(full) => format!("proposal {}", full.header.body.value.short()),
                Message::Header(header) => format!("header {}", header.body.value.short()),
                Message::Prevote(vote) => match vote.body.value {
                    Some(value) => format!("prevote {}", value.short()),
                    None => "prevote nil".to_owned(),
                },
                Message::Precommit(vote) => match vote.body.commitment {
                    Some(it) => format!("precommit {}", it.value.short()),
                    None => "precommit nil".to_owned(),
                },
            };
            format!(
                "{:?} of round {}, view {}, by {}: {step}",
                vote.subject(),
                vote.round(),
                vote.view(),
                vote.member()
            )
        }
        PeerMessage::Certified(it) => format!("certified: round {}", it.close.round),
        PeerMessage::Allocated(it) => format!("allocated: round {}", it.round),
        PeerMessage::Shares(it) => format!(
            "{} shares at the {:?} opening of round {}",
            it.body.shares.len(),
            it.body.opening,
            it.body.round
        ),
        PeerMessage::SignatureShare(it) => {
            format!("signs the {:?} of round {}", it.body.purpose, it.body.round)
        }
        PeerMessage::Want(want) => format!(
            "wants {} reports, {} envelopes",
            want.reports.len(),
            want.envelopes.len()
        ),
        PeerMessage::Envelopes(blobs) => format!("serves {} envelopes", blobs.len()),
        PeerMessage::Heartbeat(it) => format!("heartbeat: {} certified", it.certified),
        PeerMessage::Memory(_) => "shows what it holds of another".to_owned(),
    }
}
