//! A guest's endpoint key: it proves whom the ticket is for, and nothing else.

use core::fmt;
use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealbid_net::PeerId;
use sealbid_types::text::without_byte_order_mark;
use zeroize::Zeroizing;

use crate::entropy::fresh;
use crate::error::ClientError;

/// Why there is no endpoint key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointKeyError {
    /// The file is something else.
    #[error("{} holds no endpoint key (64 hex digits)", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This machine has no randomness to give.
    #[error(transparent)]
    Entropy(ClientError),
}

/// An ed25519 secret by which the transport knows a guest. Wiped when dropped.
pub struct EndpointKey(Zeroizing<[u8; 32]>);

impl EndpointKey {
    /// The key with this secret.
    #[must_use]
    pub const fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        Self(secret)
    }

    /// A fresh one. A ticket is for one key: keep it.
    ///
    /// # Errors
    /// [`EndpointKeyError::Entropy`].
    pub fn generate() -> Result<Self, EndpointKeyError> {
        fresh().map(Self).map_err(EndpointKeyError::Entropy)
    }

    /// Reads the key file, or makes one, readable by its owner alone. So a guest can say whom its
    /// ticket has to name before there is one.
    ///
    /// # Errors
    /// [`EndpointKeyError`].
    ///
    /// # Examples
    /// ```
    /// use sealbid_client::guest::EndpointKey;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("house.key");
    /// let made = EndpointKey::load_or_create(&path)?;
    /// assert_eq!(EndpointKey::load_or_create(&path)?.peer(), made.peer());
    /// # Ok(())
    /// # }
    /// ```
    pub fn load_or_create(path: &Path) -> Result<Self, EndpointKeyError> {
        let owned = || path.to_owned();
        match std::fs::read(path).map(Zeroizing::new) {
            Ok(text) => {
                Self::parse(&text).ok_or_else(|| EndpointKeyError::Invalid { path: owned() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::generate()?;
                key.write_new(path)
                    .map_err(|source| EndpointKeyError::Write {
                        path: owned(),
                        source,
                    })?;
                Ok(key)
            }
            Err(source) => Err(EndpointKeyError::Read {
                path: owned(),
                source,
            }),
        }
    }

    /// Whom a ticket for it has to name.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        PeerId::of_secret(&self.0)
    }

    /// For one attempt to join: the transport takes it.
    pub(super) fn secret(&self) -> Zeroizing<[u8; 32]> {
        self.0.clone()
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let text = without_byte_order_mark(text).trim_ascii();
        let mut secret = Zeroizing::new([0; 32]);
        // The decoder insists on the right length.
        let fits = HEXLOWER
            .decode_len(text.len())
            .is_ok_and(|length| length == secret.len());
        let decoded = fits && HEXLOWER.decode_mut(text, secret.as_mut()).is_ok();
        decoded.then_some(Self(secret))
    }

    /// Never over another: a ticket is for one key. And whole or not at all: a file that a crash
    /// has cut short would be taken for a damaged key.
    fn write_new(&self, path: &Path) -> io::Result<()> {
        let text = Zeroizing::new(format!("{}\n", HEXLOWER.encode(self.0.as_ref())));
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new()
            .prefix(".sealbid-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)?;
        std::fs::File::open(directory)?.sync_all()
    }
}

impl fmt::Debug for EndpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointKey({})", self.peer())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("house.key");
        let first = EndpointKey::load_or_create(&path).unwrap().peer();
        assert_eq!(EndpointKey::load_or_create(&path).unwrap().peer(), first);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for wrong in ["", "00", &"g".repeat(64), &"0".repeat(66)] {
            std::fs::write(&path, wrong).unwrap();
            let refused = EndpointKey::load_or_create(&path);
            assert!(
                matches!(refused, Err(EndpointKeyError::Invalid { .. })),
                "{wrong}"
            );
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                wrong,
                "it is left alone"
            );
        }
    }

    #[test]
    fn a_key_does_not_show_its_secret() {
        let key = EndpointKey::new(Zeroizing::new([7; 32]));
        let shown = format!("{key:?}");
        assert!(shown.contains(&key.peer().to_string()));
        assert!(!shown.contains(&HEXLOWER.encode(&[7; 32])));
    }
}
