//! Trading keys: an ed25519 key in a JSON file, in the form that NEAR's tools use, plain or
//! encrypted with a passphrase (age) as a whole.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use sealbid_types::keys::PublicKey;
use sealbid_types::text::{AccountId, without_byte_order_mark};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::encryption::{self, OpenError, WorkFactor, is_encrypted};
use crate::passphrase::{Passphrase, PassphraseError};
use crate::secret_file::{read_bounded, write_new_secret};
use crate::seed::Seed;

/// What the file says it is.
pub const FORMAT: &str = "sealbid-account/1";

/// The most bytes of an account file; one is some 300 bytes long.
const MOST_FILE_BYTES: usize = 4096;

/// A trading key, wiped when it is dropped.
pub struct AccountKey(Seed);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountFile<'a> {
    format: &'a str,
    public_key: PublicKey,
    secret_key: &'a str,
}

/// Why an account file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccountFileError {
    /// There is none.
    #[error("there is no account file {}", path.display())]
    NotFound {
        /// Where it should be.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("the account file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the account file {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another passphrase, or damage in the few bytes where age cannot tell.
    #[error("the passphrase does not open {}", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// Not an account file, or damaged.
    #[error("the account file {} is damaged, or no account file: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is encrypted, and there is no passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
}

impl AccountKey {
    /// The key of 32 bytes that nobody else ever has.
    #[must_use]
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        Self(Seed::derive("sealbid/1 2026-11 account key", entropy, 0))
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    /// The implicit NEAR account: the public key's 64 hex digits.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        AccountId::implicit(&self.public_key())
    }

    /// The key that signs, which wipes itself when it is dropped.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        self.0.signing_key()
    }

    /// Writes this to a new file that anyone who reads it can trade with: mode 0600.
    ///
    /// # Errors
    /// [`AccountFileError::Write`]; a file that is there already is left alone.
    pub fn save_plain(&self, path: &Path) -> Result<(), AccountFileError> {
        let written = write_new_secret(path, self.to_json().as_bytes());
        written.map_err(|source| AccountFileError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes this to a new file, encrypted, mode 0600.
    ///
    /// # Errors
    /// As [`Self::save_plain`].
    pub fn save_encrypted(
        &self,
        path: &Path,
        passphrase: &Passphrase,
        work: WorkFactor,
    ) -> Result<(), AccountFileError> {
        encryption::encrypt(self.to_json().as_bytes(), passphrase, work)
            .and_then(|ciphertext| write_new_secret(path, &ciphertext))
            .map_err(|source| AccountFileError::Write {
                path: path.to_owned(),
                source,
            })
    }

    /// Reads an account file; `passphrase` is called only if it is encrypted.
    ///
    /// # Errors
    /// [`AccountFileError`], but for `Write`.
    pub fn load(
        path: &Path,
        passphrase: impl FnOnce() -> Result<Passphrase, PassphraseError>,
    ) -> Result<Self, AccountFileError> {
        let owned = || path.to_owned();
        let corrupt = |reason| AccountFileError::Corrupt {
            path: owned(),
            reason,
        };
        let bytes = read_bounded(path, MOST_FILE_BYTES).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => AccountFileError::NotFound { path: owned() },
            io::ErrorKind::FileTooLarge => corrupt("it is too long"),
            _ => AccountFileError::Read {
                path: owned(),
                source,
            },
        })?;
        if !is_encrypted(&bytes) {
            return Self::from_json(&bytes).map_err(corrupt);
        }
        let json = encryption::decrypt(&bytes, &passphrase()?).map_err(|error| match error {
            OpenError::WrongPassphrase => AccountFileError::WrongPassphrase { path: owned() },
            OpenError::Corrupt(reason) => corrupt(reason),
        })?;
        Self::from_json(&json).map_err(corrupt)
    }

    /// The file's text. The secret key is the seed and the public key, as NEAR's tools write it.
    fn to_json(&self) -> Zeroizing<String> {
        let public_key = self.public_key();
        let pair = Zeroizing::new(self.signing_key().to_keypair_bytes());
        let secret = Zeroizing::new(bs58::encode(pair.as_slice()).into_string());
        // Longer than the text: it never grows, and leaves no copies behind.
        let mut json = Zeroizing::new(String::with_capacity(1024));
        for part in [
            "{\n  \"format\": \"",
            FORMAT,
            "\",\n  \"public_key\": \"",
            &public_key.to_string(),
            "\",\n  \"secret_key\": \"ed25519:",
            &secret,
            "\"\n}\n",
        ] {
            json.push_str(part);
        }
        json
    }

    pub(crate) fn from_json(json: &[u8]) -> Result<Self, &'static str> {
        let file: AccountFile<'_> = serde_json::from_slice(without_byte_order_mark(json))
            .map_err(|_| "it is not the JSON of an account")?;
        if file.format != FORMAT {
            return Err("its format is not known here");
        }
        let secret = file.secret_key.strip_prefix("ed25519:").unwrap_or_default();
        let mut pair = Zeroizing::new([0; 64]);
        if bs58::decode(secret).onto(pair.as_mut_slice()) != Ok(64) {
            return Err("its secret key is not ed25519:BASE58 of 64 bytes");
        }
        let seed = pair.first_chunk().map(Seed::copied_from);
        match seed.map(Self) {
            Some(key)
                if key.public_key() == file.public_key
                    && pair.ends_with(file.public_key.as_bytes()) =>
            {
                Ok(key)
            }
            _ => Err("its keys do not belong together"),
        }
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({}, ..)", self.public_key())
    }
}

#[cfg(test)]
mod tests;
