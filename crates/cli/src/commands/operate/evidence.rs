//! `sealbid node evidence`: what members have kept against members that lied.
//!
//! A member that does not run has its store read; any other is asked at its front door, since the
//! process has the store to itself. Whatever is shown is judged here by the committee file, so it
//! does not matter who shows it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use sealbid_client::Client;
use sealbid_client::evidence::{Charge, Evidence, convict, to_file};
use sealbid_keygen::command::values::between;
use sealbid_node::{MemberConfig, kept_evidence};
use sealbid_store::{Identity, Store, StoreError};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;
use serde::Serialize;
use serde_json::{Value, json};

use super::new_file::{Written, failed, make_directory, write_once};
use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::ui::charge::ChargeFields;
use crate::ui::output::Columns;
use crate::ui::text::count;

/// What its help ends with.
pub(super) const HELP: &str = "\
Examples:
  sealbid node evidence
  sealbid node evidence --export evidence
  sealbid audit --evidence evidence/member-3-two-reports-7-1f0c5a2e.json

Of a member whose directory is in the house directory and that does not run, the store is read; all
others are asked at their front doors. What they show is judged here, by the committee file alone.
A member keeps one piece of evidence of a kind against each other member.";

#[derive(Debug, Args)]
pub(super) struct EvidenceArgs {
    /// Only what this member has kept, by its number from 1 [default: every member]
    #[arg(long, value_name = "N", value_parser = between(1u8, 16))]
    member: Option<u8>,
    /// Write each piece to a file of its own in this directory; none is overwritten
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
}

/// One piece, and who has kept it.
struct Piece {
    evidence: Evidence,
    charge: Charge,
    keepers: Vec<MemberIndex>,
    file: Option<PathBuf>,
}

/// The same, for scripts.
#[derive(Debug, Serialize)]
struct Kept<'a> {
    #[serde(flatten)]
    charge: ChargeFields<'a>,
    digest: &'a FixedBytes<32>,
    kept_by: Vec<String>,
    file: Option<&'a Path>,
}

/// What was found.
#[derive(Default)]
struct Found {
    pieces: BTreeMap<FixedBytes<32>, Piece>,
    /// How many members have shown what they keep.
    shown: usize,
    /// What is no evidence: who shows it, and why it proves nothing.
    unproven: Vec<(MemberIndex, String)>,
    /// Who shows nothing, and why.
    missing: Vec<(MemberIndex, Failure)>,
}

/// Runs it.
pub(super) async fn run(args: EvidenceArgs, context: &Context) -> Result<(), Failure> {
    let client = context.house().await?;
    let members = members(&args, &client)?;
    let mut found = Found::default();
    for member in members {
        match kept_by(member, &client, context).await {
            Ok(kept) => found.add(member, kept, &client),
            Err(failure) => found.missing.push((member, failure)),
        }
    }
    if let Some(directory) = &args.export {
        found.export(directory)?;
    }
    found.tell(context);
    // A list of what one member keeps is a list; nobody's is none.
    match found.missing.into_iter().next() {
        Some((_, failure)) if found.shown == 0 => Err(failure),
        _ => Ok(()),
    }
}

fn members(args: &EvidenceArgs, client: &Client) -> Result<Vec<MemberIndex>, Failure> {
    let all = MemberIndex::all(client.committee().members());
    let Some(number) = args.member else {
        return Ok(all.collect());
    };
    let index = MemberIndex(number.saturating_sub(1));
    let has = client.committee().member(index).is_some();
    has.then(|| vec![index]).ok_or_else(|| {
        let members = client.committee().members();
        Failure::usage(format!("the committee has {members} members"))
    })
}

/// What a member has kept, by its store if no process has that, else by its own word.
async fn kept_by(
    member: MemberIndex,
    client: &Client,
    context: &Context,
) -> Result<Vec<Evidence>, Failure> {
    let config = context.house_dir().member(member).config();
    let store = MemberConfig::load(&config).ok().map(|config| config.store);
    if let Some(path) = store.filter(|path| path.exists()) {
        let auction = client.committee().auction;
        let identity = Identity { auction, member };
        let read = move || kept_evidence(&Store::open(&path, identity)?);
        match blocking(read).await? {
            Ok(kept) => return Ok(kept),
            // Its process answers for it.
            Err(StoreError::Locked { .. }) => {}
            Err(error) => return Err(Failure::storage(error.to_string())),
        }
    }
    Ok(client.evidence_of(member).await?)
}

impl Found {
    fn add(&mut self, keeper: MemberIndex, kept: Vec<Evidence>, client: &Client) {
        self.shown = self.shown.saturating_add(1);
        for evidence in kept {
            match convict(client, &evidence) {
                Ok(charge) => {
                    let piece = self.pieces.entry(evidence.digest());
                    let piece = piece.or_insert_with(|| Piece {
                        evidence,
                        charge,
                        keepers: Vec::new(),
                        file: None,
                    });
                    piece.keepers.push(keeper);
                }
                // Nobody is named by what proves nothing.
                Err(error) => self.unproven.push((keeper, error.to_string())),
            }
        }
    }

    /// Writes each piece to its file, unless it is there already.
    fn export(&mut self, directory: &Path) -> Result<(), Failure> {
        make_directory(directory)?;
        for piece in self.pieces.values_mut() {
            piece.file = Some(write(directory, &piece.evidence, &piece.charge)?.0);
        }
        Ok(())
    }

    fn tell(&self, context: &Context) {
        let console = context.console();
        console.result(&self.to_json(), || self.to_text());
        for (member, failure) in &self.missing {
            console.note(format_args!(
                "what {member} has kept is not known: {}",
                failure.message()
            ));
        }
        for (member, why) in &self.unproven {
            console.note(format_args!(
                "{member} keeps something that proves nothing: {why}"
            ));
        }
    }

    fn to_json(&self) -> Value {
        let evidence = self.pieces.iter().map(|(digest, piece)| {
            let keepers = piece.keepers.iter().map(ToString::to_string);
            Kept {
                charge: ChargeFields::of(Some(&piece.charge)),
                digest,
                kept_by: keepers.collect(),
                file: piece.file.as_deref(),
            }
        });
        let said = |(member, why): (&MemberIndex, &str)| json!({ "member": member.to_string(), "error": why });
        let missing = self.missing.iter();
        let missing = missing.map(|(member, failure)| said((member, failure.message())));
        let unproven = self.unproven.iter();
        let unproven = unproven.map(|(member, why)| said((member, why)));
        json!({
            "evidence": evidence.collect::<Vec<_>>(),
            "unproven": unproven.collect::<Vec<_>>(),
            "missing": missing.collect::<Vec<_>>(),
        })
    }

    fn to_text(&self) -> String {
        if self.pieces.is_empty() {
            let members = count(self.shown as u64, "member");
            return format!("{members}: no evidence against anybody");
        }
        let mut table = Columns::new(&[">round", "member", "what it did", "kept by members"]);
        for piece in self.pieces.values() {
            let Charge {
                offence,
                member,
                round,
                ..
            } = &piece.charge;
            let keepers = piece.keepers.iter().map(MemberIndex::to_string);
            let numbers = keepers.map(|name| name.trim_start_matches("member-").to_owned());
            let keepers: Vec<_> = numbers.collect();
            table.row([
                round.to_string(),
                member.map_or_else(|| "several".to_owned(), |member| member.to_string()),
                offence.to_string(),
                keepers.join(", "),
            ]);
        }
        let files = self.pieces.values().filter_map(|piece| piece.file.as_ref());
        let mut text = table.to_string();
        for (at, file) in files.enumerate() {
            let gap = if at == 0 { "\n\n" } else { "\n" };
            text.push_str(&format!("{gap}wrote {}", file.display()));
        }
        text
    }
}

/// Writes a piece to its file in a directory, which is made.
///
/// # Errors
/// Storage.
pub(crate) fn write_into(
    directory: &Path,
    evidence: &Evidence,
    charge: &Charge,
) -> Result<PathBuf, Failure> {
    make_directory(directory)?;
    Ok(write(directory, evidence, charge)?.0)
}

/// Writes a piece to its file in a directory.
pub(super) fn write(
    directory: &Path,
    evidence: &Evidence,
    charge: &Charge,
) -> Result<(PathBuf, Written), Failure> {
    let path = directory.join(file_name(charge, &evidence.digest()));
    let text = to_file(evidence).map_err(|error| failed(&path, &error))?;
    let written = write_once(&path, &text)?;
    Ok((path, written))
}

/// `member-3-two-reports-7-1f0c5a2e.json`.
fn file_name(charge: &Charge, digest: &FixedBytes<32>) -> String {
    let who = charge.member.map(|member| member.to_string());
    let who = who.as_deref().unwrap_or("several");
    let what = charge.offence.name().replace('_', "-");
    let name: String = digest.to_string().chars().take(8).collect();
    format!("{who}-{what}-{}-{name}.json", charge.round)
}
