//! `sealbid round`: one round, in full.
//!
//! A settled round is public in full. Its record, with the committee's signatures, is read at hand or
//! fetched, and audited before it is shown: the verdict stands in its first line.

use core::time::Duration;
use std::collections::BTreeMap;

use clap::Args;
use sealbid_client::audit::batch_secret;
use sealbid_client::prices::OpenedRound;
use sealbid_client::{RoundAudit, VerifiedRound};
use sealbid_node::timings::{RoundTimings, RoundWork};
use sealbid_types::allocation::FillKind;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::record::RoundRecord;
use serde_json::json;

use crate::commands::rounds::at_hand::{self, Shown};
use crate::context::Context;
use crate::exit::Failure;
use crate::tokens::Tokens;
use crate::ui::describe;
use crate::ui::output::Columns;
use crate::ui::text::{count, date_and_clock};

/// Show a settled round: its orders, now opened, and what became of them
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid round 12
  sealbid round 12 --json > 12.json    # the complete public record, as audits take it
  sealbid round 12 --timings           # how long it took the members that run here")]
pub(crate) struct RoundArgs {
    /// The round
    #[arg(value_name = "ROUND")]
    round: u64,
    /// The times that the members of this house directory measured
    #[arg(long)]
    timings: bool,
}

/// Runs it.
pub(crate) async fn run(args: RoundArgs, context: &Context) -> Result<(), Failure> {
    let round = Round(args.round);
    // They lie on the members' own disks, and nobody is asked for them.
    if args.timings {
        return timings(round, context);
    }
    let (house, tokens) = (context.house().await?, context.tokens()?);
    // Computed again, since whoever reads a round wants to know whether it adds up.
    let Shown { record, audit, .. } =
        at_hand::shown(&house, round, false, context.console()).await?;
    // One that does not is shown all the same, if the committee has signed it.
    let signed = VerifiedRound::verify(&house, round, record);
    let signed = signed.map_err(|error| {
        Failure::authentication(format!("nobody shows a certified round {round}: {error}"))
    })?;
    let opened = OpenedRound::new(house.keys(), &signed, &batch_secret()?).ok();
    context.console().result(signed.record(), || {
        let next = context.next(format_args!("audit {round}"));
        describe(signed.record(), &audit, opened.as_ref(), &tokens, &next)
    });
    Ok(())
}

/// Each entry that the close lists, what it turned out to be, and what became of it.
fn describe(
    record: &RoundRecord,
    audit: &RoundAudit,
    opened: Option<&OpenedRound>,
    tokens: &Tokens,
    next: &str,
) -> String {
    let close = &record.close;
    // In the first line, where nobody overlooks it.
    let verdict = if audit.is_ok() {
        "audit ok"
    } else {
        "AUDIT FAILED"
    };
    let mut text = format!(
        "round {}  closed {} UTC in slot {}, view {}  {verdict}\n{}, {}: {} filled, \
         {} not filled, {} void\n",
        close.round,
        date_and_clock(close.closed_at),
        close.slot,
        record.certificate.view,
        count(audit.intents as u64, "intent"),
        count(audit.quotes as u64, "quote"),
        audit.filled,
        audit.unfilled,
        audit.void,
    );
    let mut table = Columns::new(&["entry", "order", "outcome"]);
    let outcomes = outcomes(record, audit, opened, tokens);
    // Intents before quotes, as the close lists them.
    for id in close.intents.iter().chain(&close.quotes) {
        // By what the audit has opened itself.
        let order = match audit.terms.get(id) {
            Some(Ok(terms)) => describe::terms(terms, tokens),
            // Opened, and not terms: its outcome says why it is void.
            Some(Err(_)) => "-".to_owned(),
            None if close.quotes.contains(id) => "quote".to_owned(),
            // Listed and left sealed, as where two share a point (docs/protocol.md 8).
            None => "-".to_owned(),
        };
        let outcome = outcomes.get(id).cloned();
        table.row([
            id.short(),
            order,
            // A quote is told by the intents that it fills.
            outcome.unwrap_or_else(|| "opened".to_owned()),
        ]);
    }
    text.push_str(&format!("\n{table}"));
    if !audit.is_ok() {
        // That takes more lines than there are here.
        text.push_str(&format!("\n\nnext  {next}   says what is wrong"));
    }
    text
}

/// What the settlement says of each entry. A quote is in it only if it is void.
fn outcomes(
    record: &RoundRecord,
    audit: &RoundAudit,
    opened: Option<&OpenedRound>,
    tokens: &Tokens,
) -> BTreeMap<EnvelopeId, String> {
    let settlement = &record.settlement.settlement;
    let mut outcomes = BTreeMap::new();
    for filled in &settlement.fills {
        // With the quote that fills it, by which a solver finds its own.
        let text = match &filled.fill.kind {
            FillKind::PassThrough => "done".to_owned(),
            FillKind::Swap {
                amount_out,
                pair,
                quote,
                ..
            } => {
                format!(
                    "{} by quote {}",
                    tokens.brief(*amount_out, &pair.want),
                    quote.short()
                )
            }
        };
        outcomes.insert(filled.fill.intent, text);
    }
    // With its terms the reason can be told in whole units.
    for unfilled in &settlement.unfilled {
        let terms = audit
            .terms
            .get(&unfilled.intent)
            .and_then(|terms| terms.as_ref().ok());
        let reason = describe::unfilled_in(&unfilled.reason, terms, opened, tokens);
        outcomes.insert(unfilled.intent, format!("not filled: {reason}"));
    }
    for void in &settlement.void {
        outcomes.insert(void.envelope, format!("void: {}", void.reason));
    }
    outcomes
}

/// Tells the times that the members of this directory wrote down.
fn timings(round: Round, context: &Context) -> Result<(), Failure> {
    let house = context.require_dir()?;
    let members = house.members().map_err(|error| {
        Failure::storage(format!("cannot read {}: {error}", house.root().display()))
            .advise("timings are the members' own files: name the house directory with --dir")
    })?;
    // Two tables: when things happened and what they took. On a busy machine these differ.
    let mut table = Columns::new(&[
        "member",
        ">certified",
        ">opened",
        ">cleared",
        ">authorised",
        ">settled (ms)",
    ]);
    let mut work = Columns::new(&[
        "member",
        ">envelopes",
        ">admission",
        ">vote",
        ">opening",
        ">allocation",
        ">authorisations",
        ">record (ms)",
    ]);
    let mut found = Vec::new();
    for member in members {
        let path = house.member(member).path().join("timings.jsonl");
        // Without the file, or the round in it, a member has nothing to tell.
        let lines = RoundTimings::read(&path).unwrap_or_default();
        let Some(line) = lines.into_iter().rev().find(|line| line.round == round) else {
            continue;
        };
        let times = [
            line.certified_ms,
            line.terms_opened_ms,
            line.cleared_ms,
            line.authorised_ms,
            line.settled_ms,
        ];
        // A stage that the member has not gone through has no time.
        let times = times.map(|time| time.map_or_else(|| "-".to_owned(), |ms| ms.to_string()));
        table.row(core::iter::once(member.to_string()).chain(times));
        work.row(work_row(member, &line.work));
        found.push(json!({ "member": member.to_string(), "times": line }));
    }
    // No empty table: the round is too old, or none of these members took part in it.
    if found.is_empty() {
        return Err(Failure::work(format!(
            "no member of {} has timings of round {round}",
            house.root().display()
        ))
        .advise("members keep them for the last rounds that they took part in"));
    }
    // As the members have written them, for whoever evaluates them.
    let object = json!({ "round": round, "members": found });
    context.console().result(&object, || {
        format!(
            "round {round}: milliseconds after its closing time, at each member\n{table}\n\n\
             processor time, all cores together: admission since the round before, then stage by \
             stage\n{work}"
        )
    });
    Ok(())
}

/// How many envelopes were admitted, and the processor's time for each stage, in milliseconds.
fn work_row(member: MemberIndex, work: &RoundWork) -> impl Iterator<Item = String> {
    let stages = [
        work.admission_us,
        work.certified_us,
        work.terms_opened_us,
        work.cleared_us,
        work.authorised_us,
        work.settled_us,
    ];
    let millis = stages.map(|us| format!("{:.1}", Duration::from_micros(us).as_secs_f64() * 1e3));
    [member.to_string(), work.admitted.to_string()]
        .into_iter()
        .chain(millis)
}
