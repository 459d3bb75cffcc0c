//! A member's configuration: `member.toml`.
//!
//! Precedence, for everything that can be said in more than one place: command line, environment,
//! this file, default. Relative paths are taken from the file's own directory, so that a house
//! directory can be moved.

use core::num::{NonZeroU32, NonZeroU64};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};

use sealbid_net::door::DoorLimits;
use sealbid_net::mesh::BindAddresses;
use serde::{Deserialize, Serialize};

use crate::NodeError;

/// The name of the file in a member's directory.
pub const FILE_NAME: &str = "member.toml";

/// A member's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberConfig {
    /// The committee file. No default.
    pub committee: PathBuf,
    /// The member's encrypted key file. No default.
    pub key_file: PathBuf,
    /// The store, created if absent. Default `member.redb`.
    #[serde(default = "default_store")]
    pub store: PathBuf,
    /// Where the key file's passphrase stands, on its first line. `--passphrase-file` and
    /// `SEALBID_PASSPHRASE_FILE` come first. Default: none, the terminal is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase_file: Option<PathBuf>,
    /// Where a line with the times of each settled round goes; kept short. Default `timings.jsonl`.
    #[serde(default = "default_timings")]
    pub timings: PathBuf,
    /// Where the process's id stands while it runs. Default `pid`.
    #[serde(default = "default_pid")]
    pub pid: PathBuf,
    /// What is logged to standard error: a `tracing` filter. `SEALBID_LOG` comes first. Default:
    /// information, and of the transport's own words only errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The mesh.
    pub mesh: MeshSection,
    /// The front door.
    pub door: DoorSection,
    /// Bounds of memory.
    #[serde(default)]
    pub limits: LimitsSection,
    /// What is kept for how long.
    #[serde(default)]
    pub retention: RetentionSection,
}

/// Where the member listens in the mesh: to members, solvers and relayers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshSection {
    /// UDP, IPv4. No default.
    pub v4: SocketAddrV4,
    /// UDP, IPv6. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v6: Option<SocketAddrV6>,
    /// TCP, the relay inside the process. No default.
    pub relay: SocketAddr,
    /// UDP, the node of the pool; other members reach it directly if they can, and through a relay
    /// if not. Default 0: any free port.
    #[serde(default)]
    pub pool_port: u16,
}

/// The front door: where it listens and what it allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorSection {
    /// UDP, IPv4. No default.
    pub v4: SocketAddrV4,
    /// UDP, IPv6. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v6: Option<SocketAddrV6>,
    /// Connections in all. Default 1024.
    #[serde(default = "default_connections")]
    pub connections: usize,
    /// Connections of one peer. Default 8.
    #[serde(default = "default_connections_per_peer")]
    pub connections_per_peer: usize,
    /// Requests of one peer a second, in the long run. Default 200.
    #[serde(default = "default_requests_per_second")]
    pub requests_per_second: NonZeroU32,
    /// Requests of one peer at once, after a pause. Default 400.
    #[serde(default = "default_burst")]
    pub burst: NonZeroU32,
}

/// Bounds of a member's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSection {
    /// Clients' envelopes that wait for their checks. Default 4096.
    pub unchecked: usize,
    /// Inputs that wait for the engine: clients', peers' and the pool's, each. Default 4096.
    pub inputs: usize,
    /// Intents of one account that wait at a time. Default 256.
    pub intents_per_submitter: usize,
    /// Quotes of one account that wait at a time. Default 32.
    pub quotes_per_submitter: usize,
}

/// What a member keeps for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSection {
    /// How many rounds' records are kept, the newest; [`LEAST_RECORDS`] at least. Certificates,
    /// outcomes and evidence are kept in any case. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<NonZeroU64>,
}

/// The fewest records that a member may keep: twice as long as an envelope can wait, so that a
/// member that was away for some rounds finds them.
pub const LEAST_RECORDS: u64 = 128;

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            unchecked: 4096,
            inputs: 4096,
            intents_per_submitter: 256,
            quotes_per_submitter: 32,
        }
    }
}

fn default_store() -> PathBuf {
    "member.redb".into()
}

fn default_timings() -> PathBuf {
    "timings.jsonl".into()
}

fn default_pid() -> PathBuf {
    "pid".into()
}

fn default_connections() -> usize {
    DoorLimits::default().connections
}

fn default_connections_per_peer() -> usize {
    DoorLimits::default().connections_per_peer
}

fn default_requests_per_second() -> NonZeroU32 {
    DoorLimits::default().requests_per_second
}

fn default_burst() -> NonZeroU32 {
    DoorLimits::default().burst
}

impl MemberConfig {
    /// Reads a configuration file. Its paths come back as they are to be opened.
    ///
    /// # Errors
    /// [`NodeError::Config`] if it is missing, not TOML, or has a field that is not known.
    pub fn load(path: &Path) -> Result<Self, NodeError> {
        let wrong = |reason: String| NodeError::Config {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let config: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        config.check().map_err(|reason| wrong(reason.to_owned()))?;
        let directory = path.parent().unwrap_or_else(|| Path::new(""));
        Ok(config.resolve(directory))
    }

    /// Takes relative paths from `directory`.
    fn resolve(mut self, directory: &Path) -> Self {
        let passphrase = self.passphrase_file.as_mut();
        let paths = [
            &mut self.committee,
            &mut self.key_file,
            &mut self.store,
            &mut self.timings,
            &mut self.pid,
        ];
        for path in paths.into_iter().chain(passphrase) {
            // An absolute path stays what it is.
            *path = directory.join(&*path);
        }
        self
    }

    fn check(&self) -> Result<(), &'static str> {
        let limits = &self.limits;
        // Not the pool's port, of which zero means any.
        let bounds = [
            limits.unchecked,
            limits.inputs,
            limits.intents_per_submitter,
            limits.quotes_per_submitter,
            self.door.connections,
            self.door.connections_per_peer,
        ];
        if bounds.contains(&0) {
            return Err("a limit of zero lets nothing through");
        }
        if self
            .retention
            .records
            .is_some_and(|records| records.get() < LEAST_RECORDS)
        {
            return Err("records have to be kept for 128 rounds at least");
        }
        Ok(())
    }
}

impl MeshSection {
    /// The endpoint's addresses.
    #[must_use]
    pub const fn bind(&self) -> BindAddresses {
        BindAddresses {
            v4: self.v4,
            v6: self.v6,
        }
    }
}

impl DoorSection {
    /// The endpoint's addresses.
    #[must_use]
    pub const fn bind(&self) -> BindAddresses {
        BindAddresses {
            v4: self.v4,
            v6: self.v6,
        }
    }

    /// What the door allows.
    #[must_use]
    pub fn limits(&self) -> DoorLimits {
        DoorLimits {
            connections: self.connections,
            connections_per_peer: self.connections_per_peer,
            requests_per_second: self.requests_per_second,
            burst: self.burst,
            ..DoorLimits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"
        committee = "../committee.json"
        key_file = "/keys/member.key"
        [mesh]
        v4 = "127.0.0.1:4001"
        relay = "127.0.0.1:4000"
        [door]
        v4 = "127.0.0.1:4002"
    "#;

    fn load(text: &str) -> Result<MemberConfig, NodeError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        std::fs::write(&path, text).unwrap();
        MemberConfig::load(&path)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let config = load(LEAST).unwrap();
        assert_eq!(config.limits, LimitsSection::default());
        assert_eq!(config.mesh.pool_port, 0);
        assert_eq!(config.door.limits().connections, 1024);
        assert_eq!(config.passphrase_file, None);
        assert_eq!(config.retention.records, None);
        let shorter = load(&format!("{LEAST}\n[retention]\nrecords = 128")).unwrap();
        assert_eq!(shorter.retention.records, NonZeroU64::new(128));
    }

    #[test]
    fn relative_paths_are_taken_from_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        std::fs::write(&path, LEAST).unwrap();
        let config = MemberConfig::load(&path).unwrap();
        assert_eq!(config.committee, directory.path().join("../committee.json"));
        assert_eq!(config.key_file, Path::new("/keys/member.key"));
        assert_eq!(config.store, directory.path().join("member.redb"));
    }

    #[test]
    fn unknown_fields_and_zero_limits_are_refused() {
        for more in [
            "[limits]\nunchecked = 0\n",
            "[limits]\nmistyped = 1\n",
            "[retention]\nrecords = 127\n",
            "[retention]\nrecords = 0\n",
        ] {
            let error = load(&format!("{LEAST}\n{more}")).unwrap_err();
            assert!(matches!(error, NodeError::Config { .. }), "{more}: {error}");
        }
        assert!(load("committee = \"a\"").is_err());
    }
}
