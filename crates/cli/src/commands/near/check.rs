//! `sealbid near check`: whether the Verifier would take signed payloads, and why not.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use sealbid_near::intents::Intent;
use sealbid_near::multi_payload::{IntentsPayload, MultiPayload};
use sealbid_near::nonce;
use sealbid_near::verifier::{Salt, Verifier};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;
use serde::Serialize;

use super::payloads;
use crate::context::Context;
use crate::exit::Failure;
use crate::ui::text::count;

/// Say of signed payloads whether the Verifier would take them, and why not
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid near check signed.json
  sealbid near check signed.json --salt 252812b3 --json | jq -r .reason
  sealbid intent swap 1000 usdc.near wrap.near --min 950 | sealbid near check -

FILE is what a wallet made, or a list of such objects: nep413, erc191, tip191, raw_ed25519, sep53,
webauthn or ton_connect. Checked are form, signature, contract, deadline, key, nonce and intents.
What the chain alone knows is not: balances, used nonces, keys that an account has added. Its salt
is what the Verifier's view current_salt says.

Exits with 8 if any payload is not valid.")]
pub(super) struct CheckArgs {
    /// The signed payload's JSON, or a list; - reads it from standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// A salt that the Verifier takes in nonces, 8 hex digits; may be given again. Without any, salts
    /// are not judged
    #[arg(long, value_name = "HEX", value_parser = salt)]
    salt: Vec<Salt>,
    /// The Verifier's account
    #[arg(long, value_name = "ACCOUNT", default_value = "intents.near")]
    contract: AccountId,
}

fn salt(text: &str) -> Result<Salt, &'static str> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or("a salt is 8 hex digits, such as 252812b3")
}

/// Runs it. Needs no house.
pub(super) async fn run(args: CheckArgs, context: &Context) -> Result<(), Failure> {
    let console = context.console();
    let verifier = Verifier {
        contract: args.contract,
        salts: Some(args.salt).filter(|salts| !salts.is_empty()),
        now: Timestamp::from(SystemTime::now()),
    };
    let signed = payloads::read(args.file).await?;
    if signed.is_empty() {
        return Err(Failure::audit("the list has no signed payload"));
    }
    let reports: Vec<Report> = signed
        .iter()
        .map(|json| Report::of(json, &verifier))
        .collect();
    for (index, report) in reports.iter().enumerate() {
        console.result(report, || {
            let between = if index == 0 { "" } else { "\n" };
            format!("{between}{}", report.text())
        });
    }
    if verifier.salts.is_none() && reports.iter().any(|report| report.has_salt) {
        console.note("the salts of nonces are not judged: name those of the chain with --salt HEX");
    }
    match reports.iter().filter(|report| !report.valid).count() {
        0 => Ok(()),
        bad => {
            let all = count(reports.len() as u64, "payload");
            Err(Failure::audit(format!("not valid: {bad} of {all}")).reported())
        }
    }
}

/// What there is to say of a payload. Every field is always there, null where it cannot be read.
#[derive(Debug, Serialize)]
struct Report {
    standard: Option<&'static str>,
    signer: Option<AccountId>,
    intents: Option<Vec<&'static str>>,
    deadline: Option<String>,
    nonce: Option<String>,
    intent_hash: Option<String>,
    valid: bool,
    reason: Option<String>,
    /// Whether its nonce names a salt.
    #[serde(skip)]
    has_salt: bool,
}

impl Report {
    fn of(json: &str, verifier: &Verifier) -> Self {
        let signed = match MultiPayload::parse(json) {
            Ok(signed) => signed,
            Err(error) => return Self::new(None, None, Some(error.to_string())),
        };
        let refused = verifier.check(&signed).err();
        let reason = refused.map(|refused| refused.to_string());
        // What it says is shown whether or not it is valid.
        Self::new(Some(&signed), signed.payload().ok().as_ref(), reason)
    }

    fn new(
        signed: Option<&MultiPayload>,
        payload: Option<&IntentsPayload>,
        reason: Option<String>,
    ) -> Self {
        Self {
            standard: signed.map(MultiPayload::standard_name),
            signer: payload.map(|payload| payload.signer.clone()),
            intents: payload.map(|payload| payload.intents.iter().map(Intent::kind).collect()),
            deadline: payload.map(|payload| payload.deadline.to_string()),
            nonce: payload.map(|payload| BASE64.encode(payload.nonce.as_bytes())),
            intent_hash: signed.map(|signed| signed.intent_hash().to_string()),
            valid: reason.is_none(),
            reason,
            has_salt: payload.is_some_and(|payload| nonce::read(&payload.nonce).is_some()),
        }
    }

    fn text(&self) -> String {
        let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let intents = match self.intents.as_deref() {
            None => "-".to_owned(),
            Some([]) => "none".to_owned(),
            Some(kinds) => kinds.join(", "),
        };
        let signer = self.signer.as_ref().map(AccountId::as_str);
        [
            ("standard", or_dash(self.standard)),
            ("signer", or_dash(signer)),
            ("intents", intents),
            ("deadline", or_dash(self.deadline.as_deref())),
            ("nonce", or_dash(self.nonce.as_deref())),
            ("intent_hash", or_dash(self.intent_hash.as_deref())),
            ("valid", if self.valid { "yes" } else { "NO" }.to_owned()),
            ("reason", or_dash(self.reason.as_deref())),
        ]
        .map(|(name, value)| format!("{name:<11}  {value}"))
        .join("\n")
    }
}
