//! The client's side of the front doors: one connection to each member that is asked, dialled once
//! for all requests that wait for it.

use core::time::Duration;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use iroh::endpoint::{
    Connection, ConnectionError, Endpoint, IdleTimeout, QuicTransportConfig, ReadError, RecvStream,
    SendStream, WriteError, presets,
};
use iroh::{EndpointAddr, RelayMode, SecretKey, TransportAddr};
use sealbid_types::committee::{Committee, Member};
use sealbid_types::id::MemberIndex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;
use zeroize::Zeroizing;

use super::{ALPN, DoorError, DoorRefusal, MAX_RESPONSE};
use crate::Cause;
use crate::bind::BindAddresses;
use crate::frame::{self, FrameError};
use crate::{PeerId, install_crypto_provider};

/// How often a connection is kept alive.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// After how long without an answer to that, a member counts as gone.
const QUIET: Duration = Duration::from_secs(5);
/// How long a failed dial answers for those that waited behind it.
const FAILED: Duration = Duration::from_millis(250);
/// How long a client that closes waits for its farewells to be heard.
const FAREWELL: Duration = Duration::from_millis(500);

/// One member's front door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorAddress {
    /// The member.
    pub member: MemberIndex,
    /// The door's key.
    pub peer: PeerId,
    /// Where it may listen.
    pub addresses: Vec<SocketAddr>,
}

impl DoorAddress {
    /// The front doors of all members, as the committee file gives them.
    #[must_use]
    pub fn all(committee: &Committee) -> Vec<Self> {
        let members = MemberIndex::all(committee.members()).zip(&committee.roster);
        let door = |(member, entry): (MemberIndex, &Member)| Self {
            member,
            peer: PeerId(*entry.door.as_bytes()),
            addresses: entry.door_addresses.clone(),
        };
        members.map(door).collect()
    }
}

/// A client of the members' front doors, with one connection to each that is asked.
#[derive(Debug)]
pub struct DoorClient {
    endpoint: Endpoint,
    doors: BTreeMap<MemberIndex, Slot>,
    connect: Duration,
    request: Duration,
}

#[derive(Debug)]
struct Slot {
    address: EndpointAddr,
    /// The latest dial, and so the connection. Held for no longer than it takes to look at it.
    dial: Mutex<Option<Dial>>,
}

/// A dial on a task of its own. A request that is not polled for a while must not hold up those
/// that wait for the same connection; one of them may be what it is not polled for.
#[derive(Debug, Clone)]
struct Dial {
    ended: watch::Receiver<Option<Ended>>,
    /// Ended with the last who is interested.
    _task: Arc<AbortOnDropHandle<()>>,
}

/// What came of a dial, and when.
#[derive(Debug, Clone)]
struct Ended {
    at: Instant,
    connection: Result<Connection, Cause>,
}

/// A request on its way.
struct Call {
    connection: Connection,
    receive: RecvStream,
    /// Kept: dropping it would finish the stream with what was written.
    _send: SendStream,
}

impl DoorClient {
    /// A client with this key, or with one of its own, for these doors.
    ///
    /// # Errors
    /// [`DoorError::Bind`].
    pub async fn new(
        secret: Option<Zeroizing<[u8; 32]>>,
        doors: Vec<DoorAddress>,
    ) -> Result<Self, DoorError> {
        install_crypto_provider();
        let failed = |reason: Cause| DoorError::Bind { reason };
        let mut builder = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .transport_config(transport());
        if let Some(secret) = secret {
            builder = builder.secret_key(SecretKey::from_bytes(&secret));
        }
        if doors
            .iter()
            .flat_map(|door| &door.addresses)
            .all(|address| address.ip().is_loopback())
        {
            let bind = BindAddresses::default();
            builder = bind
                .apply(builder)
                .map_err(|error| failed(Cause::of(error)))?;
        }
        let endpoint = Box::pin(builder.bind())
            .await
            .map_err(|error| failed(Cause::of(error)))?;
        let doors = doors
            .into_iter()
            .filter_map(|door| Some((door.member, Slot::new(&door)?)));
        Ok(Self {
            endpoint,
            doors: doors.collect(),
            connect: Duration::from_secs(3),
            request: Duration::from_secs(10),
        })
    }

    /// The same client, with other timeouts: for the connection, and for a request altogether.
    #[must_use]
    pub const fn with_timeouts(mut self, connect: Duration, request: Duration) -> Self {
        self.connect = connect;
        self.request = request;
        self
    }

    /// The client's key.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.endpoint.id().into()
    }

    /// The members whose doors are known.
    pub fn members(&self) -> impl Iterator<Item = MemberIndex> + '_ {
        self.doors.keys().copied()
    }

    /// Asks a member, and takes one frame for the answer.
    ///
    /// A connection that has broken since it was last used is opened again, and the request sent
    /// again: requests must bear that.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn request(&self, member: MemberIndex, request: Bytes) -> Result<Bytes, DoorError> {
        let began = Instant::now();
        let ask = async {
            match self.ask(member, request.clone()).await {
                // Once: a member that was restarted has lost the connection and not the will. All
                // requests may come twice, submissions too, since an envelope is known by its id.
                Err(DoorError::Disconnected { .. }) => self.ask(member, request).await,
                answer => answer,
            }
        };
        let answer = match timeout(self.request, ask).await {
            Ok(answer) => answer,
            Err(_) => {
                self.forget(member, began);
                Err(DoorError::TimedOut { member })
            }
        };
        let took = began.elapsed();
        match &answer {
            Ok(bytes) => tracing::debug!("{member} answers with {} bytes in {took:?}", bytes.len()),
            Err(error) => tracing::debug!("{error}, after {took:?}"),
        }
        answer
    }

    /// Asks a member for an answer of many frames.
    ///
    /// # Errors
    /// [`DoorError`]. A refusal may show only in the first [`Subscription::next`].
    pub async fn subscribe(
        &self,
        member: MemberIndex,
        request: Bytes,
    ) -> Result<Subscription, DoorError> {
        let began = Instant::now();
        let open = async {
            match self.open(member, request.clone()).await {
                Err(DoorError::Disconnected { .. }) => self.open(member, request).await,
                call => call,
            }
        };
        let call = timeout(self.request, open).await.map_err(|_| {
            self.forget(member, began);
            DoorError::TimedOut { member }
        })??;
        Ok(Subscription {
            call,
            member,
            ended: false,
        })
    }

    /// Closes all connections, for good: what is asked afterwards fails.
    pub async fn close(&self) {
        // Members that do not hear it find out by themselves.
        let _ = timeout(FAREWELL, self.endpoint.close()).await;
    }

    async fn ask(&self, member: MemberIndex, request: Bytes) -> Result<Bytes, DoorError> {
        let mut call = self.open(member, request).await?;
        next(&mut call, member)
            .await?
            .ok_or_else(|| disconnected(member, "no answer".into()))
    }

    async fn open(&self, member: MemberIndex, request: Bytes) -> Result<Call, DoorError> {
        let (size, limit) = (request.len(), u32::MAX as usize);
        if size > limit {
            return Err(DoorError::TooLarge { size, limit });
        }
        let connection = self.connection(member).await?;
        let opened = connection.open_bi().await;
        let (mut send, receive) = opened.map_err(|error| lost(member, &error))?;
        match frame::write(&mut send, request).await {
            Ok(()) => {}
            // The member does not read on: its reason comes as the answer's error.
            Err(WriteError::Stopped(_)) => {}
            Err(WriteError::ConnectionLost(error)) => return Err(lost(member, &error)),
            Err(error) => return Err(disconnected(member, Cause::of(error))),
        }
        // An error says that the member has stopped reading.
        let _ = send.finish();
        Ok(Call {
            connection,
            receive,
            _send: send,
        })
    }

    /// The connection to a member: the one there is, or a new one.
    async fn connection(&self, member: MemberIndex) -> Result<Connection, DoorError> {
        let slot = self
            .doors
            .get(&member)
            .ok_or(DoorError::UnknownMember { member })?;
        let dialled = slot.dial(&self.endpoint, self.connect).connection().await;
        dialled.map_err(|reason| DoorError::Unreachable { member, reason })
    }

    /// Gives up a connection on which a request that began then got no answer. One that is newer
    /// has had less than a request's time; a dial under way has a limit of its own.
    fn forget(&self, member: MemberIndex, began: Instant) {
        let Some(slot) = self.doors.get(&member) else {
            return;
        };
        let mut latest = slot.latest();
        // Not whatever is there now: of ten requests that time out together, the first makes room
        // for a new connection, and the other nine must not each close it again.
        if latest.as_ref().is_some_and(|dial| dial.connected_by(began)) {
            *latest = None;
        }
    }
}

impl Slot {
    /// None for bytes that are no key: nobody can be behind that door.
    fn new(door: &DoorAddress) -> Option<Self> {
        let addresses = door.addresses.iter().copied().map(TransportAddr::Ip);
        let address = EndpointAddr::new(door.peer.endpoint_id()?).with_addrs(addresses);
        Some(Self {
            address,
            dial: Mutex::new(None),
        })
    }

    fn latest(&self) -> std::sync::MutexGuard<'_, Option<Dial>> {
        self.dial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The latest dial if it can still be of use, or a new one.
    fn dial(&self, endpoint: &Endpoint, limit: Duration) -> Dial {
        // Looked at and replaced under one lock, so that requests that come together share one
        // dial.
        let mut latest = self.latest();
        let useful = latest.take().filter(Dial::is_useful);
        let dial =
            useful.unwrap_or_else(|| Dial::begin(endpoint.clone(), self.address.clone(), limit));
        latest.insert(dial).clone()
    }
}

impl Dial {
    fn begin(endpoint: Endpoint, address: EndpointAddr, limit: Duration) -> Self {
        let (tell, ended) = watch::channel(None);
        let task = tokio::spawn(async move {
            let connection = match timeout(limit, endpoint.connect(address, ALPN)).await {
                Ok(dialled) => dialled.map_err(Cause::of),
                Err(_) => Err(Cause::from(format!("no answer within {limit:?}"))),
            };
            let at = Instant::now();
            tell.send_replace(Some(Ended { at, connection }));
        });
        let task = Arc::new(AbortOnDropHandle::new(task));
        Self { ended, _task: task }
    }

    /// Whether it is under way, connected, or failed only just now.
    fn is_useful(&self) -> bool {
        match &*self.ended.borrow() {
            Some(ended) => match &ended.connection {
                Ok(connection) => connection.close_reason().is_none(),
                Err(_) => ended.at.elapsed() < FAILED,
            },
            None => self.ended.has_changed().is_ok(),
        }
    }

    /// Whether there was a connection by `then`.
    fn connected_by(&self, then: Instant) -> bool {
        let ended = self.ended.borrow();
        ended
            .as_ref()
            .is_some_and(|ended| ended.connection.is_ok() && ended.at <= then)
    }

    async fn connection(mut self) -> Result<Connection, Cause> {
        match self.ended.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(ended)) => ended.connection.clone(),
            _ => Err("the dial was given up".into()),
        }
    }
}

fn transport() -> QuicTransportConfig {
    QuicTransportConfig::builder()
        .keep_alive_interval(KEEP_ALIVE)
        .max_idle_timeout(IdleTimeout::try_from(QUIET).ok())
        .build()
}

/// An answer of many frames.
pub struct Subscription {
    call: Call,
    member: MemberIndex,
    ended: bool,
}

impl Subscription {
    /// The next frame; `None` once the member has ended the answer. Nothing follows an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, DoorError>> {
        if self.ended {
            return None;
        }
        let frame = next(&mut self.call, self.member).await;
        self.ended = !matches!(frame, Ok(Some(_)));
        frame.transpose()
    }

    /// The member that answers.
    #[must_use]
    pub const fn member(&self) -> MemberIndex {
        self.member
    }
}

impl core::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subscription")
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}

async fn next(call: &mut Call, member: MemberIndex) -> Result<Option<Bytes>, DoorError> {
    let limit = MAX_RESPONSE;
    frame::read(&mut call.receive, limit)
        .await
        .map_err(|error| match error {
            FrameError::TooLarge(size) => DoorError::TooLarge { size, limit },
            FrameError::Truncated => disconnected(member, "the answer is cut short".into()),
            FrameError::Read(ReadError::Reset(code)) => DoorError::Refused {
                member,
                refusal: DoorRefusal::from_code(code),
            },
            FrameError::Read(ReadError::ConnectionLost(error)) => lost(member, &error),
            FrameError::Read(error) => match call.connection.close_reason() {
                Some(reason) => lost(member, &reason),
                None => disconnected(member, Cause::of(error)),
            },
        })
}

fn disconnected(member: MemberIndex, reason: Cause) -> DoorError {
    DoorError::Disconnected { member, reason }
}

/// A connection that ended: refused by the member, or broken.
fn lost(member: MemberIndex, error: &ConnectionError) -> DoorError {
    match error {
        // An idle connection is closed between two requests of an honest client: it dials again.
        // Any other code is the member's answer, and dialling again would be asking on.
        ConnectionError::ApplicationClosed(close) => match DoorRefusal::from_code(close.error_code)
        {
            DoorRefusal::Idle => disconnected(member, "it was idle".into()),
            refusal => DoorError::Refused { member, refusal },
        },
        other => disconnected(member, Cause::of(other.clone())),
    }
}
