//! Why a member does not start, or stops.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use sealbid_net::door::DoorBindError;
use sealbid_net::mesh::MeshError;
use sealbid_net::relay::RelayError;

/// The error of a part of the member, as that part tells it, with its own causes.
pub type Cause = Box<dyn core::error::Error + Send + Sync>;

/// Why a member did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The configuration file is missing or wrong.
    #[error("the configuration {}: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The committee or key file is missing, corrupt, or of another member or house.
    #[error(transparent)]
    Key(Cause),
    /// The passphrase is wrong.
    #[error(transparent)]
    Passphrase(Cause),
    /// The store or another file failed. The member does not go on without its memory.
    #[error(transparent)]
    Storage(Cause),
    /// The same of a file that is read or written as it is.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process listens on the member's port.
    #[error("the port is in use: {address}")]
    PortInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The mesh did not come up.
    #[error("the mesh: {0}")]
    Mesh(#[source] MeshError),
    /// The front door did not open.
    #[error(transparent)]
    Door(DoorBindError),
    /// The member stopped for good: the committee's trust is broken, or the store is not this
    /// member's.
    #[error("the member has stopped for good: {0}")]
    Halted(String),
    /// The system does not give what the member needs, or the engine is gone.
    #[error(transparent)]
    System(Cause),
}

impl NodeError {
    /// A failure of the disk.
    pub(crate) fn storage(error: impl Into<Cause>) -> Self {
        Self::Storage(error.into())
    }

    /// A failure of a file.
    pub(crate) fn file(path: &std::path::Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::File { path, source }
    }

    /// A failure of the system.
    pub(crate) fn system(error: impl Into<Cause>) -> Self {
        Self::System(error.into())
    }
}

impl From<MeshError> for NodeError {
    fn from(error: MeshError) -> Self {
        match error {
            MeshError::PortInUse { address }
            | MeshError::Relay(RelayError::PortInUse { address }) => Self::PortInUse { address },
            other => Self::Mesh(other),
        }
    }
}

impl From<DoorBindError> for NodeError {
    fn from(error: DoorBindError) -> Self {
        match error {
            DoorBindError::PortInUse { address } => Self::PortInUse { address },
            other @ DoorBindError::Failed { .. } => Self::Door(other),
        }
    }
}
