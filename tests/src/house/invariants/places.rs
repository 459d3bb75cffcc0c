//! For no round are more than floor(cap / q) envelopes of a kind acknowledged that it could list:
//! q full reports fit into a close.
//!
//! That is what keeps the promises keepable (docs/protocol.md 4.3): a member that had acknowledged
//! more could not report all of it. What it has sent is counted, not what its inbox holds.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::envelope::Kind;
use sealbid_types::id::{EnvelopeId, Round};

use super::{Invariant, Said, Scene, Verdict};

pub(super) struct Places;

impl Places {
    fn most(scene: &Scene, kind: Kind) -> usize {
        let (rules, quorum) = (&scene.house.committee.rules, scene.house.committee.quorum());
        let cap = match kind {
            Kind::Intent => rules.most_intents,
            Kind::Quote => rules.most_quotes,
        };
        usize::try_from(cap).unwrap() / quorum
    }

    fn check(scene: &Scene, said: &Said<'_>, kind: Kind) -> Verdict {
        let open = scene
            .closes
            .keys()
            .next_back()
            .map_or(Round(1), |round| round.next());
        let least = (said.by, EnvelopeId::from([0; 32]));
        let earlier = scene.acknowledgements.range(least..);
        let earlier = earlier
            .take_while(|((by, _), _)| *by == said.by)
            .map(|((_, id), from)| (*id, *from));
        // The batch itself counts: one message may break the bound.
        let mut all: std::collections::BTreeMap<EnvelopeId, Round> = earlier.collect();
        if let PeerMessage::Acknowledgements(batch) = said.message {
            let own = batch.iter().filter(|signed| signed.member == said.by);
            for signed in own {
                all.entry(signed.body.envelope).or_insert(signed.body.round);
            }
        }
        let spans: Vec<(Round, Round)> = all
            .iter()
            .filter_map(|(id, from)| {
                let header = scene.headers.get(id).filter(|header| header.kind == kind)?;
                // What has expired by the member's own clock is free here; the member itself goes
                // by the clocks of q. Where its own is behind those, this asks too much of it.
                let is_alive = scene.is_owed(id, *from, (*from).max(open), said.wall);
                is_alive.then_some(((*from).max(open), header.last))
            })
            .collect();
        // A span that begins where most overlap is among those: nowhere else do more begin.
        for (round, _) in &spans {
            let count = spans
                .iter()
                .filter(|(from, last)| (from..=last).contains(&round))
                .count();
            let most = Self::most(scene, kind);
            if count > most {
                return Err(format!(
                    "{count} {kind:?}s for round {round}, at most {most}"
                ));
            }
        }
        Ok(())
    }
}

impl Invariant for Places {
    fn name(&self) -> &'static str {
        "no more is acknowledged for a round than a report of it may list"
    }

    fn said(&mut self, scene: &Scene, said: &Said<'_>) -> Verdict {
        if !matches!(said.message, PeerMessage::Acknowledgements(_)) {
            return Ok(());
        }
        Self::check(scene, said, Kind::Intent)?;
        Self::check(scene, said, Kind::Quote)
    }
}
