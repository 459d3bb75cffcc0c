//! `sealbid demo --heist`: the same orders in two lanes, and somebody who wants what is in them.
//!
//! The open lane is a model: a pool, and a front-runner that sees each order first ([`pool`],
//! [`lanes`]). The sealed lane is a house of real processes, attacked while it trades:
//!
//! | act | what is real in it |
//! | --- | --- |
//! | `q - 1` members pool their key shares | the shares, from the members' key files; the envelope, before its close ([`pooled_shares`]) |
//! | a copy of an envelope is handed in | front doors, and their refusals ([`copies`]) |
//! | a member is killed | SIGKILL, between the freeze and the cut of a round ([`killed_member`]) |
//! | a proposer leaves an intent out | a proposal signed with the dead member's key, said in its seat in the mesh ([`liar`], [`seat`]) |
//! | shares are forged | likewise; the evidence is what the other members have kept |
//!
//! No member of the house has other rules than the honest ones: whoever lies is this process, with
//! keys that it has because it made the house. Each act looks at what came of it, and the demo
//! fails unless that is what the protocol promises.

mod copies;
mod first_round;
mod killed_member;
mod lanes;
mod liar;
mod pool;
mod pooled_shares;
mod report;
mod seat;
mod second_round;
#[cfg(test)]
mod testing;
mod witnesses;

use std::sync::Arc;

use sealbid_client::Client;
use sealbid_keygen::{HouseDir, MemberKey};
use sealbid_types::amount::Amount;
use sealbid_types::id::MemberIndex;
use tokio_util::task::AbortOnDropHandle;

use self::first_round::first_round;
use self::lanes::{Compared, Market, UNIT, in_unit};
pub(super) use self::report::Done;
use self::report::{Acts, Lanes};
use self::second_round::second_round;
use super::fallen::Fallen;
use super::plan::Plan;
use super::progress::Progress;
use super::report::Report;
use super::trading::{Traders, show_phases};
use super::{DemoArgs, audit_all, fresh_seed, relayed};
use crate::context::blocking;
use crate::exit::Failure;
use crate::tokens::Tokens;
use crate::ui::output::Console;
use crate::ui::text::count;

/// How many orders there are unless somebody says otherwise: one line each in the last table.
const ORDERS: u32 = 12;
/// In how many rounds they are traded: one in which a member is killed, one in which it lies.
const BATCHES: usize = 2;

/// What the heist takes place in.
pub(super) struct Scene<'a> {
    pub(super) client: &'a Arc<Client>,
    pub(super) house: &'a HouseDir,
    /// Everybody's keys: this process made the house.
    pub(super) members: &'a [Arc<MemberKey>],
    /// Processes that may end.
    pub(super) fallen: &'a Fallen,
    pub(super) progress: &'a Arc<Progress>,
    pub(super) console: Console,
}

impl Scene<'_> {
    /// Says something that stays.
    fn say(&self, line: &str) {
        self.progress.aside(|| self.console.line(line));
    }

    /// The headline of an act.
    fn headline(&self, line: &str) {
        self.say(&format!("\n{line}"));
    }

    /// The first of the members, so many.
    fn first_members(&self, count: usize) -> Vec<Arc<MemberKey>> {
        self.members.iter().take(count).cloned().collect()
    }
}

/// Checks that the command line makes a house in which there is something to bear.
pub(super) fn check(args: &DemoArgs) -> Result<(), Failure> {
    if args.members < 4 {
        let message = format!("{} members bear no liar, and this needs one", args.members);
        return Err(Failure::usage(message).advise("give --members 4 or more"));
    }
    Ok(())
}

/// Carries it out.
///
/// # Errors
/// What the house or a member said. What an attack achieved is no error here, but in the report.
pub(super) async fn carry_out(args: &DemoArgs, scene: Scene<'_>) -> Result<Done, Failure> {
    let seed = args.seed.map_or_else(fresh_seed, Ok)?;
    let tokens = Tokens::load(&scene.house.tokens())?;
    let plan = plan(args, seed, &tokens)?;
    let market = Market::of(scene.house, args.solvers, &tokens)?;
    open_lane(&scene, &plan, &market, &tokens)?;
    let phases = AbortOnDropHandle::new(tokio::spawn(show_phases(
        Arc::clone(scene.client),
        Arc::clone(scene.progress),
    )));
    let mut traders = Traders::default();
    let first = first_round(&scene, &plan, &tokens, &mut traders).await?;
    let dead = first.killed_member.member;
    let second = second_round(&scene, &plan, dead, &mut traders).await?;
    drop(phases);
    let acts = Acts { first, second };
    let mut problems = acts.problems(scene.client.committee().quorum());
    problems.extend(
        relayed(scene.house, &traders.rounds, scene.progress)
            .await
            .err(),
    );
    let (auditing, settled, shown) = (
        Arc::clone(scene.client),
        traders.rounds.clone(),
        Arc::clone(scene.progress),
    );
    let audits = blocking(move || audit_all(&auditing, &settled, &shown)).await??;
    let orders = traders.traded.iter().map(|traded| market.compare(traded));
    let orders = orders.collect::<Result<Vec<Compared>, _>>()?;
    let lanes = Lanes::of(&orders);
    problems.extend(lanes.problems(&orders));
    let committee = scene.client.committee();
    let report = Report::new(committee, seed, &traders, &audits, problems, scene.house);
    Ok(Done::new(report, acts, lanes, orders, tokens))
}

/// The orders of both rounds, and batches to spare: on a machine that is slow a round may pass in
/// which the liar has no turn.
fn plan(args: &DemoArgs, seed: u64, tokens: &Tokens) -> Result<Arc<Plan>, Failure> {
    let orders = usize::try_from(args.intents.unwrap_or(ORDERS));
    let orders = orders.map_err(|error| Failure::usage(error.to_string()))?;
    let each = orders.div_ceil(BATCHES).max(1);
    let batches = BATCHES + usize::from(args.members);
    Ok(Arc::new(Plan::new(seed, each * batches, batches, tokens)?))
}

/// What a front-runner takes of the same orders where everybody reads them.
fn open_lane(
    scene: &Scene<'_>,
    plan: &Plan,
    market: &Market<'_>,
    tokens: &Tokens,
) -> Result<(), Failure> {
    let orders: Vec<_> = plan.batches.iter().take(BATCHES).flatten().collect();
    let taken = orders.iter().map(|planned| market.taken(&planned.order));
    let taken = taken.collect::<Result<Vec<_>, _>>()?;
    let met = taken.iter().flatten().count();
    let sum = taken.iter().flatten().map(|taken| taken.unsigned());
    let sum = Amount::try_from(sum.sum::<u128>()).unwrap_or_default();
    scene.say("THE OPEN LANE: a model, of a pool as deep as the solvers' books");
    scene.say(&format!(
        "  {} come in, and a front-runner sees each before the pool does;\n  \
         it takes {} {UNIT}: {met} are left with their limits,\n  \
         {} ask for more than the pool pays, and are not filled",
        count(orders.len() as u64, "order"),
        in_unit(sum, tokens),
        orders.len().saturating_sub(met),
    ));
    let committee = scene.client.committee();
    scene.headline(&format!(
        "THE SEALED LANE: the same orders; {} processes, any {} of which close and open",
        committee.members(),
        committee.quorum
    ));
    Ok(())
}

/// `member-1, member-2 and member-4`; of many only how many.
fn names<'a>(members: impl IntoIterator<Item = &'a MemberIndex>) -> String {
    let names: Vec<String> = members.into_iter().map(ToString::to_string).collect();
    match names.split_last() {
        Some(_) if names.len() > 4 => format!("{} members", names.len()),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nobody".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_named_as_long_as_that_can_be_read() {
        let of = |count: u8| names(&MemberIndex::all(count).collect::<Vec<_>>());
        assert_eq!(of(0), "nobody");
        assert_eq!(of(1), "member-1");
        assert_eq!(of(3), "member-1, member-2 and member-3");
        assert_eq!(of(11), "11 members");
    }
}
