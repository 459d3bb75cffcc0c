//! `sealbid inspect`: what anyone can see of an envelope, and what they cannot.
//!
//! It needs neither a house nor a key. It shows what every member sees of an envelope, and once a
//! round lists it everybody who reads the record. Of what is sealed it tells the size, and what
//! kind of thing it is.

use std::path::PathBuf;

use clap::Args;
use sealbid_crypto::RefusalReason;
use sealbid_types::codec::decode;
use sealbid_types::door::RefusalCode;
use sealbid_types::envelope::{Envelope, Kind, Part};
use serde_json::{Value, json};

use crate::commands::trade::send::read_bytes;
use crate::context::Context;
use crate::exit::Failure;
use crate::tokens::Tokens;
use crate::ui::describe;
use crate::ui::text::date_and_clock;

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
    // Of any length: what is too long for an envelope is refused with the others that are none.
    let bytes = read_bytes(&args.envelope)?;
    let decoded = decode::<Envelope>(&bytes);
    // All checks that a member makes of an envelope by itself; the first that fails is named.
    let problem = match &decoded {
        Ok(envelope) => problem_of(envelope),
        Err(error) => Some((RefusalCode::from(error).to_string(), error.to_string())),
    };
    let envelope = decoded.ok();
    // Without a house it is inspected all the same: its proofs need no committee.
    let for_this_house = match &envelope {
        Some(envelope) => is_for_this_house(envelope, context).await?,
        None => None,
    };
    let tokens = context.tokens()?;
    let object = object_of(envelope.as_ref(), problem.as_ref(), for_this_house);
    // Shown before the command fails: what is wrong with an envelope is read beside what it says.
    context.console().result(&object, || {
        text_of(envelope.as_ref(), problem.as_ref(), for_this_house, &tokens)
    });
    match problem {
        // With the code that a member would refuse it by.
        Some((code, _)) => Err(Failure::work("the envelope is not valid")
            .with_code(code)
            .reported()),
        None => Ok(()),
    }
}

/// What is wrong with an envelope, by code and in words.
fn problem_of(envelope: &Envelope) -> Option<(String, String)> {
    // What costs nothing comes first, as at a member's gate.
    if let Err(error) = envelope.check_header() {
        return Some((RefusalCode::from(&error).to_string(), error.to_string()));
    }
    let refusal = sealbid_crypto::check(envelope).err()?;
    Some((code_of(refusal.reason).to_string(), refusal.to_string()))
}

/// The code that a member would refuse with.
// Written out: codes are part of the protocol, and stay whatever the cryptography calls its
// reasons.
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
    // One that cannot be read is an error: an answer that is left out would look as if there were
    // no house.
    let (committee, _) = context.committee(path).await?.into_parts();
    let header = &envelope.header;
    // Both, since the auction's id does not cover the committee's key.
    Ok(Some(
        header.auction == committee.auction && header.key == committee.key,
    ))
}

/// Every field is always there, null where there is nothing to say: scripts ask by name.
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

/// What a part has in it, of which nothing shows outside.
const fn holds(part: Part) -> &'static str {
    match part {
        Part::Terms => "account, amounts, limit, solvers, deadline",
        Part::Authorisation => "the signature that the chain checks",
        Part::Quote => "solver, pair, prices, capacity",
    }
}

/// When its content becomes public, which is what its owner has to know before it is sent.
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

/// What can be seen, what cannot, and last the verdict, where it stands out on a terminal.
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

/// The header, which is signed and not sealed: what one shows by sending an envelope.
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
