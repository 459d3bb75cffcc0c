//! The key ceremony of a development house: the very one that operators hold, between a process
//! for each member, all on this machine.
//!
//! No process ever has the committee's key, and the transcript verifies as any other does. What it
//! lacks is people: all participants are one machine, so nobody compares words, and whoever has the
//! machine has all shares.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use futures::future::try_join_all;
use humantime::format_duration;
use sealbid_client::CommitteeFile;
use sealbid_keygen::HouseDir;
use sealbid_keygen::secret_file::write_public;
use sealbid_types::committee::{Committee, usual_quorum};
use sealbid_types::id::MemberIndex;

use crate::dev::free_ports;
use crate::dev::house_making::HouseShape;
use crate::dev::house_process::{HouseProcess, ProcessSpec};
use crate::exit::Failure;

/// How long the ceremony may take.
const DEADLINE: &str = "3m";
/// The usual work factor would take most of the ceremony's time, for a passphrase that lies beside
/// the keys.
const WORK_FACTOR: &str = "12";

/// Where the ceremony's participants have their files until it is over.
struct Hall {
    root: PathBuf,
    /// One for all of them: the house is one person's.
    passphrase: PathBuf,
}

/// Holds a ceremony of a house's members in the directory `hall`, and puts what it makes into
/// `house`: a directory for each member, and the transcript. The committee file comes with [`conclude`].
///
/// # Errors
/// A participant's own, if one fails; storage.
pub(crate) async fn hold(
    house: &HouseDir,
    hall: &Path,
    shape: &HouseShape,
    passphrase: &Path,
) -> Result<Committee, Failure> {
    let members = shape.members;
    let hall = Hall {
        root: hall.to_owned(),
        passphrase: passphrase.to_owned(),
    };
    // One more than members: that of the meeting.
    let ports = free_ports::find(members.saturating_add(1))?;
    let (meeting, bases) = ports.split_first().ok_or_else(no_ports)?;
    for number in 1..=members {
        make_private_directory(&hall.participant(number))?;
    }
    try_join_all((1..=members).map(|number| run(hall.identity_process(number)))).await?;
    // One invites, and the others find its file on this disk.
    run(hall.invitation_process(shape, *meeting)).await?;
    let joiners = (1..=members).zip(bases);
    // All at once: each of them waits at the meeting for the others.
    try_join_all(joiners.map(|(number, base)| run(hall.join_process(number, *base)))).await?;
    hall.move_into(house, members)
}

/// Puts the committee file of the ceremony held in `hall` into `house`, which makes it whole.
///
/// # Errors
/// Storage.
pub(crate) fn conclude(house: &HouseDir, hall: &Path) -> Result<(), Failure> {
    let from = HouseDir::new(participant(hall, 1)).committee();
    copy(&from, &house.committee())
}

fn participant(hall: &Path, number: u8) -> PathBuf {
    hall.join(format!("participant-{number}"))
}

/// Runs one command of a participant to its end.
async fn run(spec: ProcessSpec) -> Result<(), Failure> {
    HouseProcess::start(&spec)?.succeeded().await
}

impl Hall {
    fn participant(&self, number: u8) -> PathBuf {
        participant(&self.root, number)
    }

    fn identity(&self, number: u8) -> PathBuf {
        self.participant(number).join("identity.key")
    }

    fn invitation(&self) -> PathBuf {
        self.root.join("house.ceremony")
    }

    fn identity_process(&self, number: u8) -> ProcessSpec {
        let more = ["--out".into(), self.identity(number).into_os_string()];
        self.process(number, ["identity", "new"], more, true)
    }

    fn invitation_process(&self, shape: &HouseShape, port: u16) -> ProcessSpec {
        let time = |length| OsString::from(format_duration(length).to_string());
        let more: [OsString; 18] = [
            "--name".into(),
            "sealbid".into(),
            "--members".into(),
            shape.members.to_string().into(),
            "--quorum".into(),
            usual_quorum(shape.members).to_string().into(),
            "--period".into(),
            time(shape.period),
            "--quote-window".into(),
            time(shape.quote_window),
            "--deadline".into(),
            DEADLINE.into(),
            // On loopback: nobody else is to come.
            "--meet".into(),
            loopback(port).into(),
            "--identity".into(),
            self.identity(1).into(),
            "--out".into(),
            self.invitation().into(),
        ];
        self.process(1, ["invite"], more, false)
    }

    fn join_process(&self, number: u8, base: u16) -> ProcessSpec {
        let more: [OsString; 6] = [
            self.invitation().into(),
            // There is nobody to compare words with: all participants are this machine.
            "--yes".into(),
            "--identity".into(),
            self.identity(number).into(),
            // Said, and not left to be searched for: the ports were found free for all members
            // together.
            "--listen".into(),
            loopback(base).into(),
        ];
        self.process(number, ["join"], more, true)
    }

    /// A `sealbid keygen` of a participant.
    fn process<const N: usize, const M: usize>(
        &self,
        number: u8,
        command: [&str; N],
        more: [OsString; M],
        encrypts: bool,
    ) -> ProcessSpec {
        let directory = self.participant(number);
        let global: [OsString; 7] = [
            "--json".into(),
            "--dir".into(),
            directory.clone().into(),
            "--passphrase-file".into(),
            self.passphrase.clone().into(),
            "keygen".into(),
            // However this process ends, its participants end as well.
            "--until-stdin-closes".into(),
        ];
        // Inviting encrypts nothing, and knows no such option.
        let work = encrypts.then(|| ["--work-factor".into(), WORK_FACTOR.into()]);
        ProcessSpec {
            name: format!("participant {number} of the key ceremony"),
            // One for each command: it is begun anew when a process starts.
            log: directory.join(format!("{}.log", command.concat())),
            arguments: global
                .into_iter()
                .chain(command.map(OsString::from))
                .chain(more)
                .chain(work.into_iter().flatten())
                .collect(),
        }
    }

    /// Moves each member's files to where a house has them. Members are numbered as they enrolled,
    /// so a participant finds out at the end which it is.
    fn move_into(&self, house: &HouseDir, members: u8) -> Result<Committee, Failure> {
        let (committee, _keys) =
            CommitteeFile::load(&HouseDir::new(self.participant(1)).committee())?.into_parts();
        for number in 1..=members {
            let own = HouseDir::new(self.participant(number));
            // Each has computed its own, as operators do: here they are held against each other.
            let (theirs, _keys) = CommitteeFile::load(&own.committee())?.into_parts();
            // It cannot be, since all n have signed the same. If it is, nothing of it may be used.
            if theirs != committee {
                let message = "the participants of the key ceremony made different committees";
                return Err(Failure::key(message));
            }
            let index = own_index(&own)?;
            let (from, to) = (own.member(index), house.member(index));
            // Moved and not copied: a secret lies in one place.
            rename(from.path(), to.path())?;
            rename(&self.identity(number), &to.path().join("identity.key"))?;
        }
        let name = "transcript";
        // The first one's: all of them have the same.
        copy(&self.participant(1).join(name), &house.root().join(name))?;
        Ok(committee)
    }
}

/// The one member whose files a participant's directory holds.
fn own_index(own: &HouseDir) -> Result<MemberIndex, Failure> {
    // Read from the directory: the order of enrolling has made the numbers.
    let members = own.members().unwrap_or_default();
    match members.as_slice() {
        [index] => Ok(*index),
        _ => {
            let names: Vec<String> = members
                .into_iter()
                .map(|member| member.to_string())
                .collect();
            let root = own.root().display();
            Err(Failure::key(format!("{root} holds the keys of {names:?}")))
        }
    }
}

fn loopback(port: u16) -> String {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string()
}

/// For its owner alone: identities and keys will lie in it.
fn make_private_directory(path: &Path) -> Result<(), Failure> {
    let mut directory = DirBuilder::new();
    directory.recursive(true).mode(0o700);
    directory
        .create(path)
        .map_err(|error| cannot("make", path, &error))
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::rename(from, to).map_err(|error| cannot("make", to, &error))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let bytes = std::fs::read(from).map_err(|error| cannot("read", from, &error))?;
    write_public(to, &bytes).map_err(|error| cannot("write", to, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::storage(format!("cannot {what} {}: {error}", path.display()))
}

fn no_ports() -> Failure {
    Failure::work("no free port for the key ceremony")
}
