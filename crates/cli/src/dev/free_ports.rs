//! Ports of this machine that nobody listens at.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};

use crate::exit::Failure;

/// How many ports a member has: house and front door (UDP), relay (TCP).
const PORTS: u16 = 3;
/// Where to look: below the ports that systems hand out by themselves.
const RANGE: core::ops::Range<u16> = 16_000..32_000;

/// The first ports of `count` members, each followed by its others.
///
/// # Errors
/// If there are not as many.
pub(crate) fn find(count: u8) -> Result<Vec<u16>, Failure> {
    let mut start = [0; 2];
    // Without entropy the search begins at the first port.
    let _ = getrandom::fill(&mut start);
    let from = u16::from_le_bytes(start) % (RANGE.end - RANGE.start);
    let steps = (0..(RANGE.end - RANGE.start)).step_by(usize::from(PORTS));
    let candidates = steps.map(|step| {
        let offset = (u32::from(from) + u32::from(step)) % u32::from(RANGE.end - RANGE.start);
        RANGE
            .start
            .saturating_add(u16::try_from(offset).unwrap_or(0))
    });
    let free: Vec<u16> = candidates
        .filter(|base| are_free(*base))
        .take(count.into())
        .collect();
    if free.len() < usize::from(count) {
        return Err(Failure::work(format!(
            "no free ports between {RANGE:?} on this machine"
        )));
    }
    Ok(free)
}

fn are_free(base: u16) -> bool {
    let udp = |port: u16| {
        // A host without IPv6 has no such address, which is no sign of somebody else.
        let v6 = UdpSocket::bind((Ipv6Addr::LOCALHOST, port));
        let taken = v6.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse);
        UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && !taken
    };
    let tcp = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    udp(base) && udp(base.saturating_add(1)) && tcp(base.saturating_add(2))
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
    fn a_port_in_use_is_not_found() {
        let base = find(1).unwrap()[0];
        let _held = UdpSocket::bind((Ipv4Addr::LOCALHOST, base + 1)).unwrap();
        assert!(!are_free(base));
        assert!(are_free(find(1).unwrap()[0]));
    }

    #[test]
    fn members_do_not_share_ports() {
        let mut found = find(16).unwrap();
        found.sort_unstable();
        assert!(found.windows(2).all(|pair| pair[1] - pair[0] >= PORTS));
    }
}
