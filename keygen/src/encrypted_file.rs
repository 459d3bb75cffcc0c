//! One secret value in one encrypted file, under a schema: key files, identities, session keys.

use std::io;
use std::path::Path;

use sealbid_types::codec::{DecodeError, PREFIX_BYTES, SchemaName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::encryption::{self, OpenError, WorkFactor};
use crate::member_key::KeyFileError;
use crate::passphrase::Passphrase;
use crate::secret_file::read_bounded;

/// The most bytes of such a file; a member's key file, the longest, has some 500.
pub(crate) const MOST_FILE_BYTES: usize = 4096;

/// The encoding of `sealbid_types::codec`, into memory that does not grow and is wiped.
pub(crate) fn encode<T: Serialize>(
    schema: SchemaName,
    content: &T,
) -> io::Result<Zeroizing<Vec<u8>>> {
    // At its full length from the start: a vector that grows leaves what it held behind, unwiped.
    let mut bytes = Zeroizing::new(vec![0; schema.max_bytes]);
    let length = match bytes.split_at_mut_checked(PREFIX_BYTES) {
        Some((prefix, rest)) => {
            prefix.copy_from_slice(&schema.prefix());
            postcard::to_slice(content, rest)
                .map_err(io::Error::other)?
                .len()
        }
        None => 0,
    };
    bytes.truncate(PREFIX_BYTES + length);
    Ok(bytes)
}

/// As `sealbid_types::codec::decode`, which would leave a copy in memory that is not wiped.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(
    schema: SchemaName,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    let written = schema.name;
    let payload = bytes
        .strip_prefix(schema.prefix().as_slice())
        .ok_or_else(|| schema.mismatch(bytes))?;
    let malformed = DecodeError::Malformed { schema: written };
    let (content, rest) = postcard::take_from_bytes::<T>(payload).map_err(|_| malformed)?;
    // One byte string for a value, as everywhere (docs/protocol.md 4.5).
    let same = encode(schema, &content).is_ok_and(|encoded| *encoded == bytes);
    if rest.is_empty() && same {
        Ok(content)
    } else {
        Err(DecodeError::NotCanonical { schema: written })
    }
}

/// What a new file may do to one that is there.
pub(crate) type Place = fn(&Path, &[u8]) -> io::Result<()>;

/// Encrypts `content` into the file at `path`, written by `place`.
///
/// # Errors
/// [`KeyFileError::Write`].
pub(crate) fn save<T: Serialize>(
    (schema, content): (SchemaName, &T),
    (path, place): (&Path, Place),
    passphrase: &Passphrase,
    work: WorkFactor,
) -> Result<(), KeyFileError> {
    encode(schema, content)
        .and_then(|plaintext| encryption::encrypt(&plaintext, passphrase, work))
        .and_then(|ciphertext| place(path, &ciphertext))
        .map_err(|source| KeyFileError::Write {
            path: path.to_owned(),
            source,
        })
}

/// Reads and decrypts the file at `path`.
///
/// # Errors
/// [`KeyFileError`], but for `Write` and `Foreign`.
pub(crate) fn load<T: Serialize + DeserializeOwned>(
    schema: SchemaName,
    path: &Path,
    passphrase: &Passphrase,
) -> Result<T, KeyFileError> {
    let owned = || path.to_owned();
    let corrupt = |reason: String| KeyFileError::Corrupt {
        path: owned(),
        reason,
    };
    let ciphertext = read_bounded(path, MOST_FILE_BYTES).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::NotFound { path: owned() },
        io::ErrorKind::FileTooLarge => corrupt(source.to_string()),
        _ => KeyFileError::Read {
            path: owned(),
            source,
        },
    })?;
    let plaintext = encryption::decrypt(&ciphertext, passphrase).map_err(|error| match error {
        OpenError::WrongPassphrase => KeyFileError::WrongPassphrase { path: owned() },
        OpenError::Corrupt(reason) => corrupt(reason.to_owned()),
    })?;
    decode(schema, &plaintext).map_err(|error| corrupt(error.to_string()))
}
