//! One's own orders on disk: what was sealed, as it was given, and what was promised for it. An
//! order is written down before it is sent. Only its owner may read it: terms are secret until a
//! round opens them.

mod keys;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sealbid_client::Outcome;
use sealbid_keygen::write_secret;
use sealbid_types::codec::encode;
use sealbid_types::door::RefusalCode;
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{AuctionId, EnvelopeId, Round};
use sealbid_types::metadata::Metadata;
use sealbid_types::quote::Quote;
use sealbid_types::report::Receipt;
use sealbid_types::terms::Terms;
use sealbid_types::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::ui::text::count;

/// How many hex digits an id has.
const ID_DIGITS: usize = 64;

/// How many digits of an id a prefix needs at least.
const SHORTEST_PREFIX: usize = 4;

/// An order as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderFile {
    /// The envelope.
    pub(crate) id: EnvelopeId,
    /// What it holds.
    pub(crate) kind: Kind,
    /// When it was sealed, by this machine's clock.
    pub(crate) created: Timestamp,
    /// The auction it is for.
    pub(crate) auction: AuctionId,
    /// The first round that may list it.
    pub(crate) first: Round,
    /// The last one.
    pub(crate) last: Round,
    /// A round that closes later does not list it.
    pub(crate) expires: Timestamp,
    /// What everybody may see.
    pub(crate) shows: Metadata,
    /// An intent's terms, if they were known here.
    pub(crate) terms: Option<Terms>,
    /// An intent's hash on the chain.
    pub(crate) intent_hash: Option<String>,
    /// A quote, if it was known here.
    pub(crate) quote: Option<Quote>,
    /// The idempotency key it was given, if it was.
    pub(crate) key: Option<String>,
    /// When it was last sent, by this machine's clock. Without a receipt a member may hold it or not.
    pub(crate) sent: Option<Timestamp>,
    /// What a quorum promised, once it did; verified.
    pub(crate) receipt: Option<Receipt>,
    /// Why members did not take it, if they did not.
    pub(crate) refused: Option<RefusalCode>,
    /// What became of it, once that is final and was looked up.
    pub(crate) outcome: Option<Outcome>,
}

impl OrderFile {
    /// The order of an envelope of which only the outside is known.
    pub(crate) fn of_envelope(envelope: &Envelope, created: Timestamp) -> Self {
        let header = &envelope.header;
        Self {
            id: envelope.id(),
            kind: header.kind,
            created,
            auction: header.auction,
            first: header.first,
            last: header.last,
            expires: header.expires,
            shows: header.metadata.clone(),
            terms: None,
            intent_hash: None,
            quote: None,
            key: None,
            sent: None,
            receipt: None,
            refused: None,
            outcome: None,
        }
    }
}

/// The orders of a house directory.
#[derive(Debug, Clone)]
pub(crate) struct OrderFiles {
    dir: PathBuf,
}

impl OrderFiles {
    /// Those in `dir`, which need not exist.
    pub(crate) const fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the sealed envelope of an order is kept, so that the very same one can be sent again.
    pub(crate) fn envelope_path(&self, id: EnvelopeId) -> PathBuf {
        self.dir.join(format!("{id}.envelope"))
    }

    fn path(&self, id: EnvelopeId) -> PathBuf {
        self.dir.join(format!("{id}.json"))
    }

    /// Writes a new order and its envelope.
    ///
    /// # Errors
    /// Storage.
    pub(crate) fn add(&self, order: &OrderFile, envelope: &Envelope) -> Result<(), Failure> {
        self.make_directory()?;
        let path = self.envelope_path(order.id);
        write_secret(&path, &encode(envelope)).map_err(|error| cannot("write", &path, &error))?;
        self.write(order)
    }

    /// Writes an order anew.
    ///
    /// # Errors
    /// Storage.
    pub(crate) fn write(&self, order: &OrderFile) -> Result<(), Failure> {
        let path = self.path(order.id);
        let text = serde_json::to_string_pretty(order).map_err(io::Error::from);
        text.and_then(|text| write_secret(&path, (text + "\n").as_bytes()))
            .map_err(|error| cannot("write", &path, &error))
    }

    /// Removes an order that was never sent.
    ///
    /// # Errors
    /// Storage.
    pub(crate) fn remove(&self, id: EnvelopeId) -> Result<(), Failure> {
        for path in [self.path(id), self.envelope_path(id)] {
            fs::remove_file(&path).map_err(|error| cannot("remove", &path, &error))?;
        }
        Ok(())
    }

    /// The order of an id, if it is one's own.
    ///
    /// # Errors
    /// Storage.
    pub(crate) fn read(&self, id: EnvelopeId) -> Result<Option<OrderFile>, Failure> {
        let path = self.path(id);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read
                .and_then(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from))
                .map(Some)
                .map_err(|error| cannot("read", &path, &error).of_order(id)),
        }
    }

    /// Notes the outcome of an order, if it is one's own and the outcome is final.
    ///
    /// # Errors
    /// Storage.
    pub(crate) fn note(&self, id: EnvelopeId, outcome: &Outcome) -> Result<(), Failure> {
        let Some(mut order) = self.read(id)?.filter(|_| outcome.is_final()) else {
            return Ok(());
        };
        if order.outcome.as_ref() == Some(outcome) {
            return Ok(());
        }
        order.outcome = Some(outcome.clone());
        self.write(&order)
    }

    /// All orders that can be read, oldest first; and what is wrong with the files of the others,
    /// of which one must not hide all.
    ///
    /// # Errors
    /// Storage, if the directory cannot be read.
    pub(crate) fn all(&self) -> Result<(Vec<OrderFile>, Vec<Failure>), Failure> {
        let (mut orders, mut unreadable) = (Vec::new(), Vec::new());
        for id in self.ids()? {
            match self.read(id) {
                Ok(order) => orders.extend(order),
                Err(failure) => unreadable.push(failure),
            }
        }
        orders.sort_by_key(|order| (order.created, order.id));
        Ok((orders, unreadable))
    }

    /// The id that `text` is, or is the beginning of.
    ///
    /// # Errors
    /// Usage, if there is no such order, or several.
    pub(crate) fn find(&self, text: &str) -> Result<EnvelopeId, Failure> {
        if let Ok(id) = text.to_ascii_lowercase().parse() {
            return Ok(id);
        }
        check_prefix(text).map_err(|what| {
            Failure::usage(format!(
                "{text:?} is no id, nor the beginning of one: {what}"
            ))
            .with_code("no-id")
            .advise("`sealbid orders` lists your orders by their first digits")
        })?;
        let text = &text.to_ascii_lowercase();
        let ids = self.ids()?;
        let fitting: Vec<_> = ids
            .iter()
            .filter(|id| id.to_string().starts_with(text))
            .collect();
        match fitting.as_slice() {
            [id] => Ok(**id),
            [] => Err(Failure::usage(format!(
                "none of your orders begins with {text} ({} in {})",
                count(ids.len() as u64, "order"),
                self.dir.display()
            ))
            .with_code("no-such-order")
            .advise(
                "`sealbid orders` lists yours; of another's all 64 digits are needed, since \
                     members go by whole ids",
            )),
            _ => Err(Failure::usage(format!(
                "{} of your orders begin with {text}",
                fitting.len()
            ))
            .advise("give more digits: `sealbid orders` lists them")),
        }
    }

    fn ids(&self) -> Result<Vec<EnvelopeId>, Failure> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| cannot("read", &self.dir, &error))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| cannot("read", &self.dir, &error))?;
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            ids.extend(id.and_then(|id| id.parse::<EnvelopeId>().ok()));
        }
        Ok(ids)
    }

    fn make_directory(&self) -> Result<(), Failure> {
        private_directory(&self.dir)
    }
}

/// Makes a directory that only its owner may look into, and those above it.
///
/// # Errors
/// Storage.
pub(crate) fn private_directory(dir: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;

    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir);
    made.map_err(|error| cannot("make", dir, &error))
}

/// Whether a text may be the beginning of an id. Each slip is told by itself.
fn check_prefix(text: &str) -> Result<(), String> {
    if let Some(other) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("{other:?} is no hex digit"));
    }
    match text.len() {
        ID_DIGITS.. => Err(format!("it has {} digits, of {ID_DIGITS}", text.len())),
        SHORTEST_PREFIX.. => Ok(()),
        _ => Err(format!("at least {SHORTEST_PREFIX} digits are needed")),
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::storage(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
