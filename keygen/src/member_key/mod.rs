//! What a member holds in secret, and the encrypted file it is kept in.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use sealbid_crypto::group::SecretScalar;
use sealbid_crypto::{CommitteeKeys, KeyShare, KeyShareError};
use sealbid_types::codec::{DecodeError, SchemaName};
use sealbid_types::committee::{Committee, Member};
use sealbid_types::id::{AuctionId, Epoch, KeyId, MemberIndex};
use sealbid_types::keys::PublicKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::encrypted_file;
use crate::encryption::WorkFactor;
use crate::passphrase::Passphrase;
use crate::secret_file::write_new_secret;
use crate::seed::Seed;

const SCHEMA: SchemaName = SchemaName {
    name: "sealbid.member-key",
    version: 1,
    max_bytes: 320,
};

/// A member's secrets. They are wiped when this is dropped.
pub struct MemberKey(Content);

/// What a key file holds, in this order.
#[derive(Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) auction: AuctionId,
    pub(crate) key: KeyId,
    pub(crate) epoch: Epoch,
    pub(crate) index: MemberIndex,
    /// Signs reports, votes and acknowledgements.
    pub(crate) identity: Seed,
    /// The endpoint in the house network.
    pub(crate) house: Seed,
    /// The endpoint at the front door.
    pub(crate) door: Seed,
    /// s_i, little endian.
    pub(crate) share: Seed,
    /// The secret that all members share to form their group.
    pub(crate) group: Seed,
}

/// In what a key file does not belong to a committee file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileProblem {
    /// Another auction.
    #[error("it is for another auction")]
    Auction,
    /// Another committee key.
    #[error("it is for another committee key")]
    Key,
    /// A share of another epoch.
    #[error("its share is of epoch {found}, and the committee's of epoch {expected}")]
    Epoch {
        /// The file's.
        found: Epoch,
        /// The committee's.
        expected: Epoch,
    },
    /// The roster names other public keys.
    #[error("its {0} key is not the one in the roster")]
    Roster(&'static str),
    /// The share is not the one that the committee file commits to.
    #[error("{0}")]
    Share(KeyShareError),
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none.
    #[error("there is no key file {}", path.display())]
    NotFound {
        /// Where it should be.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("the key file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the key file {}: {source}", path.display())]
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
    /// Not a key file, or damaged.
    #[error("the key file {} is damaged, or no key file: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It belongs to another committee or member.
    #[error("the key file {} does not belong to this committee file: {problem}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// In what.
        problem: KeyFileProblem,
    },
}

impl MemberKey {
    pub(crate) const fn new(content: Content) -> Self {
        Self(content)
    }

    /// The auction.
    #[must_use]
    pub const fn auction(&self) -> AuctionId {
        self.0.auction
    }

    /// The committee key that the share is of.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.0.key
    }

    /// The epoch of the share.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// The member's place in the roster.
    #[must_use]
    pub const fn index(&self) -> MemberIndex {
        self.0.index
    }

    /// Signs reports, votes and acknowledgements.
    #[must_use]
    pub fn identity(&self) -> SigningKey {
        self.0.identity.signing_key()
    }

    /// The secret of the endpoint in the house network.
    #[must_use]
    pub fn house_secret(&self) -> Zeroizing<[u8; 32]> {
        self.0.house.to_zeroizing()
    }

    /// The secret of the endpoint at the front door.
    #[must_use]
    pub fn door_secret(&self) -> Zeroizing<[u8; 32]> {
        self.0.door.to_zeroizing()
    }

    /// The secret that all members share to form their group.
    #[must_use]
    pub fn group_key(&self) -> Zeroizing<[u8; 32]> {
        self.0.group.to_zeroizing()
    }

    /// The public halves, in the roster's terms: identity, house, door.
    pub(crate) fn public_keys(&self) -> [(&'static str, PublicKey); 3] {
        [
            ("identity", self.0.identity.public_key()),
            ("house", self.0.house.public_key()),
            ("door", self.0.door.public_key()),
        ]
    }

    /// The share, checked against its public key, once everything else has been held against
    /// `committee`, to which `keys` belong.
    ///
    /// # Errors
    /// [`KeyFileProblem`], the first that is found.
    pub fn share_in(
        &self,
        committee: &Committee,
        keys: &CommitteeKeys,
    ) -> Result<KeyShare, KeyFileProblem> {
        if self.auction() != committee.auction {
            return Err(KeyFileProblem::Auction);
        }
        if self.key() != committee.key {
            return Err(KeyFileProblem::Key);
        }
        let (found, expected) = (self.epoch(), committee.epoch);
        if found != expected {
            return Err(KeyFileProblem::Epoch { found, expected });
        }
        let index = self.index();
        let nobody = KeyFileProblem::Share(KeyShareError::NoSuchMember(index));
        self.check_roster(committee.member(index).ok_or(nobody)?)?;
        let foreign = KeyFileProblem::Share(KeyShareError::Foreign(index));
        let secret = self
            .0
            .share
            .expose(SecretScalar::from_le_bytes)
            .map_err(|_| foreign)?;
        let Committee { auction, epoch, .. } = *committee;
        KeyShare::new(keys, auction, epoch, index, secret).map_err(KeyFileProblem::Share)
    }

    fn check_roster(&self, member: &Member) -> Result<(), KeyFileProblem> {
        let in_roster = [member.identity, member.house, member.door];
        let pairs = self.public_keys().into_iter().zip(in_roster);
        for ((name, found), expected) in pairs {
            if found != expected {
                return Err(KeyFileProblem::Roster(name));
            }
        }
        Ok(())
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

    /// Reads a key file. It is not yet held against a committee: see [`Self::load_for`].
    ///
    /// # Errors
    /// [`KeyFileError`], but for `Write` and `Foreign`.
    pub fn load(path: &Path, passphrase: &Passphrase) -> Result<Self, KeyFileError> {
        encrypted_file::load(SCHEMA, path, passphrase).map(Self)
    }

    pub(crate) fn from_plaintext(plaintext: &[u8]) -> Result<Self, DecodeError> {
        decode(plaintext).map(Self)
    }

    /// Reads a key file and holds it against its committee: all that a member starts with.
    ///
    /// # Errors
    /// [`KeyFileError`], but for `Write`.
    pub fn load_for(
        path: &Path,
        passphrase: &Passphrase,
        committee: &Committee,
        keys: &CommitteeKeys,
    ) -> Result<(Self, KeyShare), KeyFileError> {
        let key = Self::load(path, passphrase)?;
        match key.share_in(committee, keys) {
            Ok(share) => Ok((key, share)),
            Err(problem) => Err(KeyFileError::Foreign {
                path: path.to_owned(),
                problem,
            }),
        }
    }
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, auction) = (self.index(), self.auction());
        write!(f, "MemberKey({index}, {auction:?}, ..)")
    }
}

fn decode(bytes: &[u8]) -> Result<Content, DecodeError> {
    encrypted_file::decode(SCHEMA, bytes)
}

#[cfg(test)]
fn encode(content: &Content) -> io::Result<Zeroizing<Vec<u8>>> {
    encrypted_file::encode(SCHEMA, content)
}

#[cfg(test)]
mod tests;
