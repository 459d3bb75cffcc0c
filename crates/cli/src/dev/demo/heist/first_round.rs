//! The first round: before its close shares are pooled and copies are handed in, then a member is
//! killed, and after the close everything is as it should be.

use std::sync::Arc;

use sealbid_client::{Order, VerifiedRound};
use sealbid_crypto::Fault;
use sealbid_types::codec::decode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, MemberIndex};
use sealbid_types::terms::Terms;
use serde::Serialize;

use super::super::plan::Plan;
use super::super::trading::{Sent, Traders, follow, next_window, seal, send_in};
use super::copies::{Copies, answer, copy_on_its_way, copy_waiting};
use super::killed_member::{KilledMember, kill_one};
use super::pooled_shares::{Opened, open_among, open_certified};
use super::{Scene, names};
use crate::context::blocking;
use crate::exit::Failure;
use crate::tokens::Tokens;
use crate::ui::text::count;

/// What came of the first round.
#[derive(Debug, Serialize)]
pub(super) struct FirstRound {
    pub(super) copied_envelope: CopiedEnvelope,
    pub(super) pooled_shares: PooledShares,
    pub(super) killed_member: KilledMember,
}

/// Members that pooled their shares.
#[derive(Debug, Serialize)]
pub(super) struct PooledShares {
    envelope: EnvelopeId,
    /// Who did so before the close: one fewer than it takes.
    before_the_close: Vec<MemberIndex>,
    /// How the envelope shows that what they got is none of it; none if they have read it.
    noise: Option<String>,
    /// Who did so after it.
    after_the_close: Vec<MemberIndex>,
    /// Whether these have read what was sealed.
    opened: bool,
}

/// Copies of an envelope.
#[derive(Debug, Serialize)]
pub(super) struct CopiedEnvelope {
    envelope: EnvelopeId,
    #[serde(flatten)]
    copies: Copies,
    /// How often the round lists the envelope, or one with the same sealed parts.
    listed: usize,
}

impl FirstRound {
    /// What an attack has achieved that it should not have.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = self.copied_envelope.copies.problems();
        let mut check = |holds: bool, otherwise: String| {
            if !holds {
                problems.push(otherwise);
            }
        };
        let PooledShares { noise, opened, .. } = &self.pooled_shares;
        check(
            noise.is_some(),
            "q - 1 members have read an order".to_owned(),
        );
        check(*opened, "q members have not read an order".to_owned());
        let listed = self.copied_envelope.listed;
        check(
            listed == 1,
            format!("the copied envelope is listed {listed} times"),
        );
        problems.extend(self.killed_member.problems());
        problems
    }
}

/// Trades the first batch.
pub(super) async fn first_round(
    scene: &Scene<'_>,
    plan: &Arc<Plan>,
    tokens: &Tokens,
    traders: &mut Traders,
) -> Result<FirstRound, Failure> {
    let window = next_window(scene.client).await?;
    // The first order of all is one that can be filled.
    let sealed = seal(scene.client, plan, (0, 0), window).await?;
    let on_its_way = copy_on_its_way(scene, &sealed).await?;
    let batch = (0, Some(sealed));
    let sent = send_in(scene.client, plan, batch, window, scene.progress).await?;
    traders.total += sent.len();
    let target = sent.first();
    let target = target.ok_or_else(|| Failure::work("no order of a demo"))?;
    scene.say(&format!(
        "  {} sealed, that one too, with receipts for round {}",
        count(sent.len() as u64, "order"),
        target.round
    ));
    let waiting = copy_waiting(scene, &target.envelope).await?;
    let mut pooled = pool_before(scene, &target.envelope).await?;
    let mut killed = kill_one(scene, target.round).await?;
    follow(scene.client, &sent, traders, scene.progress).await?;
    let round = round_of(traders, target)?;
    let record = round.record();
    killed.look_at(record);
    scene.say(&format!(
        "  round {} is closed by {}, and settled:\n  {} of {} filled",
        target.round,
        names(&killed.closed_by),
        round.settlement().fills.len(),
        count(record.close.intents.len() as u64, "order"),
    ));
    pool_after(scene, target, &round, tokens, &mut pooled).await?;
    let again = answer(scene.client, &target.envelope, &target.envelope).await?;
    scene.say(&format!("  its envelope once more: {again}"));
    let copied = CopiedEnvelope {
        envelope: target.envelope.id(),
        copies: Copies {
            renamed: on_its_way.0,
            moved: on_its_way.1,
            renamed_later: waiting.0,
            repeated: waiting.1,
            repeated_after_the_close: again,
        },
        listed: listings(&target.envelope, &round),
    };
    let acts = FirstRound {
        copied_envelope: copied,
        pooled_shares: pooled,
        killed_member: killed,
    };
    Ok(acts)
}

/// The round that lists an order.
fn round_of(traders: &Traders, sent: &Sent) -> Result<Arc<VerifiedRound>, Failure> {
    let id = sent.envelope.id();
    let lists = |round: &&Arc<VerifiedRound>| round.record().close.intents.contains(&id);
    let round = traders.rounds.values().find(lists).cloned();
    round.ok_or_else(|| Failure::work("no round lists the order"))
}

/// Fewer than a quorum open an envelope whose round is open.
async fn pool_before(scene: &Scene<'_>, envelope: &Envelope) -> Result<PooledShares, Failure> {
    let few = scene.first_members(scene.client.committee().quorum().saturating_sub(1));
    let before_the_close: Vec<_> = few.iter().map(|key| key.index()).collect();
    scene.headline(&format!(
        "2. {} pool their key shares, before the close",
        count(few.len() as u64, "member")
    ));
    let (client, sealed) = (Arc::clone(scene.client), envelope.clone());
    let attack = move || open_among(&few, client.committee(), client.keys(), &sealed);
    let noise = match blocking(attack).await?? {
        Ok(_) => None,
        // What came out is no content key: the envelope itself shows it.
        Err(fault @ Fault::Commitment) => Some(fault.to_string()),
        Err(fault) => return Err(Failure::work(format!("pooled shares: {fault}"))),
    };
    let outcome = match &noise {
        Some(fault) => format!("noise: {fault}"),
        None => "IT IS OPEN".to_owned(),
    };
    let (who, order) = (names(&before_the_close), envelope.id().short());
    scene.say(&format!("  {who}, on order {order}:\n  {outcome}"));
    Ok(PooledShares {
        envelope: envelope.id(),
        before_the_close,
        noise,
        after_the_close: Vec::new(),
        opened: false,
    })
}

/// A quorum opens the same envelope, by the certificate of the round that lists it.
async fn pool_after(
    scene: &Scene<'_>,
    target: &Sent,
    round: &Arc<VerifiedRound>,
    tokens: &Tokens,
    pooled: &mut PooledShares,
) -> Result<(), Failure> {
    let quorum = scene.first_members(scene.client.committee().quorum());
    pooled.after_the_close = quorum.iter().map(|key| key.index()).collect();
    let (client, sealed, round) = (
        Arc::clone(scene.client),
        target.envelope.clone(),
        Arc::clone(round),
    );
    let open = move || {
        let (committee, keys) = (client.committee(), client.keys());
        open_certified(&quorum, committee, keys, &sealed, round.record())
    };
    let opened = blocking(open).await??;
    pooled.opened = says(&opened, target);
    let shares = count(pooled.after_the_close.len() as u64, "share");
    let outcome = match (&target.planned.order, pooled.opened) {
        (
            Order::Swap {
                give,
                amount,
                want,
                minimum,
            },
            true,
        ) => format!(
            "open it: {} for {}",
            tokens.brief(*amount, give),
            tokens.brief(*minimum, want)
        ),
        _ => "DO NOT OPEN IT".to_owned(),
    };
    let order = target.envelope.id().short();
    scene.say(&format!(
        "  now that order {order} is on the certified list, {shares}\n  {outcome}"
    ));
    Ok(())
}

/// Whether an opened envelope says what its trader sealed.
fn says(opened: &Opened, target: &Sent) -> bool {
    let Ok(plaintext) = opened else { return false };
    let account = target.envelope.header.submitter.implicit_account();
    let terms = decode::<Terms>(plaintext.as_bytes());
    terms.is_ok_and(|terms| {
        terms.actions == [target.planned.order.action()] && Ok(terms.account) == account
    })
}

/// How many listed envelopes have the sealed parts of this one.
fn listings(envelope: &Envelope, round: &VerifiedRound) -> usize {
    let record = round.record();
    let listed = record.envelopes.iter();
    let listed = listed.filter(|other| record.close.intents.contains(&other.id()));
    listed
        .filter(|other| other.sealed == envelope.sealed)
        .count()
}

#[cfg(test)]
mod tests {
    use sealbid_types::door::{Phase, RefusalCode};
    use sealbid_types::id::Round;

    use super::super::copies::Answer;
    use super::*;

    /// As it has to be, but for a change.
    fn problems(change: impl FnOnce(&mut FirstRound)) -> usize {
        let envelope = [1; 32].into();
        let member = MemberIndex;
        let mut first = FirstRound {
            copied_envelope: CopiedEnvelope {
                envelope,
                copies: Copies {
                    renamed: Answer::Refused(RefusalCode::Proof),
                    moved: Answer::Refused(RefusalCode::Signature),
                    renamed_later: Answer::Refused(RefusalCode::SharedU),
                    repeated: Answer::Receipt {
                        is_the_originals: true,
                    },
                    repeated_after_the_close: Answer::Refused(RefusalCode::AlreadyListed),
                },
                listed: 1,
            },
            pooled_shares: PooledShares {
                envelope,
                before_the_close: vec![member(0), member(1)],
                noise: Some("noise".to_owned()),
                after_the_close: vec![member(0), member(1), member(2)],
                opened: true,
            },
            killed_member: KilledMember {
                member: member(2),
                round: Round(1),
                phase: Phase::Quotes,
                settled: true,
                closed_by: [member(0), member(1), member(3)].into(),
            },
        };
        change(&mut first);
        first.problems().len()
    }

    #[test]
    fn an_attack_that_achieves_something_fails_the_demo() {
        assert_eq!(problems(|_| ()), 0);
        let wrong: [fn(&mut FirstRound); 7] = [
            |first| first.pooled_shares.noise = None,
            |first| first.pooled_shares.opened = false,
            |first| first.copied_envelope.copies.renamed = first.copied_envelope.copies.repeated,
            |first| first.copied_envelope.listed = 2,
            |first| first.copied_envelope.listed = 0,
            |first| first.killed_member.settled = false,
            |first| first.killed_member.phase = Phase::Intents,
        ];
        for (at, change) in wrong.into_iter().enumerate() {
            assert_eq!(problems(change), 1, "{at}");
        }
    }
}
