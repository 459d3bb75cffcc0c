//! Sealed until closed, and what is not filled stays sealed for ever.
//!
//! The adversary may hold q - 1 members' shares: so one share of one honest member is all that it
//! lacks, and each is followed. None leaves before the certificate that lets it out, none for a
//! part that must not open, and honest members release the same parts.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_protocol::member::message::{Opening, PeerMessage, Shares};
use sealbid_protocol::vote::{Message, Subject};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round, ValueDigest};
use sealbid_types::record::RoundRecord;

use super::{Invariant, Said, Scene, Verdict};
use crate::house::world::World;

#[derive(Default)]
pub(super) struct Sealed {
    /// Who has signed which allocation.
    allocations: BTreeMap<(Round, ValueDigest), BTreeSet<MemberIndex>>,
}

impl Sealed {
    fn release(&self, scene: &Scene, shares: &Shares) -> Verdict {
        let (round, opening) = (shares.round, shares.opening);
        // Members tell each other the certificate before they send shares, so it has been seen by
        // now if there is one.
        let Some(close) = scene.closes.get(&round) else {
            return Err(format!("shares of round {round}, which is not certified"));
        };
        if close.digest() != shares.close {
            return Err(format!("shares of another close of round {round}"));
        }
        let count = shares.shares.len();
        // Of the terms and quotes; fewer where entries share a `u`. A second opening is of fills,
        // of which there are no more.
        let most = close.intents.len() + close.quotes.len();
        if count > most {
            return Err(format!("{count} shares of a round that lists {most}"));
        }
        // Any one that has been seen will do: they all have to agree with it.
        let mut others = scene.released.range((round, opening, MemberIndex(0))..);
        if let Some(((of, at, first), expected)) = others.next()
            && (*of, *at) == (round, opening)
            && (count, shares.parts) != *expected
        {
            return Err(format!(
                "{count} shares at the {opening:?} opening of round {round}, and {first} has {} of its parts",
                expected.0
            ));
        }
        if opening == Opening::Second {
            return self.check_allocation(scene, round);
        }
        Ok(())
    }

    fn check_allocation(&self, scene: &Scene, round: Round) -> Verdict {
        // What these have signed is not noted, and may be among the q of the certificate.
        let unseen = scene.liars.len() + scene.doubtful.len();
        let needed = scene.house.committee.quorum().saturating_sub(unseen);
        let signed = self.allocations.iter().filter(|((of, _), _)| *of == round);
        let most = signed.map(|(_, by)| by.len()).max().unwrap_or(0);
        if most < needed {
            return Err(format!(
                "authorisations of round {round}, whose allocation {most} have precommitted"
            ));
        }
        Ok(())
    }
}

impl Invariant for Sealed {
    fn name(&self) -> &'static str {
        "sealed until closed"
    }

    fn said(&mut self, scene: &Scene, said: &Said<'_>) -> Verdict {
        match said.message {
            PeerMessage::Shares(signed) if signed.member == said.by => {
                self.release(scene, &signed.body)
            }
            PeerMessage::Vote(vote) if vote.subject() == Subject::Allocation => {
                if let Message::Precommit(signed) = &**vote
                    && signed.member == said.by
                    && let Some(commitment) = signed.body.commitment
                {
                    let key = (signed.body.round, commitment.value);
                    self.allocations.entry(key).or_default().insert(said.by);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn at_end(&mut self, _: &Scene, world: &World) -> Verdict {
        let mut rounds: BTreeMap<Round, Vec<RoundRecord>> = BTreeMap::new();
        let honest: Vec<_> = world.honest().collect();
        for record in honest.into_iter().flat_map(|member| world.records(member)) {
            rounds.entry(record.close.round).or_default().push(record);
        }
        // From round to round: a point that was used once stays used.
        let mut holders: BTreeMap<FixedBytes<96>, EnvelopeId> = BTreeMap::new();
        for records in rounds.values() {
            let shared = shared_points(&records[0], &mut holders);
            records
                .iter()
                .try_for_each(|record| check_openings(record, &shared))?;
        }
        Ok(())
    }
}

/// Listed envelopes of which a part has its `u` in common with another part, of this record or an
/// earlier one.
fn shared_points(
    record: &RoundRecord,
    holders: &mut BTreeMap<FixedBytes<96>, EnvelopeId>,
) -> BTreeSet<EnvelopeId> {
    let close = &record.close;
    let is_listed = |id: &EnvelopeId| close.intents.contains(id) || close.quotes.contains(id);
    let listed = record
        .envelopes
        .iter()
        .map(|envelope| (envelope.id(), envelope));
    let listed: Vec<(EnvelopeId, &Envelope)> = listed.filter(|(id, _)| is_listed(id)).collect();
    let mut shared = BTreeSet::new();
    for (id, envelope) in listed {
        for (_, part) in envelope.sealed.parts() {
            if let Some(other) = holders.insert(part.u, id)
                && other != id
            {
                shared.extend([id, other]);
            }
        }
    }
    shared
}

fn check_openings(record: &RoundRecord, shared: &BTreeSet<EnvelopeId>) -> Verdict {
    let (close, round) = (&record.close, record.close.round);
    let filled: BTreeSet<_> = record
        .allocation
        .fills
        .iter()
        .map(|fill| fill.intent)
        .collect();
    for opening in &record.openings {
        let id = &opening.envelope;
        let may_open = match opening.part {
            Part::Terms => close.intents.contains(id),
            Part::Quote => close.quotes.contains(id),
            Part::Authorisation => filled.contains(id),
        };
        if !may_open || shared.contains(id) {
            let (part, id) = (opening.part, id.short());
            return Err(format!("round {round} opens the {part:?} of {id}"));
        }
    }
    Ok(())
}
