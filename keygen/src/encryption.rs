//! Secrets at rest: the age format with a passphrase (age-encryption.org/v1, scrypt recipient), so
//! that `age --decrypt` reads them too.

use core::iter;
use std::io::{Read, Write};

use age::{DecryptError, Decryptor, Encryptor, scrypt};
use zeroize::Zeroizing;

use crate::passphrase::Passphrase;

/// What every age file begins with.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// The base-2 logarithm of scrypt's N: how much work one guess of a passphrase is. Memory is 1 KiB
/// times N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkFactor(u8);

impl WorkFactor {
    /// 2^17, what OWASP recommends: 128 MiB, about half a second.
    pub const USUAL: Self = Self(17);

    /// 2^12, for houses that live for a demo: 4 MiB, about 10 ms.
    pub const DEVELOPMENT: Self = Self(12);

    /// The most that is taken from a file: 2^20, 1 GiB and some seconds.
    pub const MOST: Self = Self(20);

    /// 2 to the power of `log_n`, if that is 1 to [`Self::MOST`].
    #[must_use]
    pub const fn new(log_n: u8) -> Option<Self> {
        if log_n == 0 || log_n > Self::MOST.0 {
            None
        } else {
            Some(Self(log_n))
        }
    }

    /// The logarithm.
    #[must_use]
    pub const fn log_n(self) -> u8 {
        self.0
    }
}

/// Why a file does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another passphrase, or damage in the few bytes where age cannot tell.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// Not an age file, or damaged.
    #[error("{0}")]
    Corrupt(&'static str),
}

/// Whether `bytes` claim to be an age file.
#[must_use]
pub fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Encrypts `plaintext`; age draws salt and file key from the operating system.
///
/// # Errors
/// If the operating system's randomness fails, as a text.
pub(crate) fn encrypt(
    plaintext: &[u8],
    passphrase: &Passphrase,
    work: WorkFactor,
) -> std::io::Result<Vec<u8>> {
    let mut recipient = scrypt::Recipient::new(passphrase.to_secret());
    recipient.set_work_factor(work.log_n());
    let encryptor = Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
        .map_err(std::io::Error::other)?;
    let mut ciphertext = Vec::new();
    let mut writer = encryptor.wrap_output(&mut ciphertext)?;
    writer.write_all(plaintext)?;
    writer.finish()?;
    Ok(ciphertext)
}

/// Decrypts what [`encrypt`] made, into memory that is wiped when it is dropped.
///
/// # Errors
/// [`OpenError`]; nothing of a damaged file comes out.
pub(crate) fn decrypt(
    ciphertext: &[u8],
    passphrase: &Passphrase,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let decryptor = Decryptor::new(ciphertext).map_err(|error| reason(&error))?;
    let mut identity = scrypt::Identity::new(passphrase.to_secret());
    identity.set_max_work_factor(WorkFactor::MOST.log_n());
    let identities = iter::once(&identity as &dyn age::Identity);
    let mut reader = decryptor
        .decrypt(identities)
        .map_err(|error| reason(&error))?;
    // As long as the ciphertext: it never grows, and leaves no copies behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(ciphertext.len()));
    let damaged = |_| OpenError::Corrupt("its encrypted content is damaged or cut off");
    reader.read_to_end(&mut plaintext).map_err(damaged)?;
    Ok(plaintext)
}

const fn reason(error: &DecryptError) -> OpenError {
    match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            OpenError::WrongPassphrase
        }
        DecryptError::NoMatchingKeys => OpenError::Corrupt("it is not encrypted to a passphrase"),
        DecryptError::ExcessiveWork { .. } => {
            OpenError::Corrupt("it asks for more work than any file written here")
        }
        DecryptError::UnknownFormat => OpenError::Corrupt("it is not an age file"),
        _ => OpenError::Corrupt("its age header is damaged"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::passphrase;

    const FAST: WorkFactor = WorkFactor(1);

    #[test]
    fn there_and_back() {
        let ciphertext = encrypt(b"attack at dawn", &passphrase(), FAST).unwrap();
        assert!(is_encrypted(&ciphertext));
        assert_eq!(
            *decrypt(&ciphertext, &passphrase()).unwrap(),
            b"attack at dawn"
        );
        let wrong = Passphrase::new("open sesam").unwrap();
        assert_eq!(
            decrypt(&ciphertext, &wrong).unwrap_err(),
            OpenError::WrongPassphrase
        );
    }

    #[test]
    fn every_byte_matters() {
        let plaintext = b"attack at dawn";
        let ciphertext = encrypt(plaintext, &passphrase(), FAST).unwrap();
        for at in 0..ciphertext.len() {
            for flip in [1, 0x80] {
                let mut damaged = ciphertext.clone();
                damaged[at] ^= flip;
                let refused = decrypt(&damaged, &passphrase());
                assert!(refused.is_err(), "byte {at} with {flip:#x}");
            }
            assert!(
                decrypt(&ciphertext[..at], &passphrase()).is_err(),
                "cut at {at}"
            );
        }
        let longer = [ciphertext.as_slice(), b"x"].concat();
        assert!(decrypt(&longer, &passphrase()).is_err());
    }

    #[test]
    fn too_much_work_is_not_begun() {
        let ciphertext = encrypt(b"x", &passphrase(), WorkFactor(9)).unwrap();
        let text = String::from_utf8_lossy(&ciphertext);
        let line = text.lines().nth(1).unwrap();
        assert!(line.ends_with(" 9"), "{line}");
        let from = MAGIC.len() + line.len() - 1;
        for work in ["21", "30", "63", "64", "99", "255", "0", "-1"] {
            let changed = [
                &ciphertext[..from],
                work.as_bytes(),
                &ciphertext[from + 1..],
            ]
            .concat();
            let refused = decrypt(&changed, &passphrase()).unwrap_err();
            assert!(
                matches!(refused, OpenError::Corrupt(_)),
                "{work}: {refused}"
            );
        }
    }

    #[test]
    fn work_factors() {
        assert_eq!(WorkFactor::new(0), None);
        assert_eq!(WorkFactor::new(21), None);
        assert_eq!(WorkFactor::new(17), Some(WorkFactor::USUAL));
    }
}
