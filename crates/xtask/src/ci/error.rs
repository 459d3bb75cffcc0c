//! Why a step failed.

use std::io;

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The command ran, and was not content.
    #[error("`{command}` failed: {status}")]
    Failed {
        command: String,
        status: std::process::ExitStatus,
    },
    /// It took longer than any run that goes on should.
    #[error("`{0}` hangs: stopped after {1} s")]
    Hangs(String, u32),
    /// It could not be started, or read.
    #[error("cannot run `{command}`: {source}")]
    Cannot { command: String, source: io::Error },
    /// A file of the repository could not be read.
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: io::Error },
    /// A command printed something else than it is known for.
    #[error("cannot read what `{command}` printed: {source}")]
    Output {
        command: String,
        source: serde_json::Error,
    },
    /// What the step looks for is there.
    #[error("{0}")]
    Found(String),
}
