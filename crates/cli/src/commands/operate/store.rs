//! `sealbid node store`: a member's store looked through, and what it keeps written to files.
//!
//! The store is its process's alone: a member that runs has to be stopped first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sealbid_client::CommitteeFile;
use sealbid_client::audit::batch_secret;
use sealbid_node::MemberConfig;
use sealbid_protocol::disk::Table;
use sealbid_protocol::inspection::{Extent, Inspection};
use sealbid_store::{Damage, Identity, Store, StoreError, table_name};
use serde_json::{Value, json};

use super::store_export::{ExportArgs, export};
use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::ui::output::{Columns, Console};
use crate::ui::text::count;

#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Read every row of a stopped member's store and hold it against the others
    #[command(after_help = "\
Examples:
  sealbid node store check
  sealbid node store check --config house/member-2/member.toml

Every page is read against its checksum, and every row decoded and verified: certificates, the
chain, records in full (as `sealbid audit` does), outcomes, envelopes, reports, promises, evidence.
Exits with 5 if anything is wrong, and names the first of it. It changes nothing, but that a store
that was not closed in order is put in order, as at a member's start.")]
    Check(CheckArgs),
    /// Write what a stopped member's store keeps to files: records, certificates, evidence
    #[command(after_help = "\
Examples:
  sealbid node store export --to archive
  sealbid --dir archive audit --all --offline --committee house/committee.json

Records are written as a relayer writes them, to records/R.json; certified closes to
certificates/R.json; evidence as `sealbid node evidence` writes it. Nothing is overwritten: what
is there already stays, and what was interrupted can be done again.")]
    Export(ExportArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    which: WhichArgs,
}

#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// The member's configuration file [default: the first member's in DIR]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs it.
pub(super) async fn run(args: StoreArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        StoreCommand::Check(args) => check(&args, context).await,
        StoreCommand::Export(args) => export(args, context).await,
    }
}

/// A stopped member's store, with its committee.
pub(super) struct Stopped {
    pub(super) path: PathBuf,
    pub(super) store: Store,
    pub(super) identity: Identity,
    pub(super) committee: CommitteeFile,
}

impl Stopped {
    /// Opens the store that a configuration names.
    ///
    /// # Errors
    /// Usage or key, for the configuration and the committee file; storage.
    pub(super) async fn open(which: &WhichArgs, context: &Context) -> Result<Self, Failure> {
        let config = super::node::member_config(which.config.as_deref(), context)?;
        let config = MemberConfig::load(&config)?;
        let committee = context.committee(config.committee).await?;
        let path = config.store;
        let opened = {
            let path = path.clone();
            blocking(move || Store::examine(&path)).await?
        };
        let (store, identity) = opened.map_err(|error| unopened(&error))?;
        let own = committee.committee();
        if identity.auction != own.auction {
            let (found, auction) = (identity.auction.short(), own.auction.short());
            let path = path.display();
            let message = format!("the store {path} is of auction {found}, not of {auction}");
            return Err(Failure::storage(message));
        }
        Ok(Self {
            path,
            store,
            identity,
            committee,
        })
    }
}

fn unopened(error: &StoreError) -> Failure {
    let failure = Failure::storage(error.to_string());
    match error {
        StoreError::Locked { .. } => failure.advise("stop the member first"),
        StoreError::Corrupt { .. } => failure.advise(DAMAGED),
        _ => failure,
    }
}

const DAMAGED: &str =
    "keep the file as it is, and read docs/operations.md on a damaged store before anything else";

/// A row that is wrong.
#[derive(Debug, Clone)]
struct Wrong {
    table: &'static str,
    /// None for what is missing at the end.
    key: Option<Vec<u8>>,
    what: String,
}

/// What the rows of a table come to.
#[derive(Debug, Default, Clone, Copy)]
struct Rows {
    rows: u64,
    bytes: u64,
    wrong: u64,
}

/// What a look through a store has found.
#[derive(Debug, Default)]
struct Looked {
    tables: BTreeMap<Table, Rows>,
    first: Option<Wrong>,
    extent: Option<Extent>,
}

async fn check(args: &CheckArgs, context: &Context) -> Result<(), Failure> {
    let stopped = Stopped::open(&args.which, context).await?;
    let (path, identity) = (stopped.path.clone(), stopped.identity);
    let looked = blocking(move || look_through(&stopped)).await??;
    tell(&looked, &path, identity, context.console());
    let Some(first) = &looked.first else {
        return Ok(());
    };
    let message = format!(
        "the store {} is wrong: {}",
        path.display(),
        first.sentence()
    );
    Err(Failure::storage(message).advise(DAMAGED).reported())
}

/// How many rows are read at a time: a record may have 64 MiB.
const fn batch(table: Table) -> usize {
    match table {
        Table::Records => 1,
        Table::Certificates | Table::Closes | Table::Evidence => 16,
        _ => 1024,
    }
}

/// Calls `each` for all rows of a table, a few of which are in memory at a time. `each` says
/// whether to go on.
///
/// # Errors
/// The store's, and those of `each`.
pub(super) fn for_each_row(
    store: &Store,
    table: Table,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Failure>,
) -> Result<(), RowsError> {
    let mut from = Vec::new();
    loop {
        let rows = store.range(table, &from, batch(table))?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        // The next key that there can be.
        from = [last.as_slice(), &[0]].concat();
        for (key, value) in &rows {
            each(key, value)?;
        }
    }
}

/// Why not all rows were read.
pub(super) enum RowsError {
    Store(StoreError),
    Each(Failure),
}

impl From<StoreError> for RowsError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for RowsError {
    fn from(failure: Failure) -> Self {
        Self::Each(failure)
    }
}

impl From<RowsError> for Failure {
    fn from(error: RowsError) -> Self {
        match error {
            RowsError::Store(error) => unopened(&error),
            RowsError::Each(failure) => failure,
        }
    }
}

fn look_through(stopped: &Stopped) -> Result<Looked, Failure> {
    let (committee, keys) = (stopped.committee.committee(), stopped.committee.keys());
    let secret = batch_secret()?;
    let mut inspection = Inspection::new(committee, keys, &secret, stopped.identity.member);
    let mut looked = Looked::default();
    for table in Inspection::ORDER {
        let store = &stopped.store;
        let mut rows = Rows::default();
        let read = for_each_row(store, table, |key, value| {
            rows.rows = rows.rows.saturating_add(1);
            let bytes = key.len().saturating_add(value.len());
            rows.bytes = rows.bytes.saturating_add(bytes as u64);
            let judged = store
                .recall(|memory| inspection.row(table, key, value, memory))
                .map_err(|error| unopened(&error))?;
            if let Err(fault) = judged {
                rows.wrong = rows.wrong.saturating_add(1);
                looked.is_wrong(table, Some(key.to_vec()), fault.to_string());
            }
            Ok(())
        });
        match read {
            Ok(()) => {}
            // What comes after it in its table cannot be read, and the other tables can.
            Err(RowsError::Store(StoreError::Corrupt { damage, .. })) => {
                rows.wrong = rows.wrong.saturating_add(1);
                let key = match &damage {
                    Damage::Value { key, .. } => Some(key.clone()),
                    Damage::File(_) => None,
                };
                looked.is_wrong(table, key, damage.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        looked.tables.insert(table, rows);
    }
    match inspection.finish() {
        Ok(extent) => looked.extent = Some(extent),
        Err(fault) => looked.is_wrong(Table::Records, None, fault.to_string()),
    }
    Ok(looked)
}

impl Looked {
    /// What comes first is most likely what made the rest wrong.
    fn is_wrong(&mut self, table: Table, key: Option<Vec<u8>>, what: String) {
        let table = table_name(table);
        self.first.get_or_insert(Wrong { table, key, what });
    }
}

impl Wrong {
    fn key(&self) -> Option<String> {
        let key = self.key.as_ref()?;
        // A round's, as people count.
        if let Ok(round) = <[u8; 8]>::try_from(key.as_slice()) {
            return Some(u64::from_be_bytes(round).to_string());
        }
        Some(data_encoding::HEXLOWER.encode(key))
    }

    fn sentence(&self) -> String {
        let Self { table, what, .. } = self;
        match self.key() {
            Some(key) => format!("row {key} of {table}: {what}"),
            None => format!("{table}: {what}"),
        }
    }
}

fn tell(looked: &Looked, path: &Path, identity: Identity, console: Console) {
    console.result(&object(looked, path, identity), || {
        let mut table = Columns::new(&["table", ">rows", ">bytes", ">wrong"]);
        for (name, rows) in in_order(looked) {
            table.row([
                name.to_owned(),
                rows.rows.to_string(),
                rows.bytes.to_string(),
                rows.wrong.to_string(),
            ]);
        }
        let verdict = match (&looked.first, looked.extent) {
            (Some(first), _) => format!("WRONG: {}", first.sentence()),
            (None, Some(extent)) => format!("{}; nothing is wrong", settled(extent)),
            (None, None) => String::new(),
        };
        format!("{identity}   ({})\n\n{table}\n\n{verdict}", path.display())
    });
}

fn settled(Extent { settled, since, .. }: Extent) -> String {
    let rounds = count(settled.0, "settled round");
    match since.0 {
        0 | 1 => rounds,
        _ => format!("{rounds}, records from round {since} on"),
    }
}

fn in_order(looked: &Looked) -> impl Iterator<Item = (&'static str, Rows)> {
    let order = Inspection::ORDER.into_iter();
    order.filter_map(|table| Some((table_name(table), *looked.tables.get(&table)?)))
}

fn object(looked: &Looked, path: &Path, identity: Identity) -> Value {
    let tables = in_order(looked).map(|(name, rows)| {
        json!({ "table": name, "rows": rows.rows, "bytes": rows.bytes, "wrong": rows.wrong })
    });
    let first = looked
        .first
        .as_ref()
        .map(|wrong| json!({ "table": wrong.table, "key": wrong.key(), "what": wrong.what }));
    json!({
        "store": path,
        "auction": identity.auction,
        "member": identity.member.to_string(),
        "ok": looked.first.is_none(),
        "first": first,
        "settled": looked.extent.map(|extent| extent.settled),
        "certified": looked.extent.map(|extent| extent.certified),
        "records_since": looked.extent.map(|extent| extent.since),
        "tables": tables.collect::<Vec<_>>(),
    })
}
