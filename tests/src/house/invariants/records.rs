//! Members settle a round alike: their records are equal to the byte, and none is passed over.
//!
//! To the byte, since a record is what an auditor, a relayer and a member that catches up take
//! from any one of them: a difference that no field shows would still make two files of one round.
//! Certificates are the exception: one close, and one allocation, may be certified in two views, and
//! either is as good (docs/protocol.md 8). That each verifies the audit of `chain` asks.

use std::collections::BTreeMap;

use sealbid_protocol::disk::{Recall, Table};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::CertificateBytes;
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::{MemberIndex, View};
use sealbid_types::record::RoundRecord;

use super::{Invariant, Scene, Verdict};
use crate::house::world::World;

pub(super) struct Records;

/// What a person looks at first, in this order. Nothing is checked by it.
fn difference(one: &[u8], other: &[u8]) -> &'static str {
    let (one, other): (RoundRecord, RoundRecord) = (decode(one).unwrap(), decode(other).unwrap());
    if one.close != other.close {
        "the close"
    } else if !may_both_be(&one.certificate, &other.certificate) {
        "the certificate, of one view"
    } else if one.ancestry != other.ancestry {
        "the ancestry"
    } else if one.order != other.order {
        "the order"
    } else if one.settlement != other.settlement {
        "the settlement"
    } else if one.openings != other.openings {
        "the openings"
    } else {
        "something else"
    }
}

/// Whether two certificates may stand in records of one round: threshold signatures are unique, so
/// those of one view are equal.
fn may_both_be(one: &CertificateBytes, other: &CertificateBytes) -> bool {
    one == other || one.view != other.view
}

/// Whether two records differ in nothing but the views of their certificates.
fn are_alike(one: &[u8], other: &[u8]) -> bool {
    let read = |bytes: &[u8]| -> RoundRecord { decode(bytes).unwrap() };
    let (first, second) = (read(one), read(other));
    let (of_first, of_second) = (
        &first.allocation_certificate,
        &second.allocation_certificate,
    );
    may_both_be(&first.certificate, &second.certificate)
        && may_both_be(of_first, of_second)
        && uncertified(first) == uncertified(second)
}

/// The record with neither of its certificates.
fn uncertified(mut record: RoundRecord) -> Vec<u8> {
    let none = CertificateBytes {
        view: View(0),
        signature: FixedBytes([0; 96]),
    };
    (record.certificate, record.allocation_certificate) = (none, none);
    encode(&record)
}

impl Invariant for Records {
    fn name(&self) -> &'static str {
        "records are equal to the byte"
    }

    fn at_end(&mut self, _: &Scene, world: &World) -> Verdict {
        let mut first: BTreeMap<Vec<u8>, (MemberIndex, Vec<u8>)> = BTreeMap::new();
        let honest: Vec<_> = world.honest().collect();
        for member in honest {
            let rows = world.disk(member).scan(Table::Records);
            // From 1 on without gaps: a round that was skipped would be missing here.
            for (number, (key, bytes)) in rows.into_iter().enumerate() {
                let round = number as u64 + 1;
                if key != round.to_be_bytes() {
                    return Err(format!("{member} has none of round {round}"));
                }
                let (by, of_first) = first.entry(key).or_insert((member, bytes.clone()));
                if *of_first != bytes && !are_alike(of_first, &bytes) {
                    let what = difference(of_first, &bytes);
                    return Err(format!(
                        "{by} and {member} differ in {what} of round {round}"
                    ));
                }
            }
        }
        Ok(())
    }
}
