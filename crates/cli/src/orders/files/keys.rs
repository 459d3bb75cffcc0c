//! Which order an idempotency key stands for: `keys/HASH`, a file that holds an id.
//!
//! The nonce of a key is spent once, whatever is on this disk (`sealbid_client::IdempotencyKey`).
//! These files are there so that the second try tells what became of the first.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

use sealbid_client::IdempotencyKey;
use sealbid_types::id::EnvelopeId;
use sealbid_types::text::AccountId;

use super::{OrderFile, OrderFiles, cannot, private_directory};
use crate::exit::Failure;

impl OrderFiles {
    /// The order that `account` has given under `key`, if there is one.
    ///
    /// # Errors
    /// Storage.
    pub(crate) fn by_key(
        &self,
        account: &AccountId,
        key: &IdempotencyKey,
    ) -> Result<Option<OrderFile>, Failure> {
        let path = self.key_path(account, key);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| cannot("read", &path, &error))?,
        };
        let id = text.trim_end().parse::<EnvelopeId>().map_err(|error| {
            Failure::storage(format!("{} holds no id: {error}", path.display()))
        })?;
        self.read(id)
    }

    /// Has `key` stand for the order `id`, which is written already, in place of `earlier`. If
    /// another process was first, its order is given back: that one is to be sent.
    ///
    /// # Errors
    /// Storage.
    pub(crate) fn claim_key(
        &self,
        account: &AccountId,
        key: &IdempotencyKey,
        id: EnvelopeId,
        earlier: Option<EnvelopeId>,
    ) -> Result<Option<OrderFile>, Failure> {
        let path = self.key_path(account, key);
        private_directory(&self.key_directory())?;
        let failed = |error: io::Error| cannot("write", &path, &error);
        // Whole under another name, then linked in one step: a reader finds an id or nothing.
        let mut file = tempfile::NamedTempFile::new_in(self.key_directory()).map_err(failed)?;
        writeln!(file, "{id}")
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed)?;
        if earlier.is_some() {
            file.persist(&path).map_err(|error| failed(error.error))?;
            return Ok(None);
        }
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(None),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                self.by_key(account, key)
            }
            Err(error) => Err(failed(error.error)),
        }
    }

    fn key_directory(&self) -> PathBuf {
        self.dir.join("keys")
    }

    /// By a hash, since a key may have characters that a file name may not.
    fn key_path(&self, account: &AccountId, key: &IdempotencyKey) -> PathBuf {
        let name = format!("{account} {key}");
        let hash = blake3::hash(name.as_bytes()).to_hex();
        self.key_directory().join(hash.as_str())
    }
}
