//! A house whose every process a test starts and ends by itself: made by a dealer, without `up`,
//! with short slots and nobody who quotes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use sealbid_client::CommitteeFile;
use sealbid_client::audit::Auditor;
use sealbid_keygen::HouseDir;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::record::RoundRecord;

use crate::kit::Running;
use crate::namespaces::run;
use crate::network::Network;
use crate::outsider::Outsider;

/// What `dealer` is told of slots: short ones, so that a test sees many.
const SLOTS: [&str; 4] = ["--period-ms", "1500", "--quote-window-ms", "500"];

/// How many houses have ports of their own, from 10,000 on, and how many ports each.
const HOUSES: u16 = 100;
const PORTS: u16 = 60;

/// A dealt house, on loopback or in a network of its own.
pub(crate) struct DealtHouse {
    /// Those that run, or have ended by themselves.
    members: BTreeMap<MemberIndex, Running>,
    pub(crate) network: Option<Network>,
    outsider: Outsider,
    /// Removed when nobody runs any more.
    directory: tempfile::TempDir,
}

impl Deref for DealtHouse {
    type Target = Outsider;

    fn deref(&self) -> &Outsider {
        &self.outsider
    }
}

impl DealtHouse {
    /// Makes a house on loopback, of which nobody runs.
    pub(crate) async fn on_loopback(members: u8) -> Self {
        let base = free_ports(members).to_string();
        Self::dealt(members, None, &["--base-port", &base]).await
    }

    /// Makes a house, each of whose members is in a place of its own in this network.
    pub(crate) async fn in_network(network: Network) -> Self {
        let members = network.places();
        let hosts: Vec<String> = (0..members)
            .flat_map(|place| ["--host".to_owned(), network.address(place).to_string()])
            .collect();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        Self::dealt(members, Some(network), &hosts).await
    }

    async fn dealt(members: u8, network: Option<Network>, places: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("passphrase"), "for a test\n").unwrap();
        let house = directory.path().join("house");
        let sealbid = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_sealbid"));
            command.env("SEALBID_CONFIG", "");
            command.env(
                "SEALBID_PASSPHRASE_FILE",
                directory.path().join("passphrase"),
            );
            command
        };
        let count = members.to_string();
        let dealer = [
            "keygen",
            "dealer",
            "--work-factor",
            "2",
            "--members",
            &count,
        ];
        let out = ["--out", house.to_str().unwrap()];
        run(sealbid().args(dealer).args(out).args(SLOTS).args(places));
        for number in 1..=members {
            let init = ["node", "init", "--member", &number.to_string()];
            run(sealbid().arg("--dir").arg(&house).args(init));
        }
        Self {
            outsider: Outsider::of(&HouseDir::new(&house).committee()).await,
            directory,
            network,
            members: BTreeMap::new(),
        }
    }

    pub(crate) fn dir(&self) -> HouseDir {
        HouseDir::new(self.directory.path().join("house"))
    }

    /// All members.
    pub(crate) fn all(&self) -> impl Iterator<Item = MemberIndex> + use<> {
        let members = self.client.committee().roster.len();
        MemberIndex::all(u8::try_from(members).unwrap())
    }

    /// Starts all members, and waits until they hear each other.
    pub(crate) async fn start_all(&mut self) {
        for member in self.all() {
            self.start(member);
        }
        self.all_hear_each_other().await;
    }

    /// Starts a member, whose log goes on.
    pub(crate) fn start(&mut self, member: MemberIndex) {
        let mut command = match &self.network {
            Some(network) => network.command_in(member.0, env!("CARGO_BIN_EXE_sealbid")),
            None => Command::new(env!("CARGO_BIN_EXE_sealbid")),
        };
        command
            .args(["node", "run", "--config"])
            .arg(self.dir().member(member).config())
            .env(
                "SEALBID_PASSPHRASE_FILE",
                self.directory.path().join("passphrase"),
            );
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log(member));
        let running = Running::start_command(command, log.unwrap());
        self.members.insert(member, running);
    }

    /// Kills a member, as a power cut would.
    pub(crate) fn kill(&mut self, member: MemberIndex) {
        self.members.remove(&member).unwrap().kill();
    }

    /// The process of a member that has been started.
    pub(crate) fn process(&mut self, member: MemberIndex) -> &mut Running {
        self.members.get_mut(&member).unwrap()
    }

    /// What a member has said.
    pub(crate) fn said(&self, member: MemberIndex) -> String {
        fs::read_to_string(self.log(member)).unwrap()
    }

    fn log(&self, member: MemberIndex) -> PathBuf {
        self.dir().root().join(format!("{member}.log"))
    }

    /// Every record as each member shows it, audited from the first round on, and alike with all.
    /// Gives how many there are.
    pub(crate) async fn audit_all_members(&self) -> u64 {
        let auditor = Auditor::new(CommitteeFile::load(&self.dir().committee()).unwrap()).unwrap();
        let last = self.client.standing().await.unwrap().settled;
        for member in self.all() {
            self.caught_up(member).await;
        }
        let mut chains: Vec<_> = self.all().map(|member| (member, auditor.chain())).collect();
        for round in (1..=last.0).map(Round) {
            let mut first = None;
            for (member, chain) in &mut chains {
                let record = self.client.record_of(*member, round).await;
                let record = record.unwrap_or_else(|error| panic!("{member}, {round}: {error}"));
                let audit = chain.next(&record);
                assert!(audit.is_ok(), "{member}, {round}: {:?}", audit.errors);
                let first = first.get_or_insert_with(|| record.clone());
                assert!(
                    are_alike(first, &record),
                    "{member} has another record of round {round}"
                );
            }
        }
        last.0
    }
}

/// Whether two records are alike but for the signatures of members under their certificates: those
/// of one close, or of one allocation, may be of two views (docs/protocol.md, section 8).
fn are_alike(one: &RoundRecord, other: &RoundRecord) -> bool {
    let certificate = one.certificate;
    let allocation_certificate = one.allocation_certificate;
    let other = RoundRecord {
        certificate,
        allocation_certificate,
        ..other.clone()
    };
    *one == other
}

/// The first of the ports of so many members, which a dealer puts ten apart: no two houses of this
/// process have the same, however their members come and go.
fn free_ports(members: u8) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    static START: OnceLock<u16> = OnceLock::new();
    let start = START.get_or_init(|| {
        let mut start = [0; 2];
        getrandom::fill(&mut start).unwrap();
        u16::from_le_bytes(start) % HOUSES
    });
    let is_free = |port: u16| {
        let place = (Ipv4Addr::LOCALHOST, port);
        UdpSocket::bind(place).is_ok() && TcpListener::bind(place).is_ok()
    };
    let wanted = 10 * u16::from(members);
    assert!(wanted <= PORTS);
    let bases = (0..HOUSES).map(|_| {
        let house = (start + NEXT.fetch_add(1, Ordering::Relaxed)) % HOUSES;
        10_000 + house * PORTS
    });
    let mut bases = bases.filter(|base| (*base..base + wanted).all(is_free));
    bases.next().unwrap()
}
