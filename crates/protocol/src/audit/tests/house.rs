//! A committee with all its secrets, which settles rounds, and signs whatever it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealbid_crypto::{
    AllocationCertificate, Authority, BatchSecret, CheckedEnvelope, CloseCertificate,
    CommitteeKeys, KeyShare, check, open,
};
use sealbid_testkit::house::Founding;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::committee::{ClearingRule, Committee, Rules};
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{CloseDigest, EnvelopeId, MemberIndex, Round, Slot, View};
use sealbid_types::keys::Signed;
use sealbid_types::record::{Ancestry, Opening};
use sealbid_types::report::Report;
use sealbid_types::schedule::Schedule;
use sealbid_types::settlement::SignedSettlement;
use sealbid_types::time::Timestamp;

use super::super::*;

pub(crate) static SECRET: BatchSecret = BatchSecret::new([0xba; 32]);

/// A committee of four.
pub(crate) struct House {
    pub(crate) committee: Arc<Committee>,
    pub(crate) keys: Arc<CommitteeKeys>,
    pub(crate) kit: sealbid_testkit::house::House,
}

/// What comes together in a round, besides what its reports list.
pub(crate) struct Gathering {
    pub(crate) round: Round,
    pub(crate) slot: Slot,
    pub(crate) previous: CloseDigest,
    /// By member: what it reports.
    pub(crate) reports: Vec<(u8, Vec<Envelope>)>,
    pub(crate) ancestry: Ancestry,
}

impl House {
    pub(crate) fn new() -> Self {
        let mut founding = Founding::of(4);
        founding.schedule = Schedule::usual(Timestamp(1_000_000));
        founding.rules.most_intents = 30;
        founding.rules.most_quotes = 30;
        let kit = founding.found();
        Self {
            committee: Arc::clone(&kit.committee),
            keys: Arc::clone(&kit.keys),
            kit,
        }
    }

    /// Signs the record's close, whatever it says.
    pub(crate) fn certify(&self, record: &mut RoundRecord) -> CloseCertificate {
        let close = record.close.clone();
        record.certificate = self.kit.certify(&close, View(1));
        let certificate = CloseCertificate::verify(&self.keys, close, &record.certificate).unwrap();
        record.order = self.kit.sign_order(&certificate);
        certificate
    }

    /// Signs the record's allocation and settlement, whatever they say.
    pub(crate) fn sign_documents(&self, record: &mut RoundRecord) {
        let view = record.allocation_certificate.view;
        record.allocation_certificate.signature = self.kit.sign(&record.allocation.statement(view));
        let statement = record.settlement.settlement.statement();
        record.settlement.signature = self.kit.sign(&statement);
    }

    pub(crate) fn report(
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
            slot: Slot(1),
            intents: ids(Kind::Intent),
            quotes: ids(Kind::Quote),
        };
        let member = MemberIndex(member);
        Signed::new(body, member, &self.kit.identity(member))
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
            slot: gathering.slot,
            closed_at,
            previous: gathering.previous,
            reports: reports.iter().map(Signed::<Report>::id).collect(),
            intents: list(Kind::Intent),
            quotes: list(Kind::Quote),
            ..self.kit.close(gathering.round)
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
        // What a close says of itself, true or not: these members sign whatever they are told to.
        let Close { auction, epoch, .. } = record.close;
        let release = |share: &KeyShare| {
            let pending = share.share_all(&parts);
            pending
                .iter()
                .map(|p| p.release(authority).unwrap().value)
                .collect()
        };
        let shares = self
            .kit
            .members()
            .map(|member| (member, release(&self.kit.share_in(member, auction, epoch))))
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
    pub(crate) fn settle(&self, gathering: &Gathering) -> RoundRecord {
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
    pub(crate) fn fill_in(&self, record: &mut RoundRecord, certificate: &CloseCertificate) {
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
            &record.allocation_certificate,
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
        allocation_certificate: CertificateBytes {
            view: View(0),
            signature: zero,
        },
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
