//! Why a member does not start, or stops.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use sealbid_net::door::DoorBindError;
use sealbid_net::mesh::MeshError;
use sealbid_net::relay::RelayError;

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
    #[error("{0}")]
    Key(String),
    /// The passphrase is wrong.
    #[error("{0}")]
    Passphrase(String),
    /// The store or another file failed. The member does not go on without its memory.
    #[error("{0}")]
    Storage(String),
    /// Another process listens on the member's port.
    #[error("the port is in use: {address}")]
    PortInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The mesh did not come up.
    #[error("the mesh: {0}")]
    Mesh(MeshError),
    /// The front door did not open.
    #[error("{0}")]
    Door(DoorBindError),
    /// The member stopped for good: the committee's trust is broken, or the store is not this
    /// member's.
    #[error("the member has stopped for good: {0}")]
    Halted(String),
    /// The system does not give what the member needs, or the engine is gone.
    #[error("{0}")]
    System(String),
}

impl NodeError {
    /// A failure of the disk.
    pub(crate) fn storage(error: &impl ToString) -> Self {
        Self::Storage(error.to_string())
    }

    /// A failure of a file.
    pub(crate) fn file(path: &std::path::Path, error: &io::Error) -> Self {
        Self::Storage(format!("{}: {error}", path.display()))
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
