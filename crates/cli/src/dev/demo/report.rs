//! What a demo shows at its end.
//!
//! `ok` takes all of it: every order is listed by a settled round and came out as planned, the
//! relayer has every settlement once and in order, and every audit passed.

use std::collections::BTreeMap;

use sealbid_client::{Order, Outcome, RoundAudit, VerifiedRound};
use sealbid_keygen::HouseDir;
use sealbid_node::timings::RoundTimings;
use sealbid_types::allocation::FillKind;
use sealbid_types::committee::Committee;
use sealbid_types::id::Round;
use serde::Serialize;

use super::trading::{Traded, Traders};
use crate::exit::Failure;
use crate::tokens::Tokens;
use crate::ui::output::Columns;

/// How many characters of an amount are shown, its point included.
const DIGITS: usize = 9;

/// The most orders that are shown one by one.
const MOST_SHOWN: usize = 80;

/// The one object of `demo --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    members: u8,
    quorum: u8,
    /// With it the same traders give the same orders again.
    seed: u64,
    /// Each round of the demo, in order.
    rounds: Vec<RoundReport>,
    /// Orders that have a receipt.
    submitted: usize,
    /// Orders that a settled round lists.
    settled: usize,
    /// What did not go as planned.
    problems: Vec<String>,
    /// Whether everything did, and every audit passed.
    ok: bool,
}

/// A round of the demo.
#[derive(Debug, Serialize)]
struct RoundReport {
    round: Round,
    /// How many of each kind the close lists.
    intents: usize,
    quotes: usize,
    /// Intents whose terms were opened.
    opened: usize,
    filled: usize,
    unfilled: usize,
    /// From the closing time to the signed settlement: the median of the members' measurements.
    closed_to_settled_ms: Option<u64>,
    /// The committee's signature of the close.
    certificate: String,
    /// `ok`, or what is wrong.
    audit: String,
}

impl Report {
    /// The report of what the traders saw. `audits` says for each round what was found.
    pub(crate) fn new(
        committee: &Committee,
        seed: u64,
        traders: &Traders,
        audits: &BTreeMap<Round, RoundAudit>,
        mut problems: Vec<String>,
        house: &HouseDir,
    ) -> Self {
        let timings = settled_ms(committee, house);
        let rounds = traders.rounds.iter().map(|(round, settled)| {
            RoundReport::new(settled, timings.get(round).copied(), audits.get(round))
        });
        let rounds: Vec<RoundReport> = rounds.collect();
        // After what has not been relayed, and before audits: in the order in which one follows
        // things up.
        problems.extend(traders.traded.iter().filter_map(unexpected));
        let bad = rounds.iter().filter(|round| round.audit != "ok");
        problems
            .extend(bad.map(|round| format!("audit of round {}: {}", round.round, round.audit)));
        Self {
            members: committee.members(),
            quorum: committee.quorum,
            seed,
            rounds,
            submitted: traders.total,
            settled: traders.traded.len(),
            // Counted as well: an order that no round has listed has no outcome that could be a
            // problem.
            ok: problems.is_empty() && traders.traded.len() == traders.total,
            problems,
        }
    }

    /// Whether everything went as planned, and every audit passed.
    ///
    /// # Errors
    /// What did not.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        if self.ok {
            return Ok(());
        }
        let message = self.problems.join("\n");
        // With a code of its own for audits: a script can tell a wrong round from an order that went
        // astray.
        Err(match self.rounds.iter().any(|round| round.audit != "ok") {
            true => Failure::audit(message),
            false => Failure::work(message),
        })
    }

    /// The rounds, for people.
    pub(crate) fn rounds_table(&self) -> Columns {
        let mut table = Columns::new(&[
            ">round",
            ">intents",
            ">quotes",
            ">opened",
            ">filled",
            ">unfilled",
            ">settled after",
            "audit",
        ]);
        for round in &self.rounds {
            let after = round
                .closed_to_settled_ms
                .map_or("-".to_owned(), |ms| format!("{ms} ms"));
            table.row([
                round.round.to_string(),
                round.intents.to_string(),
                round.quotes.to_string(),
                round.opened.to_string(),
                round.filled.to_string(),
                round.unfilled.to_string(),
                after,
                round.audit.clone(),
            ]);
        }
        table
    }
}

impl RoundReport {
    fn new(
        settled: &VerifiedRound,
        closed_to_settled_ms: Option<u64>,
        audit: Option<&RoundAudit>,
    ) -> Self {
        let record = settled.record();
        Self {
            round: record.close.round,
            intents: record.close.intents.len(),
            quotes: record.close.quotes.len(),
            // By the audit, which has computed the openings itself.
            opened: audit.map_or(0, |audit| audit.opened),
            filled: settled.settlement().fills.len(),
            unfilled: settled.settlement().unfilled.len(),
            closed_to_settled_ms,
            certificate: record.certificate.signature.to_string(),
            audit: audit.map_or_else(|| "not audited".to_owned(), verdict),
        }
    }
}

/// `ok`, or what is wrong.
fn verdict(audit: &RoundAudit) -> String {
    if audit.is_ok() {
        return "ok".to_owned();
    }
    let errors: Vec<String> = audit.errors.iter().map(ToString::to_string).collect();
    errors.join("; ")
}

/// What is wrong with an order's outcome: fillable ones are filled, the others are not.
fn unexpected(traded: &Traded) -> Option<String> {
    let name = format!("order {}", traded.envelope.short());
    match (&traded.outcome, traded.planned.is_fillable) {
        (Outcome::Filled { .. }, true) | (Outcome::Unfilled { .. }, false) => None,
        // Solvers of a demo never pay as much: such a fill would be at a price that nobody has
        // quoted.
        (Outcome::Filled { .. }, false) => Some(format!("{name} was filled above every price")),
        (Outcome::Unfilled { reason, .. }, true) => {
            Some(format!("{name} was not filled: {reason}"))
        }
        (Outcome::Void { reason, .. }, _) => Some(format!("{name} is void: {reason}")),
        (other, _) => Some(format!("{name} is {other:?}")),
    }
}

/// When each round was settled, after its closing time: the median over the members.
fn settled_ms(committee: &Committee, house: &HouseDir) -> BTreeMap<Round, u64> {
    let mut measured: BTreeMap<Round, Vec<u64>> = BTreeMap::new();
    for index in sealbid_types::id::MemberIndex::all(committee.members()) {
        let path = house.member(index).path().join("timings.jsonl");
        // A member without the file has measured nothing: then it is the others' median.
        for timings in RoundTimings::read(&path).unwrap_or_default() {
            measured
                .entry(timings.round)
                .or_default()
                .extend(timings.settled_ms);
        }
    }
    let median = |(round, mut times): (Round, Vec<u64>)| {
        times.sort_unstable();
        // Of an even number the lower one of the two in the middle.
        let middle = times.len().checked_sub(1)? / 2;
        times.get(middle).map(|time| (round, *time))
    };
    measured.into_iter().filter_map(median).collect()
}

/// The orders, for people, in at most 80 columns.
pub(crate) fn orders_table(traders: &Traders, tokens: &Tokens) -> Columns {
    let mut table = Columns::new(&[
        ">round",
        "order",
        ">gives",
        ">at least",
        ">receives",
        "of",
        "solver",
    ]);
    // Thousands of them would bury the table of rounds.
    for traded in traders.traded.iter().take(MOST_SHOWN) {
        table.row(row(traded, tokens));
    }
    table
}

/// How many orders the table leaves out.
pub(crate) fn left_out(traders: &Traders) -> usize {
    traders.traded.len().saturating_sub(MOST_SHOWN)
}

/// What the order asked for, beside what became of it.
fn row(traded: &Traded, tokens: &Tokens) -> [String; 7] {
    let (gives, least, of) = match &traded.planned.order {
        Order::Swap {
            give,
            amount,
            want,
            minimum,
        } => {
            // Both of what is wanted, which is named once.
            let least = tokens.show(*minimum, want);
            let of = least.split_once(' ').map_or("", |(_, token)| token);
            (tokens.show(*amount, give), cut(&least), of.to_owned())
        }
        _ => (String::new(), String::new(), String::new()),
    };
    let (round, receives, solver) = match &traded.outcome {
        Outcome::Filled { round, fill } => match &fill.fill.kind {
            FillKind::Swap {
                pair,
                amount_out,
                solver,
                ..
            } => {
                // Enough to tell a demo's solvers apart. An account of this kind has 64 digits.
                let short: String = solver.as_str().chars().take(8).collect();
                let amount = tokens.show(*amount_out, &pair.want);
                (round.to_string(), cut(&amount), short)
            }
            FillKind::PassThrough => (
                round.to_string(),
                "passed through".to_owned(),
                String::new(),
            ),
        },
        Outcome::Unfilled { round, .. } => (round.to_string(), "not filled".to_owned(), "-".into()),
        Outcome::Void { round, .. } => (round.to_string(), "void".to_owned(), "-".into()),
        _ => ("-".to_owned(), "nothing yet".to_owned(), "-".into()),
    };
    [
        round,
        traded.envelope.short(),
        gives,
        least,
        receives,
        of,
        solver,
    ]
}

/// The first digits of an amount with its token, without the token.
pub(super) fn cut(amount: &str) -> String {
    let number = amount.split(' ').next().unwrap_or_default();
    // Never within the whole part.
    let whole = number.find('.').unwrap_or(number.len());
    let digits: String = number.chars().take(DIGITS.max(whole)).collect();
    match digits.len() < number.len() {
        true => format!("{digits}…"),
        false => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_cut_to_their_first_digits() {
        for (amount, shown) in [
            ("1422.455934793636555946904146 wrap.near", "1422.4559…"),
            ("1353.0945 wrap.near", "1353.0945"),
            ("0.301747117234394982 weth", "0.3017471…"),
            ("12345678901.5 usdc", "12345678901…"),
            ("7 usdc", "7"),
        ] {
            assert_eq!(cut(amount), shown);
        }
    }
}
