//! A receipt is q promises that anybody can check, for a round that is near; and it is honoured in
//! that round or an earlier one, in every case but that the envelope had expired.
//!
//! This is what a client has of it all (docs/protocol.md 4.3). It is asked of receipts that honest
//! members gave out, which may hold acknowledgements of liars.

use std::collections::BTreeSet;

use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::report::Receipt;

use super::{Invariant, Promise, Scene, Verdict};
use crate::house::world::World;

#[derive(Default)]
pub(super) struct Receipts {
    given: Vec<Receipt>,
    /// Acknowledgements that were lost with a disk, and that no member had heard. A client may hold
    /// them in a receipt, which no member asks it for.
    gone: BTreeSet<(MemberIndex, EnvelopeId)>,
}

impl Receipts {
    /// How many of a receipt's acknowledgements bind nobody.
    fn void(&self, scene: &Scene, receipt: &Receipt) -> usize {
        let binds = |member: MemberIndex| {
            scene.trusts(member) && !self.gone.contains(&(member, receipt.envelope))
        };
        let all = receipt.acknowledgements.iter();
        all.filter(|signed| !binds(signed.member)).count()
    }
}

fn is_proven(scene: &Scene, receipt: &Receipt) -> bool {
    let committee = &scene.house.committee;
    let members: BTreeSet<_> = receipt
        .acknowledgements
        .iter()
        .filter(|signed| {
            let body = &signed.body;
            let is_of_it = body.envelope == receipt.envelope
                && (body.auction, body.epoch) == (committee.auction, committee.epoch);
            let member = committee.member(signed.member);
            is_of_it && member.is_some_and(|member| signed.verify(&member.identity).is_ok())
        })
        .map(|signed| signed.member)
        .collect();
    members.len() >= committee.quorum() && members.len() == receipt.acknowledgements.len()
}

impl Invariant for Receipts {
    fn name(&self) -> &'static str {
        "receipts are honoured"
    }

    fn receipted(&mut self, scene: &Scene, receipt: &Receipt) -> Verdict {
        let (id, round) = (receipt.envelope.short(), receipt.round());
        if !is_proven(scene, receipt) {
            return Err(format!("{id} has a receipt that is none"));
        }
        let Some(header) = scene.headers.get(&receipt.envelope) else {
            return Err(format!("{id} has a receipt, and nobody has seen it"));
        };
        let certified = scene.closes.keys().next_back().copied().unwrap_or_default();
        // The open round is the one after the last certified, and the latest that counts is the
        // one after that; unless the envelope begins later.
        let latest = header.first.max(Round(certified.0 + 2));
        if round > latest || round > header.last {
            let last = header.last;
            return Err(format!(
                "{id} has a receipt for round {round}: {latest} is the latest that it can be, and {last} its last"
            ));
        }
        self.given.push(receipt.clone());
        Ok(())
    }

    fn gone(&mut self, by: MemberIndex, promise: Promise) {
        if let Promise::Acknowledgement(id) = promise {
            self.gone.insert((by, id));
        }
    }

    fn at_end(&mut self, scene: &Scene, _: &World) -> Verdict {
        for receipt in &self.given {
            // A member that was restored and cannot know what it promised is one of those that the
            // committee bears, or does not (docs/protocol.md 8).
            if self.void(scene, receipt) > scene.house.bearable() {
                continue;
            }
            let (id, round) = (&receipt.envelope, receipt.round());
            // Not closed within the run: whether rounds go on is asked by the scenario.
            let Some(close) = scene.closes.get(&round) else {
                continue;
            };
            let has_expired = scene.headers[id].expires < close.closed_at;
            if !scene.listed_before(id, round.next()) && !has_expired {
                let id = id.short();
                return Err(format!(
                    "{id} has one for round {round}, and no round up to it lists it"
                ));
            }
        }
        Ok(())
    }
}
