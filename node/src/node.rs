//! A member's process: what it loads, what it binds, and how it stops.
//!
//! It starts in the order in which a failure is cheapest: files and passphrase, the store's lock,
//! what the store remembers, then the ports. It stops the other way round: whatever brings inputs
//! is told first, the engine finishes what it has taken, and the others hear a farewell if they do
//! within a few seconds. Nothing depends on that: a member that is killed has kept its promises.

use core::future::Future;
use core::time::Duration;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sealbid_client::{CommitteeFile, CommitteeFileError};
use sealbid_crypto::{CommitteeKeys, KeyShare};
use sealbid_keygen::{KeyFileError, MemberKey, Passphrase};
use sealbid_net::PeerId;
use sealbid_net::door::{Door, DoorAddress, DoorConfig};
use sealbid_net::mesh::Mesh;
use sealbid_protocol::admission::gate::Gate;
use sealbid_protocol::admission::{Origin, Readable};
use sealbid_protocol::member::io::Output;
use sealbid_protocol::member::{Limits, Member, MemberSecrets, Options};
use sealbid_store::{Identity, Memory, Store, StoreError};
use sealbid_types::committee::{Committee, Provenance};
use sealbid_types::id::MemberIndex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::NodeError;
use crate::arithmetic::Arithmetic;
use crate::config::MemberConfig;
use crate::engine::{Engine, EngineInbox, EngineInputs, clock};
use crate::engine_client::EngineClient;
use crate::fetch::Fetcher;
use crate::front_door::FrontDoor;
use crate::gate_worker::GateQueue;
use crate::mesh_link::{MemberSeat, MeshLink};
use crate::pid_file::PidFile;
use crate::pool_bridge::PoolBridge;
use crate::reading::Reading;
use crate::records::Records;
use crate::requests::Requests;
use crate::shell::{Events, Shell};
use crate::submissions::Submissions;
use crate::timings::Timings;

/// How long the parts of a member that stops may take.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long a member that starts waits for the process before it to let go of the store.
/// Longer than `FAREWELL`, which is what a process may take that was told to stop.
const PREDECESSOR: Duration = Duration::from_secs(5);
/// How often it tries the store meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// A member whose listeners are bound. It takes part once it is [run](Self::run).
pub struct Node {
    engine: Engine,
    /// What the engine has asked for by starting: carried out as soon as it runs.
    outputs: Vec<Output>,
    /// Envelopes of the store, whose shares have to be made again.
    stored: Vec<Readable>,
    mesh: Mesh,
    link: MeshLink,
    door: Door,
    front: Arc<FrontDoor>,
    stop: CancellationToken,
    index: MemberIndex,
    /// It goes when the node does.
    _pid: PidFile,
}

/// What is read from files before anything is bound.
struct Loaded {
    committee: Arc<Committee>,
    keys: Arc<CommitteeKeys>,
    key: MemberKey,
    share: Arc<KeyShare>,
    store: Arc<Store>,
}

impl Node {
    /// Loads the member's files, opens its store, and binds its listeners. `is_restored` says that
    /// the store is a copy restored from elsewhere: then the member waits for all others before it
    /// votes.
    ///
    /// # Errors
    /// [`NodeError`]; nothing is left running.
    pub async fn start(
        config: MemberConfig,
        passphrase: Passphrase,
        is_restored: bool,
    ) -> Result<Self, NodeError> {
        let files = config.clone();
        // On a thread that may be kept busy: stretching a passphrase is slow on purpose.
        let load = move || load(&files, &passphrase);
        let loaded = tokio::task::spawn_blocking(load).await;
        let loaded = loaded.map_err(NodeError::system)??;
        // After the store's lock is held: the file never names a process that lost the race for it.
        let pid = PidFile::write(&config.pid)?;
        let (member, outputs) = start_member(&config, &loaded, is_restored)?;
        let seat = MemberSeat::of(&config, &loaded);
        let door = DoorConfig {
            secret: loaded.key.door_secret(),
            bind: config.door.bind(),
            limits: config.door.limits(),
            members: DoorAddress::all(&loaded.committee),
        };
        // Everything is bound when this returns, so that "started" means reachable.
        let (joined, door) = tokio::join!(seat.join(), Door::bind(door));
        let (joined, door) = (joined?, door?);
        assemble(config, loaded, (member, outputs), (seat, joined), door, pid).await
    }

    /// The member's place in the roster.
    #[must_use]
    pub const fn index(&self) -> MemberIndex {
        self.index
    }

    /// The front door's key.
    #[must_use]
    pub fn door_peer(&self) -> PeerId {
        self.door.peer()
    }

    /// Takes part until `shutdown` resolves, or something fails that a member cannot do without.
    ///
    /// # Errors
    /// [`NodeError::Storage`], [`NodeError::Halted`] or [`NodeError::System`].
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), NodeError> {
        // The id's file is left in `self`, and goes when this returns.
        let Self {
            engine,
            outputs,
            stored,
            mesh,
            link,
            door,
            front,
            stop,
            ..
        } = self;
        let (gate, fetcher) = (engine.shell.gate.clone(), engine.shell.fetcher.clone());
        // The engine first: what the network brings finds it running.
        let mut stopped = engine.spawn(outputs)?;
        let link = tokio::spawn(link.run(mesh));
        // Through the gate like any other envelope: shares are never stored, and a disk that was
        // tampered with is no reason to trust what is on it.
        gate.check(Origin::Member(self.index), stored);
        door.serve(front);
        let result = tokio::select! {
            result = &mut stopped => Some(result),
            () = shutdown => None,
        };
        // Also if the engine has ended by itself: nobody is to knock at a member that cannot
        // answer.
        stop.cancel();
        let farewell = async { tokio::join!(link, door.close(), fetcher.close()) };
        // What has not said goodbye by then ends with the process.
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
        // Also when it was told to stop: if its last write failed, that is why the member ended.
        let result = match result {
            Some(result) => result,
            None => stopped.await,
        };
        result.unwrap_or_else(|_| Err(NodeError::system("its engine ended")))
    }
}

impl MemberSeat {
    fn of(config: &MemberConfig, loaded: &Loaded) -> Self {
        Self {
            committee: Arc::clone(&loaded.committee),
            index: loaded.key.index(),
            identity: loaded.key.identity(),
            secret: loaded.key.house_secret(),
            group_key: loaded.key.group_key(),
            section: config.mesh.clone(),
            keys: Arc::clone(&loaded.keys),
        }
    }
}

/// Joins the parts of a member to one another.
async fn assemble(
    config: MemberConfig,
    loaded: Loaded,
    (member, outputs): (Member, Vec<Output>),
    (seat, mesh): (MemberSeat, Mesh),
    door: Door,
    pid: PidFile,
) -> Result<Node, NodeError> {
    let Loaded {
        committee,
        keys,
        share,
        store,
        key,
    } = loaded;
    let stop = CancellationToken::new();
    let (inbox, inputs): (EngineInbox, EngineInputs) = EngineInbox::new(config.limits.inputs);
    // With entropy of its own: who foresaw the weights of its batches could have errors cancel
    // (docs/protocol.md 3.3).
    let gate = Gate::new(Arc::clone(&committee), keys, share, entropy()?);
    let timings =
        Timings::open(&config.timings).map_err(|error| NodeError::file(&config.timings, error))?;
    let gate = Arc::new(gate);
    // Fetched records are checked by the same keys.
    let records = Arc::clone(&gate);
    let gate = GateQueue::start(gate, inbox.clone(), timings.clone())?;
    let fetcher = Fetcher::new(&committee, key.door_secret(), inbox.clone(), records).await;
    let shell = Shell {
        runtime: Handle::current(),
        mesh: mesh.handle.clone(),
        pool: PoolBridge::start(mesh.handle.clone()),
        gate,
        requests: Requests::default(),
        records: Records::new(Arc::clone(&store)),
        fetcher: fetcher.map_err(NodeError::system)?,
        timings,
        events: Events::default(),
    };
    let client = EngineClient {
        engine: inbox.clone(),
        requests: shell.requests.clone(),
        stop: stop.clone(),
    };
    let front = Arc::new(FrontDoor {
        engine: client.clone(),
        submissions: Submissions::new(
            client,
            Arc::clone(&committee),
            shell.gate.at_gate(),
            config.limits.unchecked,
        ),
        records: shell.records.clone(),
        events: shell.events.clone(),
        reading: Reading::new(&committee),
        stop: stop.clone(),
    });
    let stored = member.stored_envelopes();
    let link = MeshLink {
        seat,
        engine: inbox,
        stop: stop.clone(),
    };
    let engine = Engine {
        member,
        store,
        shell,
        inputs,
        arithmetic: Arithmetic::start("round")?,
        counted: None,
        stop: stop.clone(),
    };
    let index = key.index();
    Ok(Node {
        engine,
        outputs,
        stored,
        mesh,
        link,
        door,
        front,
        stop,
        index,
        _pid: pid,
    })
}

/// Reads everything from files, and takes the store's lock. Key file, committee file and store are
/// held against each other: a member with another one's share would sign wrongly in its own name.
fn load(config: &MemberConfig, passphrase: &Passphrase) -> Result<Loaded, NodeError> {
    let (committee, keys) = CommitteeFile::load(&config.committee)
        .map_err(of_committee)?
        .into_parts();
    if committee.provenance == Provenance::DevelopmentDealer {
        tracing::warn!(
            "DEVELOPMENT ONLY: a dealer made this house's key, and could have kept it to open every \
             order"
        );
    }
    let (key, share) =
        MemberKey::load_for(&config.key_file, passphrase, &committee, &keys).map_err(of_key)?;
    let identity = Identity {
        auction: committee.auction,
        member: key.index(),
    };
    // The store last: its lock is taken by a member that has all else it needs.
    let store = open_store(&config.store, identity).map_err(NodeError::storage)?;
    Ok(Loaded {
        committee: Arc::new(committee),
        keys: Arc::new(keys),
        share: Arc::new(share),
        key,
        store: Arc::new(store),
    })
}

/// Opens the store. A process that was told to stop, or has lost its parent, may still hold it.
fn open_store(path: &Path, identity: Identity) -> Result<Store, StoreError> {
    let deadline = Instant::now() + PREDECESSOR;
    loop {
        match Store::open(path, identity) {
            Err(StoreError::Locked { .. }) if Instant::now() < deadline => {
                std::thread::sleep(LOOK);
            }
            opened => return opened,
        }
    }
}

fn of_committee(error: CommitteeFileError) -> NodeError {
    NodeError::Key(error.into())
}

/// What cannot be written is the disk's fault, and all else the file's: the exit code says which.
fn of_key(error: KeyFileError) -> NodeError {
    match error {
        // Apart from a file that is wrong: people have to do something else about it.
        KeyFileError::WrongPassphrase { .. } => NodeError::Passphrase(error.into()),
        KeyFileError::Write { .. } => NodeError::storage(error),
        _ => NodeError::Key(error.into()),
    }
}

/// Starts the engine on what the store remembers.
fn start_member(
    config: &MemberConfig,
    loaded: &Loaded,
    restored: bool,
) -> Result<(Member, Vec<Output>), NodeError> {
    // What an operator may choose binds this member's own admission, and nothing that members must
    // agree on.
    let limits = Limits {
        intents_per_submitter: config.limits.intents_per_submitter,
        quotes_per_submitter: config.limits.quotes_per_submitter,
        at_gate: config.limits.unchecked,
        ..Limits::default()
    };
    let options = Options {
        restored,
        limits,
        keep_records: config.retention.records,
        ..Options::default()
    };
    let secrets = MemberSecrets {
        index: loaded.key.index(),
        identity: Arc::new(loaded.key.identity()),
        share: Arc::clone(&loaded.share),
    };
    let (committee, keys) = (Arc::clone(&loaded.committee), Arc::clone(&loaded.keys));
    let entropy = entropy()?;
    let started = loaded.store.recall(|disk: &Memory<'_>| {
        Member::start(committee, keys, secrets, options, disk, entropy, clock())
    });
    // Either is the store's: what cannot be read, and what does not fit together.
    started
        .map_err(NodeError::storage)?
        .map_err(NodeError::storage)
}

/// Fresh bytes of the system.
fn entropy() -> Result<[u8; 32], NodeError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| NodeError::system(format!("the system gives no entropy: {error}")))?;
    Ok(bytes)
}
