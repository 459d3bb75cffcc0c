//! `sealbid inspect`: what anyone can see of an envelope, and what they cannot.

use std::path::PathBuf;

use clap::Args;
use sealbid_crypto::RefusalReason;
use sealbid_keygen::load_committee;
use sealbid_types::codec::decode;
use sealbid_types::door::RefusalCode;
use sealbid_types::envelope::{Envelope, Kind, Part};
use serde_json::{Value, json};

use crate::context::{Context, blocking};
use crate::describe;
use crate::exit::Failure;
use crate::send::read_bytes;
use crate::text::date_and_clock;
use crate::tokens::Tokens;

/// Show what anyone can see of an envelope, what they cannot, and whether its proofs hold
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid inspect swap.envelope
  sealbid inspect swap.envelope --json | jq .valid

Exits with 1 if the envelope is not valid. Needs no house; if there is one, says whether the
envelope is for it.")]
pub(crate) struct InspectArgs {
    /// The envelope's file
    #[arg(value_name = "ENV")]
    envelope: PathBuf,
}

/// Runs it.
pub(crate) async fn run(args: InspectArgs, context: &Context) -> Result<(), Failure> {
    let bytes = read_bytes(&args.envelope)?;
    let decoded = decode::<Envelope>(&bytes);
    let problem = match &decoded {
        Ok(envelope) => problem_of(envelope),
        Err(error) => Some((RefusalCode::from(error).to_string(), error.to_string())),
    };
    let envelope = decoded.ok();
    let for_this_house = match &envelope {
        Some(envelope) => is_for_this_house(envelope, context).await?,
        None => None,
    };
    let tokens = context.tokens()?;
    let object = object_of(envelope.as_ref(), problem.as_ref(), for_this_house);
    context.console().result(&object, || {
        text_of(envelope.as_ref(), problem.as_ref(), for_this_house, &tokens)
    });
    match problem {
        Some((code, _)) => Err(Failure::work("the envelope is not valid")
            .with_code(code)
            .reported()),
        None => Ok(()),
    }
}

/// What is wrong with an envelope, by code and in words.
fn problem_of(envelope: &Envelope) -> Option<(String, String)> {
    if let Err(error) = envelope.check_header() {
        return Some((RefusalCode::from(&error).to_string(), error.to_string()));
    }
    let refusal = sealbid_crypto::check(envelope).err()?;
    Some((code_of(refusal.reason).to_string(), refusal.to_string()))
}

/// The code that a member would refuse with.
const fn code_of(reason: RefusalReason) -> RefusalCode {
    use sealbid_crypto::group::PointError;
    match reason {
        RefusalReason::BodyLength(_) => RefusalCode::BodySize,
        RefusalReason::Response => RefusalCode::ScalarNotCanonical,
        RefusalReason::Proof => RefusalCode::Proof,
        RefusalReason::Point { error, .. } => match error {
            PointError::Identity => RefusalCode::PointIdentity,
            PointError::OffSubgroup => RefusalCode::PointNotInSubgroup,
            PointError::Encoding | PointError::OffCurve => RefusalCode::PointNotOnCurve,
        },
    }
}

/// Whether the envelope is for the house at hand; none if there is no house at hand.
async fn is_for_this_house(
    envelope: &Envelope,
    context: &Context,
) -> Result<Option<bool>, Failure> {
    let path = context.house_dir().committee();
    if !path.exists() {
        return Ok(None);
    }
    let (committee, _) = blocking(move || load_committee(&path)).await??;
    let header = &envelope.header;
    Ok(Some(
        header.auction == committee.auction && header.key == committee.key,
    ))
}

fn object_of(
    envelope: Option<&Envelope>,
    problem: Option<&(String, String)>,
    for_this_house: Option<bool>,
) -> Value {
    json!({
        "valid": problem.is_none(),
        "problem": problem.map(|(code, message)| json!({ "code": code, "message": message })),
        "for_this_house": for_this_house,
        "id": envelope.map(Envelope::id),
        "public": envelope.map(|envelope| json!(envelope.header)),
        "sealed": envelope.map(|envelope| {
            let parts = envelope.sealed.parts();
            let parts = parts.map(|(part, sealed)| json!({
                "part": part,
                "bytes": sealed.body.0.len(),
                "holds": holds(part),
                "opened": opened(part),
            }));
            parts.collect::<Vec<_>>()
        }),
    })
}

const fn holds(part: Part) -> &'static str {
    match part {
        Part::Terms => "account, amounts, limit, solvers, deadline",
        Part::Authorisation => "the signature that the chain checks",
        Part::Quote => "solver, pair, prices, capacity",
    }
}

const fn opened(part: Part) -> &'static str {
    match part {
        Part::Terms | Part::Quote => "once a round that lists it is closed",
        Part::Authorisation => "only if it is filled",
    }
}

const fn name(part: Part) -> &'static str {
    match part {
        Part::Terms => "terms",
        Part::Authorisation => "authorisation",
        Part::Quote => "quote",
    }
}

fn text_of(
    envelope: Option<&Envelope>,
    problem: Option<&(String, String)>,
    for_this_house: Option<bool>,
    tokens: &Tokens,
) -> String {
    let mut lines = Vec::new();
    if let Some(envelope) = envelope {
        lines.extend(public_lines(envelope, for_this_house, tokens));
        lines.push("only a quorum of the committee can open".to_owned());
        for (part, sealed) in envelope.sealed.parts() {
            let (name, bytes) = (name(part), sealed.body.0.len());
            lines.push(format!("  {name:<13}  {bytes} bytes: {}", holds(part)));
            lines.push(format!("  {:<13}  {}", "", opened(part)));
        }
    }
    lines.push(match problem {
        None => "valid: signature and proofs hold".to_owned(),
        Some((code, message)) => format!("NOT VALID: {message} ({code})"),
    });
    lines.join("\n")
}

fn public_lines(envelope: &Envelope, for_this_house: Option<bool>, tokens: &Tokens) -> Vec<String> {
    let header = &envelope.header;
    let kind = match header.kind {
        Kind::Intent => "intent",
        Kind::Quote => "quote",
    };
    let house = match for_this_house {
        Some(true) => ", this house's",
        Some(false) => ", ANOTHER HOUSE'S",
        None => "",
    };
    vec![
        format!("{kind} {}", envelope.id()),
        "anyone can see".to_owned(),
        format!("  auction        {}{house}", header.auction.short()),
        format!("  sealed to key  {}", header.key.short()),
        format!("  submitter      {}", header.submitter),
        format!("  rounds         {} to {}", header.first, header.last),
        format!("  expires        {} UTC", date_and_clock(header.expires)),
        format!(
            "  shows          {}",
            describe::metadata(&header.metadata, tokens)
        ),
    ]
}
