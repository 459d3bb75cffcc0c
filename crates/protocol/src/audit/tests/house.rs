//! A committee with all its secrets, which settles rounds, and signs whatever it is told to.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use sealbid_crypto::{
    AllocationCertificate, Authority, BatchSecret, CheckedEnvelope, CloseCertificate, Combined,
    CommitteeKeys, KeyShare, SignatureShare, check, open,
};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::committee::{ClearingRule, Committee, FORMAT, Member, Provenance, Rules};
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{CloseDigest, EnvelopeId, Epoch, MemberIndex, Round, Slot, View};
use sealbid_types::keys::{PublicKey, Signed};
use sealbid_types::record::{Ancestry, Opening};
use sealbid_types::report::Report;
use sealbid_types::schedule::Schedule;
use sealbid_types::settlement::SignedSettlement;
use sealbid_types::time::Timestamp;

use super::super::*;

pub(super) static SECRET: BatchSecret = BatchSecret::new([0xba; 32]);
const MEMBERS: u8 = 4;
const QUORUM: u8 = 3;

/// A committee of four.
pub(super) struct House {
    pub(super) committee: Committee,
    pub(super) keys: CommitteeKeys,
    shares: Vec<KeyShare>,
}

/// What comes together in a round, besides what its reports list.
pub(super) struct Gathering {
    pub(super) round: Round,
    pub(super) slot: Slot,
    pub(super) previous: CloseDigest,
    /// By member: what it reports.
    pub(super) reports: Vec<(u8, Vec<Envelope>)>,
    pub(super) ancestry: Ancestry,
}

fn member_key(index: u8, use_: u8) -> SigningKey {
    SigningKey::from_bytes(&[index * 8 + use_ + 1; 32])
}

fn committee(keys: sealbid_types::committee::PublicKeys) -> Committee {
    let member = |index| Member {
        identity: PublicKey::of(&member_key(index, 0)),
        house: PublicKey::of(&member_key(index, 1)),
        house_addresses: vec![],
        relay: String::new(),
        door: PublicKey::of(&member_key(index, 2)),
        door_addresses: vec![],
    };
    let schedule = Schedule::usual(Timestamp(1_000_000));
    let rules = Rules {
        clearing: ClearingRule::BestQuote,
        fee_pips: 1,
        verifying_contract: "intents.near".parse().unwrap(),
        most_intents: 30,
        most_quotes: 30,
    };
    Committee {
        format: FORMAT,
        provenance: Provenance::DevelopmentDealer,
        name: "test".into(),
        auction: Committee::auction_id("test", schedule, &rules),
        key: Committee::key_id(keys.commitment[0], keys.public_key_2),
        epoch: Epoch(0),
        quorum: QUORUM,
        schedule,
        rules,
        roster: (0..MEMBERS).map(member).collect(),
        keys,
    }
}

impl House {
    pub(super) fn new() -> Self {
        let dealing = sealbid_dkg::deal(MEMBERS, QUORUM, &[7; 32]).unwrap();
        let keys = CommitteeKeys::new(&dealing.keys, QUORUM).unwrap();
        let committee = committee(dealing.keys);
        let shares = MemberIndex::all(MEMBERS)
            .zip(dealing.shares)
            .map(|(member, secret)| {
                let Committee { auction, epoch, .. } = committee;
                KeyShare::new(&keys, auction, epoch, member, secret).unwrap()
            })
            .collect();
        Self {
            committee,
            keys,
            shares,
        }
    }

    fn combine(
        &self,
        statement: &Statement,
        sign: impl Fn(&KeyShare) -> SignatureShare,
    ) -> FixedBytes<96> {
        let shares = self
            .shares
            .iter()
            .map(|s| (s.member(), sign(s).to_bytes()))
            .collect();
        Combined::new(&self.keys, statement, &shares)
            .unwrap()
            .signature
            .to_bytes()
    }

    fn sign(&self, statement: &Statement) -> FixedBytes<96> {
        self.combine(statement, |share| share.sign(statement).unwrap())
    }

    /// Signs the record's close, whatever it says.
    pub(super) fn certify(&self, record: &mut RoundRecord) -> CloseCertificate {
        let (close, view) = (record.close.clone(), View(1));
        let (auction, epoch, round) = (close.auction, close.epoch, close.round);
        let statement = Statement::Close {
            auction,
            epoch,
            round,
            view,
            close: close.digest(),
        };
        record.certificate = CertificateBytes {
            view,
            signature: self.sign(&statement),
        };
        let certificate = CloseCertificate::verify(&self.keys, close, &record.certificate).unwrap();
        let order = certificate.order_statement();
        record.order = self.combine(&order, |share| share.sign_order(&certificate));
        certificate
    }

    /// Signs the record's allocation and settlement, whatever they say.
    pub(super) fn sign_documents(&self, record: &mut RoundRecord) {
        let Allocation {
            auction,
            epoch,
            round,
            ..
        } = record.allocation;
        let allocation = record.allocation.digest();
        record.allocation_signature = self.sign(&Statement::Allocation {
            auction,
            epoch,
            round,
            allocation,
        });
        let settlement = record.settlement.settlement.digest();
        record.settlement.signature = self.sign(&Statement::Settlement {
            auction,
            epoch,
            round,
            settlement,
        });
    }

    pub(super) fn report(
        &self,
        member: u8,
        round: Round,
        envelopes: &[Envelope],
    ) -> Signed<Report> {
        let ids = |kind| -> Vec<EnvelopeId> {
            let of_kind = envelopes
                .iter()
                .filter(|envelope| envelope.header.kind == kind);
            let ids: BTreeSet<_> = of_kind.map(Envelope::id).collect();
            ids.into_iter().collect()
        };
        let body = Report {
            auction: self.committee.auction,
            epoch: self.committee.epoch,
            round,
            intents: ids(Kind::Intent),
            quotes: ids(Kind::Quote),
        };
        Signed::new(body, MemberIndex(member), &member_key(member, 0))
    }

    fn close(&self, gathering: &Gathering, reports: &[Signed<Report>]) -> Close {
        let closed_at = self.committee.schedule.end_of(gathering.slot);
        let list = |kind| {
            let envelopes = gathering
                .reports
                .iter()
                .flat_map(|(_, envelopes)| envelopes);
            let belong = envelopes.filter(|envelope| {
                let header = &envelope.header;
                header.kind == kind
                    && (header.first..=header.last).contains(&gathering.round)
                    && header.expires >= closed_at
                    && !gathering.ancestry.listed.contains(&envelope.id())
            });
            let ids: BTreeSet<_> = belong.map(Envelope::id).collect();
            ids.into_iter().collect()
        };
        Close {
            auction: self.committee.auction,
            round: gathering.round,
            slot: gathering.slot,
            closed_at,
            key: self.committee.key,
            epoch: self.committee.epoch,
            rules: self.committee.rules.digest(),
            previous: gathering.previous,
            reports: reports.iter().map(Signed::<Report>::id).collect(),
            intents: list(Kind::Intent),
            quotes: list(Kind::Quote),
        }
    }

    fn open(
        &self,
        record: &mut RoundRecord,
        parts: &[PartId],
        authority: &impl Authority,
    ) -> Plaintexts {
        let checked: BTreeMap<EnvelopeId, CheckedEnvelope> = record
            .envelopes
            .iter()
            .map(|e| (e.id(), check(e).unwrap()))
            .collect();
        let parts: Vec<_> = parts
            .iter()
            .map(|(id, part)| checked[id].part(*part).unwrap())
            .collect();
        if parts.is_empty() {
            return Plaintexts::new();
        }
        let release = |share: &KeyShare| {
            let pending = share.share_all(&parts);
            pending
                .iter()
                .map(|p| p.release(authority).unwrap().value)
                .collect()
        };
        let shares = self
            .shares
            .iter()
            .map(|s| (s.member(), release(s)))
            .collect();
        let opened = open(&self.keys, &parts, &shares, &SECRET).unwrap();
        record
            .openings
            .extend(opened.parts.iter().map(|part| part.opening));
        record
            .openings
            .sort_by_key(|opening: &Opening| (opening.envelope, opening.part));
        opened
            .parts
            .into_iter()
            .map(super::super::openings::plaintext)
            .collect()
    }

    /// Settles what came together, as honest members do.
    pub(super) fn settle(&self, gathering: &Gathering) -> RoundRecord {
        let mut reports: Vec<_> = gathering
            .reports
            .iter()
            .map(|(member, envelopes)| self.report(*member, gathering.round, envelopes))
            .collect();
        reports.sort_by_key(Signed::<Report>::id);
        let close = self.close(gathering, &reports);
        let envelopes = gathering
            .reports
            .iter()
            .flat_map(|(_, envelopes)| envelopes);
        let mut envelopes: BTreeMap<_, _> = envelopes.map(|e| (e.id(), e.clone())).collect();
        envelopes.retain(|id, _| !gathering.ancestry.listed.contains(id));
        let mut record = blank(close, reports, envelopes, gathering.ancestry.clone());
        let certificate = self.certify(&mut record);
        self.fill_in(&mut record, &certificate);
        record
    }

    /// Opens, clears and settles a certified close again.
    pub(super) fn fill_in(&self, record: &mut RoundRecord, certificate: &CloseCertificate) {
        record.openings.clear();
        let listed: BTreeMap<EnvelopeId, Envelope> = record
            .envelopes
            .iter()
            .map(|envelope| (envelope.id(), envelope.clone()))
            .filter(|(id, _)| record.close.intents.contains(id) || record.close.quotes.contains(id))
            .collect();
        let first = first_opening(&listed, &record.ancestry.points);
        let plaintexts = self.open(record, &first.parts, certificate);
        let (intents, quotes) = read_opened(&first.void, &listed, &plaintexts);
        let input = {
            let mut errors = Vec::new();
            let audit = Audit {
                committee: &self.committee,
                keys: &self.keys,
                record,
                secret: &SECRET,
                errors: &mut errors,
            };
            audit.clearing_input(intents, quotes)
        };
        record.allocation = clear(&input);
        self.sign_documents(record);
        let authority = AllocationCertificate::verify(
            &self.keys,
            &record.allocation,
            &record.allocation_signature,
        )
        .unwrap();
        let mut parts: Vec<PartId> = record
            .allocation
            .fills
            .iter()
            .map(|f| (f.intent, Part::Authorisation))
            .collect();
        parts.sort_unstable();
        let authorisations = self
            .open(record, &parts, &authority)
            .iter()
            .map(|((id, _), plaintext)| (*id, authorisation(plaintext)))
            .collect();
        record.settlement.settlement = settle(
            &record.allocation,
            &input.intents,
            &authorisations,
            &self.committee.rules,
        );
        self.sign_documents(record);
    }
}

fn blank(
    close: Close,
    reports: Vec<Signed<Report>>,
    envelopes: BTreeMap<EnvelopeId, Envelope>,
    ancestry: Ancestry,
) -> RoundRecord {
    let (auction, epoch, round) = (close.auction, close.epoch, close.round);
    let zero = FixedBytes([0; 96]);
    let allocation = Allocation {
        auction,
        epoch,
        round,
        close: close.digest(),
        order: [0; 32].into(),
        terms: [0; 32].into(),
        fills: vec![],
        unfilled: vec![],
        void: vec![],
        alarm: None,
    };
    let settlement = settle(
        &allocation,
        &BTreeMap::new(),
        &BTreeMap::new(),
        &committee_rules(),
    );
    RoundRecord {
        close,
        certificate: CertificateBytes {
            view: View(0),
            signature: zero,
        },
        reports,
        envelopes: envelopes.into_values().collect(),
        ancestry,
        order: zero,
        openings: vec![],
        allocation,
        allocation_signature: zero,
        settlement: SignedSettlement {
            settlement,
            signature: zero,
        },
    }
}

fn committee_rules() -> Rules {
    Rules {
        clearing: ClearingRule::BestQuote,
        fee_pips: 0,
        verifying_contract: "intents.near".parse().unwrap(),
        most_intents: 1,
        most_quotes: 1,
    }
}
