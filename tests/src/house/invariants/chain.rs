//! Rounds form a chain: each close names the one before and a later slot, lists nothing that an
//! earlier one lists, and its record says exactly what earlier rounds rule out. And what members
//! hold passes the audit that anybody can run.
//!
//! What a record says of earlier rounds no record shows by itself (docs/protocol.md 4.6 and 8). So
//! it is computed here from all records before it, with two maps, and not by the members' ledger.
//! That forgets after 64 rounds and this does not: runs are to be shorter.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::BatchSecret;
use sealbid_protocol::audit::audit_chain;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::Close;
use sealbid_types::id::{EnvelopeId, Round, Slot};
use sealbid_types::record::{RoundRecord, UsedU};

use super::{Invariant, Scene, Verdict};
use crate::house::world::World;

pub(super) struct Chain;

#[derive(Default)]
struct Before {
    /// By the round that lists it.
    listed: BTreeMap<EnvelopeId, Round>,
    /// All holders of a point, since a record may name any of them. That it names them all is not
    /// asked.
    points: BTreeSet<(FixedBytes<96>, EnvelopeId, Round)>,
}

impl Before {
    fn check(&self, record: &RoundRecord) -> Verdict {
        let round = record.close.round;
        let entries: BTreeSet<_> = entries(&record.close).collect();
        if let Some(id) = entries.iter().find(|id| self.listed.contains_key(*id)) {
            return Err(format!("round {round} lists {} again", id.short()));
        }
        let reported = record.reports.iter();
        let reported = reported.flat_map(|r| r.body.intents.iter().chain(&r.body.quotes));
        // What reports name though it was listed before: the close leaves it out, and the record
        // says why.
        let earlier: BTreeSet<_> = reported
            .filter(|id| self.listed.contains_key(*id))
            .collect();
        if earlier != record.ancestry.listed.iter().collect() {
            return Err(format!(
                "round {round} says wrongly what earlier rounds list"
            ));
        }
        let mut used = BTreeSet::new();
        for envelope in record
            .envelopes
            .iter()
            .filter(|e| entries.contains(&e.id()))
        {
            used.extend(envelope.sealed.parts().map(|(_, part)| part.u));
        }
        let is_true = |point: &UsedU| {
            let (u, id, of) = (point.u, point.envelope, point.round);
            used.contains(&u) && self.points.contains(&(u, id, of))
        };
        let is_known = |u: &&FixedBytes<96>| self.points.iter().any(|(of, ..)| of == *u);
        // Both ways: what it says is true, and nothing is missing that would void an entry.
        let said: BTreeSet<_> = record.ancestry.points.iter().map(|point| point.u).collect();
        let expected: BTreeSet<_> = used.iter().filter(is_known).copied().collect();
        if !record.ancestry.points.iter().all(is_true) || said != expected {
            return Err(format!("round {round} says wrongly which points are used"));
        }
        Ok(())
    }

    fn append(&mut self, record: &RoundRecord) {
        let round = record.close.round;
        let entries: BTreeSet<_> = entries(&record.close).collect();
        for envelope in record
            .envelopes
            .iter()
            .filter(|e| entries.contains(&e.id()))
        {
            let id = envelope.id();
            let parts = envelope.sealed.parts();
            self.points
                .extend(parts.map(|(_, part)| (part.u, id, round)));
        }
        self.listed
            .extend(entries.into_iter().map(|id| (id, round)));
    }
}

fn entries(close: &Close) -> impl Iterator<Item = EnvelopeId> + '_ {
    close.intents.iter().chain(&close.quotes).copied()
}

fn check_links(records: &[RoundRecord]) -> Verdict {
    let (mut parent, mut slot, mut before) = (Close::GENESIS, Slot(0), Before::default());
    for record in records {
        let (close, round) = (&record.close, record.close.round);
        if close.previous != parent || close.slot <= slot {
            return Err(format!("round {round} does not follow the one before"));
        }
        before.check(record)?;
        before.append(record);
        (parent, slot) = (close.digest(), close.slot);
    }
    Ok(())
}

impl Invariant for Chain {
    fn name(&self) -> &'static str {
        "rounds form a chain"
    }

    fn at_end(&mut self, scene: &Scene, world: &World) -> Verdict {
        let honest: Vec<_> = world.honest().collect();
        let mut audited: Option<Vec<RoundRecord>> = None;
        for member in honest {
            let records = world.records(member);
            let rooted = |what: String| format!("at {member}: {what}");
            check_links(&records).map_err(rooted)?;
            // Equal records need no second audit: it takes longer than all the rest.
            let known = audited
                .as_ref()
                .is_some_and(|audited| audited.starts_with(&records));
            if !known {
                let (committee, keys) = (&scene.house.committee, &scene.house.keys);
                // A fixed secret will do: no liar here makes its points for it.
                audit_chain(committee, keys, &records, &BatchSecret::new([1; 32]))
                    .map_err(|errors| format!("the audit at {member}: {errors:?}"))?;
                audited = Some(records);
            }
        }
        Ok(())
    }
}
