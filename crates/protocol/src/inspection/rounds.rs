//! The rows of certified and settled rounds.

use std::collections::BTreeMap;

use sealbid_crypto::{BatchSecret, CloseCertificate, CommitteeKeys};
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::codec::encode;
use sealbid_types::committee::Committee;
use sealbid_types::door::EnvelopeStatus;
use sealbid_types::id::{CloseDigest, EnvelopeId, Round};
use sealbid_types::record::RoundRecord;

use super::{Extent, Link, RowFault, read, require, round_of};
use crate::audit::{AuditError, AuditedRound, ChainAudit, audit_record};
use crate::chain::{Row, certified_close};
use crate::disk::{Recall, Table};
use crate::settlement::{StoredOutcome, outcomes};

/// What the rows of rounds have shown so far.
pub(super) struct Rounds<'a> {
    committee: &'a Committee,
    keys: &'a CommitteeKeys,
    secret: &'a BatchSecret,
    /// Audits records as a chain, as long as they go back to the first round.
    chain: Option<ChainAudit<'a>>,
    /// The first round whose record is kept.
    since: Round,
    /// The closes of settled rounds, which are certified.
    certified: BTreeMap<Round, (CloseDigest, CertificateBytes)>,
    /// The newest row of closes.
    newest: Option<Link>,
    /// The round of the newest record.
    recorded: Round,
    /// The points of the newest records' entries.
    points: BTreeMap<Round, Vec<Vec<u8>>>,
}

/// For how many rounds points are remembered here: a little longer than a store keeps them.
const POINTS_KEPT: usize = 80;

impl<'a> Rounds<'a> {
    pub(super) fn new(
        committee: &'a Committee,
        keys: &'a CommitteeKeys,
        secret: &'a BatchSecret,
    ) -> Self {
        Self {
            committee,
            keys,
            secret,
            chain: Some(ChainAudit::new(committee, keys, secret)),
            since: Round(1),
            certified: BTreeMap::new(),
            newest: None,
            recorded: Round(0),
            points: BTreeMap::new(),
        }
    }

    /// Records are kept from this round on.
    pub(super) fn begin(&mut self, since: Round) {
        self.since = since.max(Round(1));
        self.recorded = Round(self.since.0.saturating_sub(1));
        if self.since > Round(1) {
            self.chain = None;
        }
    }

    fn settled(&self) -> Round {
        let last = self.certified.last_key_value();
        last.map_or(Round(0), |(round, _)| *round)
    }

    /// A certified close under its round.
    fn read_close(&self, key: &[u8], value: &[u8]) -> Result<(Close, CertificateBytes), RowFault> {
        let round = round_of(key)?;
        let certified = certified_close(value).ok_or(RowFault::Unreadable)?;
        let close = certified.close;
        require(close.round == round, RowFault::Key)?;
        let own = (self.committee.auction, self.committee.epoch);
        require((close.auction, close.epoch) == own, RowFault::Foreign)?;
        // One that was verified as a settled round's is not verified again.
        let certificate = certified.certificate;
        if self.certified.get(&round) != Some(&(close.digest(), certificate)) {
            CloseCertificate::verify(self.keys, close.clone(), &certificate)
                .map_err(|_| RowFault::Certificate(round))?;
        }
        Ok((close, certificate))
    }

    /// Every settled round's, from the first on.
    pub(super) fn certificate(&mut self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        let (close, certificate) = self.read_close(key, value)?;
        let last = self.certified.last_key_value();
        let (round, digest) = last.map_or((Round(0), Close::GENESIS), |(round, (digest, _))| {
            (*round, *digest)
        });
        require(close.round == round.next(), RowFault::Missing(round.next()))?;
        require(close.previous == digest, RowFault::Chain(close.round))?;
        let kept = (close.digest(), certificate);
        self.certified.insert(close.round, kept);
        Ok(())
    }

    /// The newest rounds', of which the last need not be settled.
    pub(super) fn close(&mut self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        let (close, _) = self.read_close(key, value)?;
        let (round, digest) = (close.round, close.digest());
        match self.certified.get(&round) {
            Some((kept, _)) => require(
                *kept == digest,
                RowFault::Contradicted("the certificate of its round"),
            )?,
            // A round is certified only once the one before is settled, or being settled.
            None => require(
                round <= self.settled().next(),
                RowFault::Missing(self.settled().next()),
            )?,
        }
        let before = self.newest.or_else(|| {
            let round = round.previous()?;
            let (digest, _) = self.certified.get(&round)?;
            Some((round, *digest))
        });
        if let Some((previous, parent)) = before {
            require(round == previous.next(), RowFault::Missing(previous.next()))?;
            require(close.previous == parent, RowFault::Chain(round))?;
        }
        self.newest = Some((round, digest));
        Ok(())
    }

    /// A record, all of which is computed again, and what became of its entries.
    pub(super) fn record(
        &mut self,
        key: &[u8],
        value: &[u8],
        store: &impl Recall,
    ) -> Result<(), RowFault> {
        let round = round_of(key)?;
        let record: RoundRecord = read(value)?;
        require(record.close.round == round, RowFault::Key)?;
        let certified = self.certified.get(&round);
        let (certified, _) = certified.ok_or(RowFault::Alone("the certificate of its round"))?;
        require(
            *certified == record.close.digest(),
            RowFault::Contradicted("the certificate of its round"),
        )?;
        let expected = self.recorded.next();
        require(round >= self.since, RowFault::Key)?;
        require(round == expected, RowFault::Missing(expected))?;
        self.recorded = round;
        self.audit(&record)?;
        for (id, status) in outcomes(&record) {
            let row = store.get(Table::Outcomes, id.as_bytes());
            let row = row.ok_or(RowFault::Alone("the outcome of one of its entries"))?;
            require(
                row == encode(&StoredOutcome(status)),
                RowFault::Contradicted("the outcome of one of its entries"),
            )?;
        }
        self.remember_points(&record);
        Ok(())
    }

    fn audit(&mut self, record: &RoundRecord) -> Result<AuditedRound, RowFault> {
        let audited = match &mut self.chain {
            Some(chain) => chain.next(record),
            None => audit_record(self.committee, self.keys, record, self.secret),
        };
        let first = |errors: Vec<AuditError>| {
            let first = errors.first().map(ToString::to_string);
            RowFault::Record(first.unwrap_or_default())
        };
        audited.map_err(first)
    }

    fn remember_points(&mut self, record: &RoundRecord) {
        let close = &record.close;
        let listed = |id: &EnvelopeId| close.intents.contains(id) || close.quotes.contains(id);
        let mut points: Vec<_> = record
            .envelopes
            .iter()
            .filter(|envelope| listed(&envelope.id()))
            .flat_map(|envelope| envelope.sealed.parts())
            .map(|(_, part)| part.u.as_bytes().to_vec())
            .collect();
        points.sort_unstable();
        self.points.insert(close.round, points);
        while self.points.len() > POINTS_KEPT {
            self.points.pop_first();
        }
    }

    /// A row of the chain under its own key.
    fn chain_row(table: Table, key: &[u8], value: &[u8]) -> Result<Row, RowFault> {
        let row = Row::decode(table, value).and_then(Result::ok);
        let row = row.ok_or(RowFault::Unreadable)?;
        require(row.key().place() == (table, key.to_vec()), RowFault::Key)?;
        Ok(row)
    }

    /// The points of a round's entries: those of its record, if that is kept.
    pub(super) fn points(&mut self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        let Row::Points(used) = Self::chain_row(Table::Points, key, value)? else {
            return Err(RowFault::Unreadable);
        };
        let mut points: Vec<_> = used
            .points
            .iter()
            .map(|(u, _)| u.as_bytes().to_vec())
            .collect();
        points.sort_unstable();
        match self.points.get(&used.round) {
            Some(recorded) => require(
                *recorded == points,
                RowFault::Contradicted("the record of its round"),
            ),
            None => Ok(()),
        }
    }

    /// A used nonce, of a round that is settled.
    pub(super) fn nonce(&self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        let Row::Nonce(used) = Self::chain_row(Table::Nonces, key, value)? else {
            return Err(RowFault::Unreadable);
        };
        require(
            used.round <= self.settled(),
            RowFault::Alone("the certificate of its round"),
        )
    }

    /// What became of an envelope: in a round that is settled, if in any.
    pub(super) fn outcome(&self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        require(key.len() == 32, RowFault::Key)?;
        let StoredOutcome(status) = read(value)?;
        let round = match status {
            EnvelopeStatus::Filled { round, .. }
            | EnvelopeStatus::Unfilled { round, .. }
            | EnvelopeStatus::Void { round, .. }
            | EnvelopeStatus::Quoted { round, .. } => round,
            EnvelopeStatus::Expired => return Ok(()),
            // What is still to come has no row.
            EnvelopeStatus::Unknown
            | EnvelopeStatus::Pending { .. }
            | EnvelopeStatus::Listed { .. } => return Err(RowFault::Unreadable),
        };
        require(
            self.certified.contains_key(&round),
            RowFault::Alone("the certificate of its round"),
        )
    }

    pub(super) fn finish(&self) -> Result<Extent, RowFault> {
        let settled = self.settled();
        require(
            self.recorded >= settled,
            RowFault::Missing(self.recorded.next()),
        )?;
        let newest = self.newest.map_or(Round(0), |(round, _)| round);
        require(newest >= settled, RowFault::Missing(settled))?;
        Ok(Extent {
            settled,
            certified: newest,
            since: self.since,
        })
    }
}
