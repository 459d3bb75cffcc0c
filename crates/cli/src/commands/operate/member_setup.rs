//! A member's configuration file, made from its entry in the committee file.
//!
//! It is written once, and is the operator's from then on: no command writes over it.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};

use sealbid_keygen::MemberDir;
use sealbid_net::door::DoorLimits;
use sealbid_node::MemberConfig;
use sealbid_node::config::{DoorSection, LimitsSection, MeshSection, RetentionSection};
use sealbid_node::template::render;
use sealbid_types::committee::Member;

use crate::exit::Failure;

/// Writes `member.toml` into a member's directory. One that is there stays.
///
/// # Errors
/// Usage, if the committee file gives the member no IPv4 address to listen at; storage.
pub(crate) fn write_config(
    directory: &MemberDir,
    member: &Member,
    passphrase_file: Option<PathBuf>,
) -> Result<PathBuf, Failure> {
    let config = config_of(directory, member, passphrase_file)?;
    let path = directory.config();
    let failed = |error| Failure::storage(format!("cannot write {}: {error}", path.display()));
    std::fs::create_dir_all(directory.path()).map_err(failed)?;
    // Its operator edits it, so it is never written over.
    if path.try_exists().map_err(failed)? {
        let message = format!("{} is there already", path.display());
        return Err(Failure::usage(message).advise("edit it, or move it away first"));
    }
    std::fs::write(&path, render(&config)).map_err(failed)?;
    Ok(path)
}

/// The member's part of the committee file, and the defaults of everything else, written out to be
/// edited.
fn config_of(
    directory: &MemberDir,
    member: &Member,
    passphrase_file: Option<PathBuf>,
) -> Result<MemberConfig, Failure> {
    // By IPv4 in any case, and by IPv6 if the roster names such an address.
    let listens = |what: &str, addresses: &[SocketAddr]| {
        let none = || {
            let message = format!("the committee file gives the member no IPv4 {what} address");
            Failure::usage(message)
        };
        Ok::<_, Failure>((v4(addresses).ok_or_else(none)?, v6(addresses)))
    };
    let (house_v4, house_v6) = listens("house", &member.house_addresses)?;
    let (door_v4, door_v6) = listens("front door", &member.door_addresses)?;
    // It listens where others find it, unless its operator edits the file: behind address
    // translation the two differ.
    let relay = relay_address(&member.relay).ok_or_else(|| {
        Failure::usage(format!(
            "not a relay's address (http://HOST:PORT): {}",
            member.relay
        ))
    })?;
    let limits = DoorLimits::default();
    // Names alone: paths are taken from the file's own directory, so that a house can be moved.
    let name = |path: PathBuf| path.file_name().map_or(path.clone(), PathBuf::from);
    Ok(MemberConfig {
        committee: Path::new("..").join("committee.json"),
        key_file: name(directory.key()),
        store: name(directory.store()),
        retention: RetentionSection::default(),
        passphrase_file,
        timings: "timings.jsonl".into(),
        pid: name(directory.pid()),
        log: None,
        mesh: MeshSection {
            v4: house_v4,
            v6: house_v6,
            relay,
            // Any free port. Where a firewall keeps it shut, the relays carry the pool.
            pool_port: 0,
        },
        door: DoorSection {
            v4: door_v4,
            v6: door_v6,
            connections: limits.connections,
            connections_per_peer: limits.connections_per_peer,
            requests_per_second: limits.requests_per_second,
            burst: limits.burst,
        },
        limits: LimitsSection::default(),
    })
}

/// The first of its kind. A member binds one, whatever else the roster has for others to try.
fn v4(addresses: &[SocketAddr]) -> Option<SocketAddrV4> {
    addresses.iter().find_map(|address| match address {
        SocketAddr::V4(address) => Some(*address),
        SocketAddr::V6(_) => None,
    })
}

fn v6(addresses: &[SocketAddr]) -> Option<SocketAddrV6> {
    addresses.iter().find_map(|address| match address {
        SocketAddr::V6(address) => Some(*address),
        SocketAddr::V4(_) => None,
    })
}

/// Where a relay listens that others find at `url`: at its address, or, if that is a name, at its
/// port on every interface.
fn relay_address(url: &str) -> Option<SocketAddr> {
    let place = url.strip_prefix("http://")?.trim_end_matches('/');
    if let Ok(address) = place.parse() {
        return Some(address);
    }
    let (_, port) = place.rsplit_once(':')?;
    Some(SocketAddr::from((
        Ipv4Addr::UNSPECIFIED,
        port.parse().ok()?,
    )))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;

    #[test]
    fn relays_listen_where_others_find_them() {
        let listens = |url| relay_address(url).map(|address| address.to_string());
        assert_eq!(listens("http://127.0.0.1:4002").unwrap(), "127.0.0.1:4002");
        assert_eq!(listens("http://[::1]:4002/").unwrap(), "[::1]:4002");
        assert_eq!(listens("http://relay.example:80").unwrap(), "0.0.0.0:80");
        for wrong in ["", "https://127.0.0.1:1", "http://127.0.0.1", "http://a:b"] {
            assert_eq!(relay_address(wrong), None, "{wrong}");
        }
    }
}
