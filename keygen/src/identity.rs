//! A participant's long-term key: who it is in every ceremony it takes part in.
//!
//! All that a member holds beside its share comes from this one seed and the ceremony's id, so that
//! a lost key file can be made again from the identity, the session key and the public transcript.

use core::fmt;
use std::path::Path;

use ed25519_dalek::SigningKey;
use sealbid_types::codec::{DecodeError, SchemaName};
use sealbid_types::keys::PublicKey;
use serde::{Deserialize, Serialize};

use crate::encrypted_file;
use crate::encryption::WorkFactor;
use crate::member_key::KeyFileError;
use crate::passphrase::Passphrase;
use crate::secret_file::write_new_secret;
use crate::seed::Seed;
use crate::words::{Words, words_of_key};

const SCHEMA: SchemaName = SchemaName {
    name: "sealbid.identity",
    version: 1,
    max_bytes: 64,
};

/// The BLAKE3 derive-key contexts of what comes from the seed.
mod context {
    pub(super) const SIGNING: &str = "sealbid/1 2026-11 participant identity";
    pub(super) const HOUSE: &str = "sealbid/1 2026-11 participant house endpoint";
    pub(super) const DOOR: &str = "sealbid/1 2026-11 participant door endpoint";
    pub(super) const HOST: &str = "sealbid/1 2026-11 participant meeting host";
    pub(super) const GUEST: &str = "sealbid/1 2026-11 participant meeting guest";
}

/// A participant's long-term secret, wiped when it is dropped.
pub struct Identity(Content);

#[derive(Serialize, Deserialize)]
struct Content {
    seed: Seed,
}

impl Identity {
    /// A new one, from 32 bytes that nobody else ever has.
    #[must_use]
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        Self(Content {
            seed: Seed::copied_from(entropy),
        })
    }

    /// What signs in ceremonies, and later as a member.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        self.signing_seed().signing_key()
    }

    /// Its public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.signing_seed().public_key()
    }

    /// The public half as words to read out.
    #[must_use]
    pub fn words(&self) -> Words {
        words_of_key(&self.public_key())
    }

    pub(crate) fn signing_seed(&self) -> Seed {
        self.derive(context::SIGNING, &[0; 32])
    }

    /// The endpoint in the house network of a ceremony's house.
    pub(crate) fn house_seed(&self, ceremony: &[u8; 32]) -> Seed {
        self.derive(context::HOUSE, ceremony)
    }

    /// The endpoint at that house's front door.
    pub(crate) fn door_seed(&self, ceremony: &[u8; 32]) -> Seed {
        self.derive(context::DOOR, ceremony)
    }

    /// The endpoint at which an inviter hosts a meeting, by the invitation's nonce.
    pub(crate) fn host_seed(&self, nonce: &[u8; 32]) -> Seed {
        self.derive(context::HOST, nonce)
    }

    /// The endpoint with which a participant comes to one.
    pub(crate) fn guest_seed(&self, nonce: &[u8; 32]) -> Seed {
        self.derive(context::GUEST, nonce)
    }

    fn derive(&self, context: &str, subject: &[u8; 32]) -> Seed {
        self.0
            .seed
            .expose(|seed| Seed::derive_for(context, seed, subject))
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

    /// Reads an identity file.
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

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, ..)", self.public_key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FAST, passphrase};

    #[test]
    fn there_and_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity.key");
        let identity = Identity::from_entropy(&[7; 32]);
        identity.save(&path, &passphrase(), FAST).unwrap();
        let loaded = Identity::load(&path, &passphrase()).unwrap();
        assert_eq!(loaded.public_key(), identity.public_key());
        let again = identity.save(&path, &passphrase(), FAST);
        assert!(
            matches!(again, Err(KeyFileError::Write { .. })),
            "an identity is not replaced"
        );
        let wrong = Passphrase::new("open sesam").unwrap();
        assert!(matches!(
            Identity::load(&path, &wrong),
            Err(KeyFileError::WrongPassphrase { .. })
        ));
    }

    #[test]
    fn each_ceremony_and_each_purpose_has_a_key_of_its_own() {
        let identity = Identity::from_entropy(&[7; 32]);
        let keys: std::collections::BTreeSet<_> = [
            identity.public_key(),
            identity.house_seed(&[1; 32]).public_key(),
            identity.house_seed(&[2; 32]).public_key(),
            identity.door_seed(&[1; 32]).public_key(),
            identity.host_seed(&[1; 32]).public_key(),
            identity.guest_seed(&[1; 32]).public_key(),
            PublicKey::of(&SigningKey::from_bytes(&[7; 32])),
        ]
        .into();
        assert_eq!(keys.len(), 7);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let shown = format!("{:?}", Identity::from_entropy(&[7; 32]));
        assert!(shown.starts_with("Identity(ed25519:"), "{shown}");
    }
}
