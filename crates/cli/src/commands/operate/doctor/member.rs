//! A member on this machine: its configuration, keys, ports, store and disk.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use nix::sys::statvfs::statvfs;
use nix::unistd::Pid;
use sealbid_client::CommitteeFile;
use sealbid_keygen::{Exit, MemberKey, Passphrase, PassphraseSource, StandardTerminal};
use sealbid_node::MemberConfig;
use sealbid_store::{Store, StoreError, Survey};

use super::check::Check;
use crate::exit::Failure;

/// With less room than this a store is about to have none.
const LITTLE: u64 = 1 << 30;
/// With less than this a member may not be able to write a round.
const TOO_LITTLE: u64 = 64 << 20;

/// Everything of one member.
pub(super) fn checks(
    path: &Path,
    source: &PassphraseSource,
    loaded: Option<&CommitteeFile>,
) -> Vec<Check> {
    let name = name_of(path);
    let subject = |what: &str| format!("{name} {what}");
    let config = match MemberConfig::load(path) {
        Ok(config) => config,
        Err(error) => {
            let failure = Failure::from(error);
            let check = Check::fail(subject("config"), failure.kind(), failure.message());
            let number = name.trim_start_matches("member-");
            return vec![check.next(format!("sealbid node init --member {number}"))];
        }
    };
    let store = Store::survey(&config.store);
    // A member that runs has its store open. After a kill its id may be another process's by now.
    let named = running(&config.pid);
    let runs = named.filter(|_| matches!(store, Err(StoreError::Locked { .. })));
    let process = match runs {
        Some(id) => Check::ok(subject("process"), format!("runs, as process {id}")),
        None if named.is_some() => Check::warn(
            subject("process"),
            format!(
                "does not run, or is starting: {} names another process, or one that has not \
                     opened the store",
                config.pid.display()
            ),
        )
        .next(format!("sealbid node run --config {}", path.display())),
        None => Check::warn(subject("process"), "does not run")
            .next(format!("sealbid node run --config {}", path.display())),
    };
    let mut checks = vec![
        Check::ok(subject("config"), path.display().to_string()),
        process,
        mode(&subject("key"), &config.key_file),
    ];
    checks.extend(key(&subject("key"), &config, source, loaded));
    checks.extend(
        ports(&config)
            .iter()
            .map(|port| port.check(subject(port.what), runs.is_some())),
    );
    checks.push(store_check(
        &subject("store"),
        &config.store,
        store,
        runs.is_some(),
    ));
    checks.push(disk(&subject("disk"), &config.store));
    checks
}

/// `member-2`, if that is the directory's name.
fn name_of(config: &Path) -> String {
    let directory = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
    let name = directory.parent().and_then(Path::file_name);
    name.map_or_else(
        || "member".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// The process that its file names, if it runs.
fn running(pid: &Path) -> Option<i32> {
    let id = fs::read_to_string(pid).ok()?.trim().parse().ok()?;
    // One that is another user's runs too.
    match nix::sys::signal::kill(Pid::from_raw(id), None) {
        Ok(()) | Err(nix::errno::Errno::EPERM) => Some(id),
        Err(_) => None,
    }
}

/// Whether others may read a secret.
fn mode(subject: &str, path: &Path) -> Check {
    match fs::metadata(path) {
        Err(error) => {
            let text = format!("{}: {error}", path.display());
            let restore = "put the member's key file there, or make it again: \
                           sealbid keygen recover --help";
            Check::fail(subject, Exit::Key, text).next(restore)
        }
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            let path = path.display();
            Check::warn(subject, format!("others may read {path}"))
                .next(format!("chmod 600 {path}"))
        }
        Ok(_) => Check::ok(subject, format!("{}, for its owner alone", path.display())),
    }
}

/// Whether the key opens, and is the roster's.
fn key(
    subject: &str,
    config: &MemberConfig,
    source: &PassphraseSource,
    loaded: Option<&CommitteeFile>,
) -> Vec<Check> {
    // As `node run` looks for it.
    let file = match (source, &config.passphrase_file) {
        (PassphraseSource::File(path), _) | (PassphraseSource::Terminal, Some(path)) => path,
        (PassphraseSource::Terminal, None) => {
            let text = "its passphrase is asked for on the terminal: not opened";
            let next = "to open it here: give --passphrase-file FILE";
            return vec![Check::ok(subject, text).next(next)];
        }
    };
    let mut checks = Vec::new();
    let others = fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
    if others {
        let path = file.display();
        let text = format!("others may read the passphrase in {path}");
        checks.push(Check::warn(subject, text).next(format!("chmod 600 {path}")));
    }
    let passphrase = PassphraseSource::File(file.clone()).existing(&mut StandardTerminal, "");
    let opened = passphrase
        .map_err(|error| Failure::from(&error))
        .and_then(|passphrase| open(config, &passphrase, loaded));
    checks.push(match opened {
        Ok(text) => Check::ok(subject, text),
        Err(failure) => {
            Check::fail(subject, failure.kind(), failure.message()).next(match failure.kind() {
                Exit::Authentication => "name the right passphrase: --passphrase-file FILE",
                _ => "put the member's own key file there: sealbid keygen inspect --help",
            })
        }
    });
    checks
}

fn open(
    config: &MemberConfig,
    passphrase: &Passphrase,
    loaded: Option<&CommitteeFile>,
) -> Result<String, Failure> {
    match loaded {
        Some(file) => {
            let (committee, keys) = (file.committee(), file.keys());
            let loaded = MemberKey::load_for(&config.key_file, passphrase, committee, keys);
            let (key, _share) = loaded?;
            Ok(format!("opens, and is {}'s of the roster", key.index()))
        }
        None => {
            let key = MemberKey::load(&config.key_file, passphrase)?;
            Ok(format!(
                "opens: {}'s; no committee file to hold it against",
                key.index()
            ))
        }
    }
}

/// A port that the member listens at.
struct Port {
    what: &'static str,
    address: SocketAddr,
    is_udp: bool,
}

fn ports(config: &MemberConfig) -> Vec<Port> {
    let udp = |what, address| Port {
        what,
        address,
        is_udp: true,
    };
    let mut ports = vec![
        udp("house port", SocketAddr::V4(config.mesh.v4)),
        udp("door port", SocketAddr::V4(config.door.v4)),
        Port {
            what: "relay port",
            address: config.mesh.relay,
            is_udp: false,
        },
    ];
    ports.extend(
        config
            .mesh
            .v6
            .map(|v6| udp("house port v6", SocketAddr::V6(v6))),
    );
    ports.extend(
        config
            .door
            .v6
            .map(|v6| udp("door port v6", SocketAddr::V6(v6))),
    );
    ports
}

impl Port {
    /// Whether it can be listened at, or is by the member that runs.
    fn check(&self, subject: String, runs: bool) -> Check {
        let Self {
            address, is_udp, ..
        } = self;
        let kind = if *is_udp { "UDP" } else { "TCP" };
        let bound = match is_udp {
            true => UdpSocket::bind(address).map(drop),
            false => TcpListener::bind(address).map(drop),
        };
        match bound {
            Ok(()) if runs => Check::fail(
                subject,
                Exit::Work,
                format!("the member runs, and nobody listens at {address} ({kind})"),
            )
            .next("look at its log"),
            Ok(()) => Check::ok(subject, format!("{address} ({kind}) is free")),
            Err(error) if error.kind() == ErrorKind::AddrInUse && runs => Check::ok(
                subject,
                format!("{address} ({kind}) is in use, and the member runs"),
            ),
            Err(error) => {
                let port = address.port();
                let text = format!("{address} ({kind}) cannot be listened at: {error}");
                let flag = if *is_udp { "-lunp" } else { "-ltnp" };
                Check::fail(subject, Exit::Work, text)
                    .next(format!("see who has it: ss {flag} 'sport = :{port}'"))
            }
        }
    }
}

fn store_check(
    subject: &str,
    path: &Path,
    survey: Result<Survey, StoreError>,
    runs: bool,
) -> Check {
    match survey {
        Ok(Survey::Absent) => Check::ok(subject, "none yet: the member makes it when it starts"),
        Ok(Survey::NotClosed) => Check::ok(
            subject,
            "was not closed in order, as when a member is killed: verified at its next start",
        ),
        Ok(Survey::Closed {
            version,
            identity,
            newest,
        }) => {
            let rounds = match newest {
                Some(round) => format!("round {round} is its newest"),
                None => "no round yet".to_owned(),
            };
            Check::ok(subject, format!("{identity}, version {version}; {rounds}"))
        }
        Err(StoreError::Locked { .. }) if runs => {
            Check::ok(subject, "open in the member's process")
        }
        Err(error @ StoreError::Locked { .. }) => {
            Check::fail(subject, Exit::Storage, error.to_string())
                .next(format!("see who has it: fuser -v {}", path.display()))
        }
        Err(error) => Check::fail(subject, Exit::Storage, error.to_string())
            .next("keep the file as it is, and read docs/operations.md on a damaged store"),
    }
}

/// Room where the store is.
#[allow(clippy::useless_conversion, reason = "macOS counts blocks in 32 bits")]
fn disk(subject: &str, store: &Path) -> Check {
    let directory = store.parent().filter(|path| !path.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    let free = match statvfs(directory) {
        Ok(stat) => u64::from(stat.blocks_available()).saturating_mul(stat.fragment_size().into()),
        Err(error) => {
            let text = format!("{}: {error}", directory.display());
            return Check::fail(subject, Exit::Storage, text).next("make the directory");
        }
    };
    let text = format!("{} MiB free in {}", free >> 20, directory.display());
    let next = format!("make room: df -h {}", directory.display());
    match free {
        free if free < TOO_LITTLE => Check::fail(subject, Exit::Storage, text).next(next),
        free if free < LITTLE => Check::warn(subject, text).next(next),
        _ => Check::ok(subject, text),
    }
}
