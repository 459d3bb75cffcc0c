//! A network of several hosts, whose wires can be cut: network namespaces, and a router between them.
//!
//! Whoever makes one is the router, and reaches every host whatever is cut. What is cut is dropped
//! there without a word, as a broken wire would: the hosts are not told.

use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::namespaces::{run, run_line};

/// The hosts of a network.
pub(crate) struct Network {
    hosts: Vec<Host>,
    cuts: u32,
}

/// A process that does nothing and holds a network namespace.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Network {
    /// Makes so many hosts, in [namespaces](crate::namespaces) that are this process's own.
    pub(crate) fn new(hosts: u8) -> Self {
        run_line("ip link set lo up");
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        Self {
            hosts: (0..hosts).map(host).collect(),
            cuts: 0,
        }
    }

    pub(crate) fn places(&self) -> u8 {
        u8::try_from(self.hosts.len()).unwrap()
    }

    pub(crate) fn address(&self, place: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, place, 2)
    }

    /// A command that runs `program` on a host.
    pub(crate) fn command_in(&self, place: u8, program: &str) -> Command {
        inside(&self.hosts[usize::from(place)].0, program)
    }

    /// Lets nothing pass from one host to the other. The way back is as it was.
    pub(crate) fn cut(&mut self, from: u8, to: u8) {
        self.cuts += 1;
        let (from, to) = (self.address(from), self.address(to));
        let rule = format!("from {from} to {to} blackhole");
        run_line(&format!("ip rule add pref {} {rule}", self.cuts));
    }

    /// Parts the hosts in two sides.
    pub(crate) fn split(&mut self, is_left: impl Fn(u8) -> bool) {
        let hosts = 0..self.places();
        for from in hosts.clone() {
            for to in hosts.clone().filter(|to| is_left(*to) != is_left(from)) {
                self.cut(from, to);
            }
        }
    }

    /// Mends all that was cut.
    pub(crate) fn heal(&mut self) {
        for cut in 1..=self.cuts {
            run_line(&format!("ip rule del pref {cut}"));
        }
        self.cuts = 0;
    }
}

/// A host with one wire, to the router.
fn host(place: u8) -> Host {
    let child = Command::new("unshare")
        .args(["--net", "sleep", "infinity"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_namespace(&child);
    let (id, wire) = (child.id(), format!("wire{place}"));
    run_line(&format!(
        "ip link add {wire} type veth peer name eth0 netns {id}"
    ));
    run_line(&format!("ip addr add 10.77.{place}.1/24 dev {wire}"));
    run_line(&format!("ip link set {wire} up"));
    for line in [
        format!("addr add 10.77.{place}.2/24 dev eth0"),
        "link set lo up".to_owned(),
        "link set eth0 up".to_owned(),
        format!("route add default via 10.77.{place}.1"),
    ] {
        run(inside(&child, "ip").args(line.split(' ')));
    }
    Host(child)
}

/// The child is in the namespace of this process until it has made one of its own.
fn wait_for_namespace(child: &Child) {
    let namespace = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net")).unwrap();
    while namespace(&child.id().to_string()) == namespace("self") {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn inside(host: &Child, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--target", &host.id().to_string(), "--net", program]);
    command
}
