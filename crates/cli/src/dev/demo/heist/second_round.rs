//! The second round: whoever has the dead member's keys speaks in its place, proposes a close
//! without an intent, and forges shares.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealbid_client::VerifiedRound;
use sealbid_client::evidence::{Charge, Evidence, Offence};
use sealbid_node::MemberConfig;
use sealbid_protocol::vote::VoteTimes;
use sealbid_types::close::Close;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round, View};
use serde::Serialize;

use super::super::plan::Plan;
use super::super::trading::{Traders, follow, send};
use super::liar::{Liar, VIEW, VotedDown};
use super::seat::Seat;
use super::witnesses::ask;
use super::{BATCHES, Scene, names};
use crate::exit::Failure;

/// What came of the second round.
#[derive(Debug, Serialize)]
pub(super) struct SecondRound {
    pub(super) dropped_intent: Option<DroppedIntent>,
    pub(super) forged_shares: Option<ForgedShares>,
    /// What members showed that names somebody else, or proves nothing.
    false_evidence: Vec<String>,
    #[serde(skip)]
    pub(super) proof: Option<(Evidence, Charge)>,
}

/// A proposal without an intent.
#[derive(Debug, Serialize)]
pub(super) struct DroppedIntent {
    proposer: MemberIndex,
    round: Round,
    view: View,
    envelope: EnvelopeId,
    /// How long after the cut a quorum had: before anybody would who had no proposal.
    voted_after_ms: Option<u64>,
    /// Who signed a prevote for nil, and who one for the proposal.
    voted_against: BTreeSet<MemberIndex>,
    voted_for: BTreeSet<MemberIndex>,
    /// The view in which the round was closed.
    certified_view: View,
    /// Whether its close lists the intent.
    listed: bool,
    /// Whether nothing else was wrong with the proposal; none if the close rests on other reports, or is
    /// of another slot.
    alone_wrong: Option<bool>,
}

/// Decryption shares that were none.
#[derive(Debug, Serialize)]
pub(super) struct ForgedShares {
    member: MemberIndex,
    round: Round,
    offence: Offence,
    /// Who has kept the evidence.
    named_by: BTreeSet<MemberIndex>,
}

impl SecondRound {
    /// What an attack has achieved that it should not have, or what was not tried.
    pub(super) fn problems(&self, quorum: usize) -> Vec<String> {
        let mut problems = self.false_evidence.clone();
        match &self.dropped_intent {
            Some(dropped) => problems.extend(dropped.problem(quorum)),
            None => problems.push("the liar had no turn to propose".to_owned()),
        }
        if self.forged_shares.is_none() {
            problems.push("nobody named the forger of shares".to_owned());
        }
        problems
    }
}

/// How long members wait for a proposal at least, in milliseconds: a third of the usual time, since
/// the proposer may have been silent in its last turn (docs/protocol.md 4.2).
fn patience() -> u64 {
    VoteTimes::default().propose / 3
}

impl DroppedIntent {
    fn new(proposer: MemberIndex, down: VotedDown, round: &VerifiedRound) -> Self {
        let record = round.record();
        let alone_wrong = is_alone_wrong(&down, &record.close);
        Self {
            proposer,
            round: down.round,
            view: VIEW,
            voted_after_ms: down
                .after
                .map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            envelope: down.left_out,
            voted_against: down.against,
            voted_for: down.in_favour,
            certified_view: record.certificate.view,
            listed: record.close.intents.contains(&down.left_out),
            alone_wrong,
        }
    }

    /// Whether a quorum voted it down, and another view listed the intent.
    fn problem(&self, quorum: usize) -> Option<String> {
        let is_down = self.voted_against.len() >= quorum && self.voted_for.is_empty();
        let holds = is_down
            && self.certified_view > self.view
            && self.listed
            && self.alone_wrong != Some(false);
        let what = if holds {
            "nobody can tell whether a proposal without an intent was judged"
        } else {
            "a proposal without an intent was not voted down"
        };
        (!holds || !self.is_judged()).then(|| format!("{what}: {self:?}"))
    }

    /// Whether the prevotes came so early that they were no answer to silence.
    fn is_judged(&self) -> bool {
        self.voted_after_ms.is_some_and(|after| after < patience())
    }
}

/// Whether the close of the next view is the proposal with the intent in it: one that was wrong
/// besides would have been voted down for that.
fn is_alone_wrong(down: &VotedDown, certified: &Close) -> Option<bool> {
    let mut whole = down.close.clone();
    whole.intents.push(down.left_out);
    whole.intents.sort_unstable();
    let is_comparable = whole.reports == certified.reports && whole.slot == certified.slot;
    is_comparable.then(|| whole == *certified)
}

/// Trades the second batch, with `dead` in the hands of a liar; and further ones, should the liar
/// not have had its turn, or nobody have looked at its shares.
pub(super) async fn second_round(
    scene: &Scene<'_>,
    plan: &Arc<Plan>,
    dead: MemberIndex,
    traders: &mut Traders,
) -> Result<SecondRound, Failure> {
    let seat = take_seat(scene, dead, traders).await?;
    let (mut dropped, mut is_named) = (None, false);
    for batch in BATCHES.saturating_sub(1)..plan.batches.len() {
        let sent = send(scene.client, plan, batch, scene.progress).await?;
        traders.total += sent.len();
        follow(scene.client, &sent, traders, scene.progress).await?;
        let down = seat.liar().voted_down();
        let round = down
            .as_ref()
            .and_then(|down| traders.rounds.get(&down.round));
        let before = dropped.as_ref().is_some_and(DroppedIntent::is_judged);
        if let (false, Some(down), Some(round)) = (before, down.clone(), round) {
            dropped = Some(say_dropped(scene, DroppedIntent::new(dead, down, round)));
        }
        is_named |= ask(scene.client, dead).await.proof.is_some();
        let is_judged = dropped.as_ref().is_some_and(DroppedIntent::is_judged);
        if is_judged && is_named {
            break;
        }
        if let Some((_, last)) = traders.rounds.last_key_value() {
            seat.liar().go_on_after(&last.record().close);
        }
    }
    seat.leave().await;
    // Once more of all: some may have kept something since.
    let named = ask(scene.client, dead).await;
    let forged_shares = named.proof.as_ref().map(|(_, charge)| ForgedShares {
        member: dead,
        round: charge.round,
        offence: charge.offence,
        named_by: named.by.clone(),
    });
    scene.headline(&format!("5. {dead} sends forged decryption shares"));
    match &forged_shares {
        Some(forged) => scene.say(&format!(
            "  round {round} is opened without them, and what it has signed is evidence:\n  \
             {dead} {} in round {round}\n  kept by {}",
            forged.offence,
            names(&forged.named_by),
            round = forged.round,
        )),
        None => scene.say("  NOBODY HAS NAMED IT"),
    }
    Ok(SecondRound {
        dropped_intent: dropped,
        forged_shares,
        false_evidence: named.false_ones,
        proof: named.proof,
    })
}

fn say_dropped(scene: &Scene<'_>, dropped: DroppedIntent) -> DroppedIntent {
    let DroppedIntent {
        proposer,
        round,
        view,
        envelope,
        voted_after_ms,
        voted_against,
        certified_view,
        ..
    } = &dropped;
    scene.headline(&format!(
        "4. Somebody has {proposer}'s keys, and proposes round {round} without order {}",
        envelope.short()
    ));
    let after = voted_after_ms.map_or_else(|| "too few".to_owned(), |ms| format!("{ms} ms"));
    scene.say(&format!(
        "  voted down in view {view} by {},\n  {after} after the cut",
        names(voted_against)
    ));
    scene.say(&match dropped.listed {
        true => format!("  closed in view {certified_view}, with the order on its list"),
        false => "  THE ORDER IS LEFT OUT".to_owned(),
    });
    dropped
}

/// Sits down in the dead member's place.
async fn take_seat(
    scene: &Scene<'_>,
    dead: MemberIndex,
    traders: &Traders,
) -> Result<Seat, Failure> {
    let key = scene.members.get(dead.as_usize());
    let key = key.ok_or_else(|| Failure::work("no key of the dead member"))?;
    let config = MemberConfig::load(&scene.house.member(dead).config())?;
    let last = traders.rounds.last_key_value();
    let (round, last) = last.ok_or_else(|| Failure::work("no round was settled"))?;
    let next = (round.next(), last.record().close.digest());
    let committee = Arc::new(scene.client.committee().clone());
    let liar = Liar::new(committee, dead, key.identity(), next);
    let step = format!("{dead}'s seat in the mesh");
    scene.progress.state(&step, "to be taken", false);
    let seat = Seat::take(config, key, scene.client, liar).await?;
    seat.heard_by_all(scene.client).await?;
    scene.progress.state(&step, "taken", true);
    Ok(seat)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(indices: &[u8]) -> BTreeSet<MemberIndex> {
        indices.iter().copied().map(MemberIndex).collect()
    }

    /// As it has to be.
    fn dropped() -> DroppedIntent {
        DroppedIntent {
            proposer: MemberIndex(2),
            round: Round(2),
            view: VIEW,
            envelope: [1; 32].into(),
            voted_after_ms: Some(90),
            voted_against: members(&[0, 1, 3]),
            voted_for: members(&[]),
            certified_view: View(1),
            listed: true,
            alone_wrong: Some(true),
        }
    }

    fn problems(change: impl FnOnce(&mut SecondRound, &mut DroppedIntent)) -> Vec<String> {
        let forged = ForgedShares {
            member: MemberIndex(2),
            round: Round(2),
            offence: Offence::WrongDecryptionShare,
            named_by: members(&[0]),
        };
        let mut second = SecondRound {
            dropped_intent: None,
            forged_shares: Some(forged),
            false_evidence: Vec::new(),
            proof: None,
        };
        let mut dropped = dropped();
        change(&mut second, &mut dropped);
        second.dropped_intent = Some(dropped);
        second.problems(3)
    }

    #[test]
    fn an_intent_that_is_left_out_or_a_forger_that_is_not_named_fails_the_demo() {
        assert_eq!(problems(|_, _| ()), Vec::<String>::new());
        let wrong: [fn(&mut SecondRound, &mut DroppedIntent); 8] = [
            |_, dropped| dropped.listed = false,
            |_, dropped| dropped.alone_wrong = Some(false),
            |_, dropped| dropped.certified_view = VIEW,
            |_, dropped| dropped.voted_against = members(&[0, 1]),
            |_, dropped| dropped.voted_for = members(&[0]),
            // By then they would have voted so without a proposal, too.
            |_, dropped| dropped.voted_after_ms = Some(patience()),
            |second, _| second.forged_shares = None,
            |second, _| second.false_evidence.push("member-1 is named".to_owned()),
        ];
        for (at, change) in wrong.into_iter().enumerate() {
            assert_eq!(problems(change).len(), 1, "{at}");
        }
    }

    #[test]
    fn a_liar_without_a_turn_fails_the_demo() {
        let second = SecondRound {
            dropped_intent: None,
            forged_shares: None,
            false_evidence: Vec::new(),
            proof: None,
        };
        assert_eq!(second.problems(3).len(), 2);
    }
}
