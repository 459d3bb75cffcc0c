//! How a run stands: what members have settled, hold and say of themselves.

use core::fmt::Write;

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::member::{Input, Output, RequestId};
use sealbid_types::codec::decode;
use sealbid_types::door::{Head, Response};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::record::RoundRecord;
use sealbid_types::report::Receipt;

use super::{World, run};
use crate::house::adversary::Liar;
use crate::world::Disk;

/// How long a text is that nobody keeps.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

impl World {
    /// Members that keep the rules, as far as anybody knows.
    pub fn honest(&self) -> impl Iterator<Item = MemberIndex> + '_ {
        self.house
            .members()
            .filter(|member| self.watch.trusts(*member))
    }

    /// Whether a member was made to lie.
    #[must_use]
    pub fn is_liar(&self, member: MemberIndex) -> bool {
        self.seats[member.as_usize()].liar.is_some()
    }

    /// How often a member has lied, in each of its ways.
    #[must_use]
    pub fn lies(&self, member: MemberIndex) -> Vec<u64> {
        let liar = self.seats[member.as_usize()].liar.as_ref();
        liar.map_or_else(Vec::new, Liar::lies_by_way)
    }

    /// How long a member that runs sleeps if nothing comes, in milliseconds.
    #[must_use]
    pub fn sleeps(&self, member: MemberIndex) -> Option<u64> {
        let seat = &self.seats[member.as_usize()];
        let reading = self.reading(member.as_usize());
        Some(run::sleep(seat.engine.as_deref()?, reading))
    }

    /// How large a running engine is, as it prints itself: a measure of what it remembers.
    #[must_use]
    pub fn size(&self, member: MemberIndex) -> Option<usize> {
        let engine = self.seats[member.as_usize()].engine.as_ref()?;
        let mut length = Length(0);
        write!(length, "{engine:?}").unwrap();
        Some(length.0)
    }

    /// A member's disk.
    #[must_use]
    pub fn disk(&self, member: MemberIndex) -> &Disk {
        &self.seats[member.as_usize()].disk
    }

    /// The records on a member's disk, by round.
    #[must_use]
    pub fn records(&self, member: MemberIndex) -> Vec<RoundRecord> {
        let rows = self.disk(member).scan(Table::Records);
        rows.into_iter()
            .map(|(_, bytes)| decode(&bytes).unwrap())
            .collect()
    }

    /// Where a running member stands, by its own account.
    /// What else the engine says in that step is dropped, writes too. So this is for runs that are
    /// over.
    #[must_use]
    pub fn head(&mut self, member: MemberIndex) -> Option<Head> {
        let reading = self.reading(member.as_usize());
        let request = RequestId(0);
        let engine = self.seats[member.as_usize()].engine.as_mut()?;
        let out = run::step(engine.as_mut(), Input::AskHead { request }, reading);
        out.into_iter().find_map(|output| match output {
            Output::Reply { response, .. } => match *response {
                Response::Head(head) => Some(head),
                _ => None,
            },
            _ => None,
        })
    }

    /// Receipted intents that some honest member has not settled.
    #[must_use]
    pub fn unsettled(&self) -> Vec<&Receipt> {
        let receipts = self
            .receipts
            .values()
            .filter(|r| self.intents.contains(&r.envelope));
        let is_missing = |receipt: &&Receipt| {
            let mut honest = self.honest().filter(|member| self.runs(*member));
            honest.any(|member| {
                !self.seats[member.as_usize()]
                    .settled
                    .contains(&receipt.envelope)
            })
        };
        receipts.filter(is_missing).collect()
    }

    /// Whether every receipted intent is in a round that every honest member has settled.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.unsettled().is_empty()
    }

    /// The newest round that a member has settled.
    #[must_use]
    pub fn settled(&self, member: MemberIndex) -> Round {
        let rows = self.disk(member).scan(Table::Records);
        // Keys are rounds in big-endian order.
        let newest = rows.last().map(|(key, _)| key.as_slice().try_into());
        newest.map_or(Round(0), |key| Round(u64::from_be_bytes(key.unwrap())))
    }

    /// All that can be said of a run that does not go on.
    #[must_use]
    pub fn describe(&mut self) -> String {
        let missing = self.unsettled().into_iter();
        let missing: Vec<_> = missing.map(|r| (r.envelope.short(), r.round())).collect();
        let members: Vec<_> = self.house.members().collect();
        let heads: Vec<_> = members
            .into_iter()
            .map(|member| format!("{member}: {:?}", self.head(member)))
            .collect();
        let mut notices: Vec<_> = self
            .notices
            .iter()
            .map(|(by, notice)| format!("{by}: {notice}"))
            .collect();
        notices.dedup();
        notices.truncate(20);
        format!(
            "seed {} at {} ms: not settled: {missing:?}\n{}\n{:?}\n{:?}\n{notices:#?}\n{:?}",
            self.seed,
            self.now,
            heads.join("\n"),
            self.refusals.iter().take(5).collect::<Vec<_>>(),
            self.halts,
            self.counts,
        )
    }
}
