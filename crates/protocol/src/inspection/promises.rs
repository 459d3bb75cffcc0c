//! The rows of what this member has promised and of what others have said.

use sealbid_types::codec::Schema;
use sealbid_types::id::{AuctionId, Epoch};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use super::{Inspection, RowFault, read, require, round_of};
use crate::admission::Readable;
use crate::chain::certified_close;
use crate::claims::witnessed;
use crate::disk::{Recall, Table};
use crate::evidence::Evidence;
use crate::member::report_key;
use crate::promises::{Promised, promised};
use crate::vote::{Subject, VoteState};

impl Inspection<'_> {
    fn is_signed<T: Schema>(&self, signed: &Signed<T>) -> Result<(), RowFault> {
        let member = self.committee.member(signed.member);
        let member = member.ok_or(RowFault::Foreign)?;
        let verified = signed.verify(&member.identity);
        verified.map_err(|_| RowFault::Signature)
    }

    fn belongs(&self, auction: AuctionId, epoch: Epoch) -> Result<(), RowFault> {
        let own = (self.committee.auction, self.committee.epoch);
        require((auction, epoch) == own, RowFault::Foreign)
    }

    fn is_report(&self, report: &Signed<Report>) -> Result<(), RowFault> {
        self.belongs(report.body.auction, report.body.epoch)?;
        require(report.body.is_sorted(), RowFault::Unreadable)?;
        self.is_signed(report)
    }

    /// An envelope that waits: it has passed the gate, or nobody could open it.
    pub(super) fn envelope(&self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        let wrong = |what: String| RowFault::Envelope(what);
        let readable = Readable::new(self.committee, value.to_vec())
            .map_err(|unreadable| wrong(unreadable.refusal.to_string()))?;
        require(readable.id().as_bytes().as_slice() == key, RowFault::Key)?;
        let checked = sealbid_crypto::check(readable.envelope());
        checked
            .map(|_| ())
            .map_err(|error| wrong(error.to_string()))
    }

    /// A promise to report an envelope: that has to be here.
    pub(super) fn acknowledgement(
        &self,
        key: &[u8],
        value: &[u8],
        store: &impl Recall,
    ) -> Result<(), RowFault> {
        round_of(value).map_err(|_| RowFault::Unreadable)?;
        let envelope = store.get(Table::Envelopes, key);
        require(envelope.is_some(), RowFault::Alone("the envelope"))
    }

    pub(super) fn report(&self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        let report: Signed<Report> = read(value)?;
        require(report_key(&report) == key, RowFault::Key)?;
        self.is_report(&report)
    }

    /// The state of a vote. The vote itself checks it in full when the member starts.
    pub(super) fn vote(&self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        let state: VoteState = read(value)?;
        let subjects = [Subject::Close, Subject::Allocation];
        let keys = subjects.map(|subject| crate::member::vote_key(state.round(), subject));
        require(keys.iter().any(|own| own == key), RowFault::Key)
    }

    pub(super) fn promise(&self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        match promised(key, value).ok_or(RowFault::Unreadable)? {
            Promised::Cut(Some(report)) => {
                require(report.member == self.member, RowFault::Foreign)?;
                self.is_report(&report)
            }
            Promised::Cut(None) | Promised::Statement => Ok(()),
        }
    }

    /// Acknowledgements of others, which are kept unverified.
    pub(super) fn witnessed(&self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        require(key.len() == 8, RowFault::Key)?;
        let all = witnessed(value).ok_or(RowFault::Unreadable)?;
        all.iter()
            .try_for_each(|signed| self.belongs(signed.body.auction, signed.body.epoch))
    }

    pub(super) fn evidence(
        &self,
        key: &[u8],
        value: &[u8],
        store: &impl Recall,
    ) -> Result<(), RowFault> {
        let evidence: Evidence = read(value)?;
        require(evidence.key() == key, RowFault::Key)?;
        let round = evidence.round().0.to_be_bytes();
        let own = store.get(Table::Closes, &round);
        let evidence = evidence.beside(own.as_deref().and_then(certified_close));
        let judged = evidence.judge(self.committee, self.keys);
        judged.map_err(RowFault::Evidence)
    }
}
