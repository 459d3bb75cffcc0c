//! What two honest rounds of the [`House`] leave behind: what many targets begin with.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use linear::house::Disk;
use linear_protocol::disk::{Recall as _, Table};
use linear_protocol::member::message::{CertifiedClose, PeerMessage};
use linear_protocol::member::summary;
use linear_protocol::opening::{Parts, first_opening};
use linear_protocol::vote::{Evidence, Message as Ballot};
use linear_types::bytes::Blob;
use linear_types::codec::{decode, encode};
use linear_types::door::Response;
use linear_types::id::{MemberIndex, Round};
use linear_types::keys::Signed;
use linear_types::record::RoundRecord;

use crate::audit;
use crate::house::{House, LIAR, Trace, envelopes, fixture};

/// What two honest rounds leave behind.
pub(crate) struct Traces {
    messages: Vec<PeerMessage>,
    pub(crate) records: Vec<Vec<u8>>,
    /// The store of member 0 at some moments, and when.
    pub(crate) disks: Vec<(Disk, u64)>,
}

impl Traces {
    pub(crate) fn get() -> &'static Self {
        static TRACES: OnceLock<Traces> = OnceLock::new();
        TRACES.get_or_init(Self::play)
    }

    fn play() -> Self {
        let mut house = House::new();
        house.trace = Some(Trace::default());
        for moment in 0..200_u64 {
            // Some for the first round, and one for the second.
            match moment {
                4 => (0..5).for_each(|at| house.submit(MemberIndex(0), encode(&envelopes()[at]))),
                50 => house.submit(MemberIndex(1), encode(&envelopes()[6])),
                120 => house.restart(MemberIndex(2)),
                _ => {}
            }
            house.wait(50);
            house.flush(400);
            if house.newest() >= Round(2) && moment > 130 {
                break;
            }
        }
        assert!(house.newest() >= Round(2), "settled {}", house.newest());
        let records = house.disk(MemberIndex(0)).scan(Table::Records);
        let Trace { messages, disks } = house.trace.take().unwrap();
        let newest = disks.last().cloned();
        let some = disks.into_iter().step_by(5);
        Self {
            messages: one_of_each(messages.iter().map(|bytes| decode(bytes).unwrap())),
            records: records.into_iter().map(|(_, row)| row).collect(),
            disks: some.chain(newest).collect(),
        }
    }

    fn rows(&self, table: Table) -> Vec<Vec<u8>> {
        let rows = self.disks.iter().flat_map(|(disk, _)| disk.scan(table));
        let mut rows: Vec<_> = rows.map(|(_, row)| row).collect();
        rows.sort();
        rows.dedup();
        rows
    }
}

fn kind(message: &PeerMessage) -> (u8, u8) {
    match message {
        PeerMessage::Acknowledgements(_) => (0, 0),
        PeerMessage::Report(_) => (1, 0),
        PeerMessage::Vote(ballot) => match &**ballot {
            Ballot::Proposal(full) => (2, full.header.body.subject as u8),
            Ballot::Header(_) => (3, 0),
            Ballot::Prevote(signed) => (4, signed.body.subject as u8),
            Ballot::Precommit(signed) => (5, signed.body.subject as u8),
        },
        PeerMessage::Certified(_) => (6, 0),
        PeerMessage::Shares(signed) => (7, signed.body.opening as u8),
        PeerMessage::SignatureShare(signed) => (8, signed.body.purpose as u8),
        PeerMessage::Want(_) => (9, 0),
        PeerMessage::Envelopes(_) => (10, 0),
        PeerMessage::Heartbeat(said) => (11, u8::from(said.question.is_some())),
        PeerMessage::Memory(_) => (12, 0),
        PeerMessage::Allocated(_) => (13, 0),
    }
}

fn one_of_each(messages: impl Iterator<Item = PeerMessage>) -> Vec<PeerMessage> {
    let mut each = BTreeMap::new();
    for message in messages {
        each.entry(kind(&message)).or_insert(message);
    }
    each.into_values().collect()
}

/// One message of each kind that was sent.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    Traces::get().messages.iter().map(encode).collect()
}

fn pick<T>(of: impl Fn(&PeerMessage) -> Option<T>) -> Vec<T> {
    let picked: Vec<_> = Traces::get().messages.iter().filter_map(of).collect();
    assert!(!picked.is_empty());
    picked
}

pub(crate) fn ballots() -> Vec<Vec<u8>> {
    pick(|message| match message {
        PeerMessage::Vote(ballot) => Some(encode(&**ballot)),
        _ => None,
    })
}

pub(crate) fn shares() -> Vec<Vec<u8>> {
    pick(|message| match message {
        PeerMessage::Shares(signed) => Some(encode(&signed.body)),
        _ => None,
    })
}

pub(crate) fn signature_shares() -> Vec<Vec<u8>> {
    pick(|message| match message {
        PeerMessage::SignatureShare(signed) => Some(encode(&signed.body)),
        _ => None,
    })
}

pub(crate) fn certified_closes() -> Vec<Vec<u8>> {
    let records = Traces::get().records.iter();
    let record = |bytes: &Vec<u8>| decode::<RoundRecord>(bytes).unwrap();
    let certified = records.map(record).map(|record| CertifiedClose {
        close: record.close,
        certificate: record.certificate,
    });
    certified.map(|certified| encode(&certified)).collect()
}

/// The parts that a round opens: of which members name the digest.
pub(crate) fn parts() -> Vec<Vec<u8>> {
    let record: RoundRecord = decode(&Traces::get().records[0]).unwrap();
    let envelopes = record.envelopes.into_iter().map(|it| (it.id(), it));
    let opening = first_opening(&envelopes.collect(), &[]);
    vec![encode(&Parts(opening.parts))]
}

pub(crate) fn outcomes() -> Vec<Vec<u8>> {
    Traces::get().rows(Table::Outcomes)
}

pub(crate) fn vote_states() -> Vec<Vec<u8>> {
    Traces::get().rows(Table::Votes)
}

/// Two ballots of one step, signed by the liar; precommits whose share is said to be wrong, and is if the liar has signed them.
pub(crate) fn accusations() -> Vec<Evidence> {
    let identity = fixture().secrets(LIAR).identity;
    let of_each = pick(|message| match message {
        PeerMessage::Vote(ballot) => match &**ballot {
            Ballot::Prevote(signed) => {
                let mut nil = signed.body;
                nil.value = None;
                let pair = [signed.body, nil].map(|body| Signed::new(body, LIAR, &identity));
                Some(vec![Evidence::Prevotes(pair)])
            }
            Ballot::Precommit(signed) => {
                let anothers = Signed::new(signed.body, LIAR, &identity);
                Some([signed.clone(), anothers].map(Evidence::BadShare).to_vec())
            }
            _ => None,
        },
        _ => None,
    });
    of_each.concat()
}

pub(crate) fn vote_evidence() -> Vec<Vec<u8>> {
    accusations().iter().map(encode).collect()
}

/// What a front door says of two rounds.
pub(crate) fn answers() -> Vec<Vec<u8>> {
    let traces = Traces::get();
    let records = traces.records.iter().map(|bytes| {
        let record: RoundRecord = decode(bytes).unwrap();
        let summary = summary(&record);
        [
            Response::Rounds(vec![summary]),
            Response::Record(Box::new(record)),
        ]
    });
    let kept = Response::Evidence(audit::kept().into_iter().map(Blob::from).collect());
    records
        .flatten()
        .chain([kept])
        .map(|it| encode(&it))
        .collect()
}
