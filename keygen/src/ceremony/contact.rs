//! Where the new member will be found once the house runs, when nobody says.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use sealbid_dkg::{Board, Meeting, PostError};
use sealbid_types::committee::Member;
use sealbid_types::keys::PublicKey;

use crate::ceremony::error::CeremonyError;
use crate::ceremony::people::told;
use crate::dealer::{MemberContact, PORT_STEP};

/// The first base port that is tried.
const FIRST_PORT: u16 = 7_400;
/// The last one.
const LAST_PORT: u16 = 27_390;

/// Where a member will be found: where it was said, or at a place of this machine that is kept from
/// others here as long as this lives.
pub(crate) struct Contact {
    /// Where the operator says.
    listen: Option<SocketAddr>,
    /// Where the ceremony meets; nowhere, by files.
    meeting: Option<Vec<SocketAddr>>,
    _held: Vec<Socket>,
}

/// A bound socket that nobody talks to.
enum Socket {
    Udp { _held: UdpSocket },
    Tcp { _held: TcpListener },
}

impl Contact {
    /// At `listen` if that is said. Else at this machine's address on the way to `meeting`, or its
    /// first address.
    pub(crate) fn new(listen: Option<SocketAddr>, meeting: Option<&Meeting>) -> Self {
        Self {
            listen,
            meeting: meeting.map(|meeting| meeting.addresses.clone()),
            _held: Vec::new(),
        }
    }

    /// Chooses a place that no member on `board` has.
    ///
    /// # Errors
    /// [`CeremonyError::Usage`].
    pub(crate) fn choose(
        &mut self,
        board: &Board,
        own: &PublicKey,
    ) -> Result<MemberContact, CeremonyError> {
        if let Some(listen) = self.listen {
            let text = format!("{listen} and the two ports after it are not an address");
            let contact = at(listen.ip(), listen.port()).ok_or(CeremonyError::Usage(text))?;
            return is_free(&contact, board, own).map(|()| contact);
        }
        let (host, start) = match &self.meeting {
            Some(addresses) => (local_address(addresses), FIRST_PORT),
            // By files, two on one machine do not see each other: they begin at different ports.
            None => (first_address(), scattered_port(own.as_bytes())),
        };
        let taken: Vec<SocketAddr> = board
            .enrolments()
            .iter()
            // Their doors too: of one that has named its own ports it may be where others have
            // their houses.
            .flat_map(|seat| addresses(&seat.body.member))
            .collect();
        let none = || {
            let text = format!("no free ports at {host}: name some with --listen IP:BASE-PORT");
            CeremonyError::Usage(text)
        };
        // Held open until the process ends, so that four ceremonies in four terminals of one
        // machine do not choose the same ports.
        let (contact, held) = reserve(host, start, &taken).ok_or_else(none)?;
        self._held = held;
        Ok(contact)
    }
}

/// Whether nobody else on `board` will be found where `contact` is. A board may not know of all
/// that the inviter's does, which asks the same again.
fn is_free(contact: &MemberContact, board: &Board, own: &PublicKey) -> Result<(), CeremonyError> {
    let own_addresses = || {
        contact
            .house_addresses
            .iter()
            .chain(&contact.door_addresses)
            .copied()
    };
    for seat in board.enrolments().iter().filter(|seat| seat.author != *own) {
        let mut theirs = addresses(&seat.body.member);
        if let Some(address) = theirs.find(|theirs| own_addresses().any(|own| own == *theirs)) {
            let refusal = PostError::SharedAddress {
                one: seat.author,
                other: *own,
                address,
            };
            return Err(CeremonyError::SharedAddress(told(&refusal)));
        }
    }
    Ok(())
}

/// Where a member listens, at both of its endpoints.
fn addresses(member: &Member) -> impl Iterator<Item = SocketAddr> + '_ {
    let all = member.house_addresses.iter().chain(&member.door_addresses);
    all.copied()
}

fn at(host: IpAddr, base_port: u16) -> Option<MemberContact> {
    match host.is_loopback() {
        true => MemberContact::loopback(base_port),
        false => MemberContact::at(host, base_port),
    }
}

/// This machine's address on the way to `meeting`: loopback if that is all there is.
fn local_address(meeting: &[SocketAddr]) -> IpAddr {
    // A member listens on IPv4. Nothing is sent: connecting a datagram socket chooses the route.
    let route = |address: &SocketAddr| {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect(address).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
    };
    let outside = meeting
        .iter()
        .filter(|address| address.is_ipv4() && !address.ip().is_loopback());
    let mut routes = outside.filter_map(route);
    routes.next().unwrap_or(Ipv4Addr::LOCALHOST.into())
}

/// This machine's first address that others can reach, or loopback.
fn first_address() -> IpAddr {
    let ips = local_ips();
    let v4 = ips.into_iter().find(IpAddr::is_ipv4);
    v4.unwrap_or(Ipv4Addr::LOCALHOST.into())
}

/// This machine's addresses, without loopback and those of one link, IPv4 first.
pub(crate) fn local_ips() -> Vec<IpAddr> {
    let is_usable = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => !ip.is_link_local() && !ip.is_loopback() && !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_unicast_link_local() && !ip.is_loopback() && !ip.is_unspecified(),
    };
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut ips: Vec<IpAddr> = interfaces
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(is_usable)
        .collect();
    ips.sort_by_key(IpAddr::is_ipv6);
    ips.dedup();
    ips
}

/// The first free ports at `host`, from `start` on, that none of `taken` has; and what holds them.
fn reserve(host: IpAddr, start: u16, taken: &[SocketAddr]) -> Option<(MemberContact, Vec<Socket>)> {
    let start = start.clamp(FIRST_PORT, LAST_PORT);
    let from_start = (start..=LAST_PORT).step_by(usize::from(PORT_STEP));
    let before = (FIRST_PORT..start).step_by(usize::from(PORT_STEP));
    let is_free = |base: &u16| {
        let ports = *base..base.saturating_add(3);
        let is_same =
            |address: &SocketAddr| address.ip() == host && ports.contains(&address.port());
        !taken.iter().any(is_same)
    };
    let mut bases = from_start.chain(before).filter(is_free);
    bases.find_map(|base| hold(host, base))
}

/// House and door by UDP and the relay by TCP; none if somebody has one of them.
fn hold(host: IpAddr, base: u16) -> Option<(MemberContact, Vec<Socket>)> {
    let contact = at(host, base)?;
    let mut sockets = Vec::new();
    for address in contact
        .house_addresses
        .iter()
        .chain(&contact.door_addresses)
    {
        match UdpSocket::bind(address) {
            Ok(held) => sockets.push(Socket::Udp { _held: held }),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => return None,
            // A host without IPv6 has no such address, which is no sign of somebody else.
            Err(_) => {}
        }
    }
    let held = TcpListener::bind((host, base.checked_add(2)?)).ok()?;
    sockets.push(Socket::Tcp { _held: held });
    Some((contact, sockets))
}

/// A port to begin with that differs between identities.
fn scattered_port(identity: &[u8; 32]) -> u16 {
    let [first, second, ..] = *blake3::hash(identity).as_bytes();
    let slots = (LAST_PORT - FIRST_PORT) / PORT_STEP + 1;
    FIRST_PORT + u16::from_le_bytes([first, second]) % slots * PORT_STEP
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
    fn members_on_one_machine_do_not_share_ports() {
        let host = Ipv4Addr::LOCALHOST.into();
        let one = reserve(host, FIRST_PORT, &[]).unwrap();
        let two = reserve(host, FIRST_PORT, &[]).unwrap();
        assert_ne!(one.0, two.0, "while the first is held");
        let addresses = one.0.house_addresses.clone();
        drop(one);
        let three = reserve(host, FIRST_PORT, &addresses).unwrap();
        assert_ne!(three.0.house_addresses, addresses, "it has enrolled");
    }

    #[test]
    fn loopback_is_for_meetings_on_loopback() {
        let meeting = ["127.0.0.1:7399", "[::1]:7399"].map(|text| text.parse().unwrap());
        assert_eq!(local_address(&meeting), Ipv4Addr::LOCALHOST);
        assert_eq!(local_address(&[]), Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn scattered_ports_are_ports() {
        for byte in 0..=255 {
            let port = scattered_port(&[byte; 32]);
            assert!(
                (FIRST_PORT..=LAST_PORT).contains(&port) && port.is_multiple_of(PORT_STEP),
                "{port}"
            );
        }
    }
}
