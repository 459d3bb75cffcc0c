//! Files that are whole or not there, and whose secrets nobody else can read at any moment.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// Writes a secret: mode 0600 from the file's creation, in place of what was there.
///
/// The bytes go to a temporary file of the same directory, which is synced, renamed, and its
/// directory synced.
///
/// # Errors
/// The file system's.
pub fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place(path, written(path, bytes, 0o600)?, Existing::Replaced)
}

/// As [`write_secret`], where nothing may be yet.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or the file system's.
pub fn write_new_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place(path, written(path, bytes, 0o600)?, Existing::Refused)
}

/// Writes what everybody may read (mode 0644), in the same way, in place of what was there.
///
/// # Errors
/// The file system's.
pub fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place(path, written(path, bytes, 0o644)?, Existing::Replaced)
}

/// As [`write_public`], where nothing may be yet.
///
/// # Errors
/// As [`write_new_secret`].
pub fn write_new_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place(path, written(path, bytes, 0o644)?, Existing::Refused)
}

/// Reads at most `most` bytes into memory that is wiped when it is dropped.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`], or the file system's.
pub fn read_bounded(path: &Path, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // One allocation: a buffer that grows would leave copies behind.
    let mut bytes = Zeroizing::new(vec![0; most.saturating_add(1)]);
    let mut file = File::open(path)?;
    let mut length = 0;
    while let Some(free) = bytes.get_mut(length..).filter(|free| !free.is_empty()) {
        match file.read(free) {
            Ok(0) => {
                bytes.truncate(length);
                return Ok(bytes);
            }
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let message = format!("longer than {most} bytes: not a file of this kind");
    Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
}

#[derive(Clone, Copy)]
enum Existing {
    Replaced,
    Refused,
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn written(path: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".sealbid-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn place(path: &Path, file: NamedTempFile, existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Replaced => file.persist(path)?,
        Existing::Refused => file.persist_noclobber(path)?,
    };
    File::open(directory(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_their_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write_new_secret(&path, b"one").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let refused = write_new_secret(&path, b"two").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(*read_bounded(&path, 3).unwrap(), b"one");
        write_secret(&path, b"three").unwrap();
        assert_eq!(*read_bounded(&path, 64).unwrap(), b"three");
        let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "no temporary file stays: {names:?}");
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write_new_public(&path, &[7; 100]).unwrap();
        let refused = read_bounded(&path, 99).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_bounded(&path, 100).unwrap().len(), 100);
    }
}
