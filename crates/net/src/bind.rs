//! Where an endpoint listens.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};

use iroh::endpoint::{Builder, InvalidSocketAddr};

/// The UDP addresses of an endpoint. Port 0 takes any free port.
///
/// Both families are named: an endpoint that is told of one only would bind the other on every
/// interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindAddresses {
    /// The IPv4 address.
    pub v4: SocketAddrV4,
    /// The IPv6 address; `None` on a host without IPv6.
    pub v6: Option<SocketAddrV6>,
}

impl BindAddresses {
    /// The loopback addresses with these ports, without IPv6 where the host has none.
    #[must_use]
    pub fn loopback(v4_port: u16, v6_port: u16) -> Self {
        let v6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, v6_port, 0, 0);
        Self {
            v4: SocketAddrV4::new(Ipv4Addr::LOCALHOST, v4_port),
            v6: has_ipv6_loopback().then_some(v6),
        }
    }

    /// Every interface, on this port, without IPv6 where the host has none.
    #[must_use]
    pub fn everywhere(port: u16) -> Self {
        let v6 = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0);
        Self {
            v4: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port),
            v6: has_ipv6_loopback().then_some(v6),
        }
    }

    /// Both addresses.
    pub fn all(&self) -> impl Iterator<Item = SocketAddr> + use<> {
        core::iter::once(SocketAddr::V4(self.v4)).chain(self.v6.map(SocketAddr::V6))
    }

    /// The address that somebody else is bound to.
    pub(crate) fn taken(&self) -> Option<SocketAddr> {
        self.all().find(|address| match UdpSocket::bind(address) {
            Ok(_) => false,
            Err(error) => error.kind() == io::ErrorKind::AddrInUse,
        })
    }

    /// Makes `builder` bind these addresses and no other.
    pub(crate) fn apply(&self, builder: Builder) -> Result<Builder, InvalidSocketAddr> {
        let builder = builder.clear_ip_transports();
        self.all()
            .try_fold(builder, |builder, address| builder.bind_addr(address))
    }
}

impl Default for BindAddresses {
    fn default() -> Self {
        Self::loopback(0, 0)
    }
}

fn has_ipv6_loopback() -> bool {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// Whether `error` is, or comes from, an address in use.
pub(crate) fn is_address_in_use(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::AddrInUse) {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error and all that caused it, on one line.
pub(crate) fn describe(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        next = error.source();
    }
    text
}
