//! Answers of a front door, which may be a liar's.

use sealbid_types::codec::encode;
use sealbid_types::door::{MOST_VERSION_BYTES, Response, record_bytes};
use sealbid_types::record::RoundRecord;

use crate::encodings::{canonical, frozen, with_json};
use crate::{Target, traces};

/// The record in an answer is taken out of it unread: it has to be the one that reading finds there.
fn response(bytes: &[u8]) {
    let cut = record_bytes(bytes);
    match with_json::<Response>(bytes) {
        Some(Response::Record(record)) => assert!(cut == Some(encode(&*record))),
        Some(Response::Head(head)) => assert!(head.version.len() <= MOST_VERSION_BYTES),
        Some(_) => assert!(cut.is_none()),
        None => {
            // Of what is no answer, nothing that is cut out of it is a record either.
            if let Some(cut) = cut {
                assert!(canonical::<RoundRecord>(&cut).is_none());
            }
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = frozen::<Response>();
    seeds.extend(traces::answers());
    seeds
}

pub(crate) const TARGETS: &[Target] = &[Target::new("door-response", response, seeds)];
