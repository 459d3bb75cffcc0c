//! A session's secret at rest. With the public transcript it gives back the share, so it is kept
//! as the member's key file is, until the share is refreshed.

use core::fmt;
use std::path::Path;

use sealbid_dkg::SessionSecret;
use sealbid_types::codec::{DecodeError, SchemaName};
use sealbid_types::id::CeremonyId;
use serde::{Deserialize, Serialize};

use crate::encrypted_file;
use crate::encryption::WorkFactor;
use crate::member_key::KeyFileError;
use crate::passphrase::Passphrase;
use crate::secret_file::write_new_secret;
use crate::seed::Seed;

const SCHEMA: SchemaName = SchemaName {
    name: "sealbid.session-key",
    version: 1,
    max_bytes: 96,
};

/// The secret of one participant in one ceremony, wiped when it is dropped.
pub struct SessionKey(Content);

#[derive(Serialize, Deserialize)]
struct Content {
    ceremony: CeremonyId,
    secret: Seed,
}

impl SessionKey {
    /// A new one, from 32 bytes that nobody else ever has.
    #[must_use]
    pub fn from_entropy(ceremony: CeremonyId, entropy: &[u8; 32]) -> Self {
        Self(Content {
            ceremony,
            secret: Seed::copied_from(entropy),
        })
    }

    /// The ceremony it is for.
    #[must_use]
    pub const fn ceremony(&self) -> CeremonyId {
        self.0.ceremony
    }

    /// The secret.
    #[must_use]
    pub fn secret(&self) -> SessionSecret {
        self.0.secret.expose(SessionSecret::from_entropy)
    }

    /// Writes this to a new file, encrypted, readable by its owner alone.
    ///
    /// # Errors
    /// [`KeyFileError::Write`]; a file that is there already is left alone.
    pub fn save(
        &self,
        path: &Path,
        passphrase: &Passphrase,
        work: WorkFactor,
    ) -> Result<(), KeyFileError> {
        let place: encrypted_file::Place = write_new_secret;
        encrypted_file::save((SCHEMA, &self.0), (path, place), passphrase, work)
    }

    /// Reads a session key's file.
    ///
    /// # Errors
    /// [`KeyFileError`], but for `Write` and `Foreign`.
    pub fn load(path: &Path, passphrase: &Passphrase) -> Result<Self, KeyFileError> {
        encrypted_file::load(SCHEMA, path, passphrase).map(Self)
    }

    pub(crate) fn from_plaintext(plaintext: &[u8]) -> Result<Self, DecodeError> {
        encrypted_file::decode(SCHEMA, plaintext).map(Self)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({:?}, ..)", self.0.ceremony)
    }
}
