//! The file that names the running process.

use std::fs;
use std::path::{Path, PathBuf};

use crate::NodeError;

/// A file with this process's id; it goes when this is dropped. A process that is killed leaves
/// it behind: it says who ran here last, and locks nothing.
#[derive(Debug)]
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes the file, in the place of an old one.
    pub(crate) fn write(path: &Path) -> Result<Self, NodeError> {
        let text = format!("{}\n", std::process::id());
        fs::write(path, text).map_err(|error| NodeError::file(path, error))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // A later process may have put its own there.
        let own = fs::read_to_string(&self.0);
        if own.is_ok_and(|text| text.trim() == std::process::id().to_string()) {
            // It is no harm if it stays.
            let _ = fs::remove_file(&self.0);
        }
    }
}
