//! Which order an idempotency key stands for: `keys/HASH`, a file that holds an id.
//!
//! The nonce of a key is spent once, whatever is on this disk (`sealbid_client::IdempotencyKey`).
//! These files are there so that the second try tells what became of the first.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;

use sealbid_client::IdempotencyKey;
use sealbid_keygen::write_secret;
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
        match self.key_id(account, key)? {
            Some(id) => self.read(id),
            None => Ok(None),
        }
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
        private_directory(&self.key_directory())?;
        // Held until it is written: of two that have found the same, one goes first.
        let _lock = self.lock_keys()?;
        let other = self.key_id(account, key)?.filter(|id| Some(*id) != earlier);
        // One whose order was lost stands for none.
        if let Some(other) = other
            && let Some(first) = self.read(other)?
        {
            return Ok(Some(first));
        }
        let path = self.key_path(account, key);
        write_secret(&path, format!("{id}\n").as_bytes())
            .map_err(|error| cannot("write", &path, &error))?;
        Ok(None)
    }

    /// Goes with the process, however it ends.
    fn lock_keys(&self) -> Result<File, Failure> {
        let path = self.key_directory().join("lock");
        let options = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        options
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| cannot("lock", &path, &error))
    }

    fn key_id(
        &self,
        account: &AccountId,
        key: &IdempotencyKey,
    ) -> Result<Option<EnvelopeId>, Failure> {
        let path = self.key_path(account, key);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| cannot("read", &path, &error))?,
        };
        let id = text.trim_end().parse::<EnvelopeId>().map_err(|error| {
            Failure::storage(format!("{} holds no id: {error}", path.display())).advise(format!(
                "`sealbid orders --json` has the order of the key {key}: put its id there"
            ))
        })?;
        Ok(Some(id))
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
