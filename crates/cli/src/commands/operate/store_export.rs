//! `sealbid node store export`: what a store keeps, as files that need no store.

use std::path::{Path, PathBuf};

use clap::Args;
use sealbid_client::RecordDirectory;
use sealbid_client::evidence::convict;
use sealbid_node::kept_evidence;
use sealbid_protocol::chain::certified_close;
use sealbid_protocol::disk::Table;
use sealbid_store::table_name;
use sealbid_types::codec::decode;
use sealbid_types::id::Round;
use sealbid_types::record::RoundRecord;
use serde::Serialize;
use serde_json::json;

use super::evidence;
use super::new_file::{Written, failed, make_directory, write_once};
use super::store::{Stopped, WhichArgs, for_each_row};
use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::ui::text::count;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The directory to write to; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    which: WhichArgs,
}

/// Files of one kind.
#[derive(Debug, Default, Serialize)]
struct Files {
    /// Written now.
    new: u64,
    /// There before, with the same content.
    there: u64,
    /// The first and the last round, of what is by round.
    from: Option<Round>,
    to: Option<Round>,
}

impl Files {
    fn add(&mut self, written: Written) {
        let count = match written {
            Written::New => &mut self.new,
            Written::There => &mut self.there,
        };
        *count = count.saturating_add(1);
    }

    fn sentence(&self, what: &str) -> String {
        let rounds = match (self.from, self.to) {
            (Some(from), Some(to)) if from != to => format!(", of rounds {from} to {to}"),
            (Some(round), _) => format!(", of round {round}"),
            _ => String::new(),
        };
        let there = match self.there {
            0 => String::new(),
            there => format!(" ({there} there already)"),
        };
        format!("{}{there}{rounds}", count(self.new, what))
    }
}

/// What was written.
#[derive(Debug, Default)]
struct Exported {
    records: Files,
    certificates: Files,
    evidence: Files,
    unproven: u64,
}

/// Runs it.
pub(super) async fn export(args: ExportArgs, context: &Context) -> Result<(), Failure> {
    let stopped = Stopped::open(&args.which, context).await?;
    let to = args.to.clone();
    let exported = blocking(move || write_all(&stopped, &to)).await??;
    let Exported {
        records,
        certificates,
        evidence,
        unproven,
    } = &exported;
    let object = json!({
        "to": args.to,
        "records": records,
        "certificates": certificates,
        "evidence": evidence,
        "unproven": unproven,
    });
    let console = context.console();
    console.result(&object, || {
        format!(
            "wrote to {}\n  {}\n  {}\n  {}",
            args.to.display(),
            records.sentence("record"),
            certificates.sentence("certificate"),
            evidence.sentence("evidence file"),
        )
    });
    if *unproven > 0 {
        let rows = count(*unproven, "row");
        console.note(format_args!(
            "left out: {rows} of evidence that proves nothing"
        ));
    }
    Ok(())
}

fn write_all(stopped: &Stopped, to: &Path) -> Result<Exported, Failure> {
    let records = RecordDirectory::new(to.join("records"));
    let certificates = RecordDirectory::new(to.join("certificates"));
    for directory in [&records, &certificates] {
        make_directory(directory.path())?;
    }
    let mut exported = Exported::default();
    by_round(
        stopped,
        Table::Records,
        &records,
        &mut exported.records,
        |row| decode::<RoundRecord>(row).ok(),
    )?;
    let done = &mut exported.certificates;
    by_round(
        stopped,
        Table::Certificates,
        &certificates,
        done,
        certified_close,
    )?;
    write_evidence(stopped, &to.join("evidence"), &mut exported)?;
    Ok(exported)
}

/// Writes the rows of a table that is by round, each to a file of its own.
fn by_round<T: Serialize>(
    stopped: &Stopped,
    table: Table,
    directory: &RecordDirectory,
    done: &mut Files,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<(), Failure> {
    for_each_row(&stopped.store, table, |key, value| {
        let round = key.try_into().ok().map(u64::from_be_bytes).map(Round);
        let (Some(round), Some(row)) = (round, read(value)) else {
            let (name, path) = (table_name(table), stopped.path.display());
            let message = format!("the store {path} holds something unreadable in {name}");
            return Err(Failure::storage(message).advise("`sealbid node store check` names it"));
        };
        let path = directory.file(round);
        // As relayers write it: whoever has both has the same bytes.
        let text = serde_json::to_vec_pretty(&row).map_err(|error| failed(&path, &error))?;
        done.add(write_once(&path, &text)?);
        done.from.get_or_insert(round);
        done.to = Some(round);
        Ok(())
    })?;
    Ok(())
}

fn write_evidence(
    stopped: &Stopped,
    directory: &Path,
    exported: &mut Exported,
) -> Result<(), Failure> {
    let kept = kept_evidence(&stopped.store);
    let kept = kept.map_err(|error| Failure::storage(error.to_string()))?;
    if !kept.is_empty() {
        make_directory(directory)?;
    }
    for each in &kept {
        match convict(&stopped.committee, each) {
            Ok(charge) => {
                let (_, written) = evidence::write(directory, each, &charge)?;
                exported.evidence.add(written);
            }
            Err(_) => exported.unproven = exported.unproven.saturating_add(1),
        }
    }
    Ok(())
}
