//! The guest's connection to the host.

use core::time::Duration;
use std::error::Error;

use bytes::Bytes;
use iroh::endpoint::{
    Connection, ConnectionError, Endpoint, IdleTimeout, QuicTransportConfig, ReadError,
    TransportErrorCode, WriteError, presets,
};
use iroh::{EndpointAddr, RelayConfig, RelayMap, RelayMode, RelayUrl, SecretKey, TransportAddr};
use sealbid_types::bytes::{Blob, FixedBytes};
use sealbid_types::codec::{decode, encode};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::protocol::{MAX_RESPONSE, News, Request, Response};
use super::{ALPN, MeetingAddress, MeetingError, PostRefusal};
use crate::Cause;
use crate::bind::BindAddresses;
use crate::door::DoorRefusal;
use crate::frame::{self, FrameError};
use crate::install_crypto_provider;

/// How often the connection is kept alive.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// After how long without an answer to that, the host counts as gone.
const QUIET: Duration = Duration::from_secs(5);
/// How long a dial may take: through a relay, both sides must have reached it.
const DIAL: Duration = Duration::from_secs(10);
/// How long an answer may take beyond the wait that was asked for.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long a guest waits that has asked too often.
const TOO_OFTEN: Duration = Duration::from_secs(1);
/// How long a guest that leaves waits for its farewells to be heard.
const FAREWELL: Duration = Duration::from_millis(500);

/// The guest's endpoint, and where the host is.
#[derive(Debug)]
pub(super) struct Line {
    endpoint: Endpoint,
    host: EndpointAddr,
}

impl Line {
    pub(super) async fn new(
        address: &MeetingAddress,
        secret: Option<Zeroizing<[u8; 32]>>,
        bind: Option<BindAddresses>,
    ) -> Result<Self, MeetingError> {
        install_crypto_provider();
        let failed = |reason: Cause| MeetingError::Bind { reason };
        let id = address.peer.endpoint_id().ok_or(MeetingError::Key)?;
        let relay = relay_url(address)?;
        let mut builder = Endpoint::builder(presets::Minimal)
            .relay_mode(relay.clone().map_or(RelayMode::Disabled, through))
            .transport_config(transport());
        if let Some(secret) = secret {
            builder = builder.secret_key(SecretKey::from_bytes(&secret));
        }
        let local = is_local(address, relay.as_ref()).then(BindAddresses::default);
        if let Some(bind) = bind.or(local) {
            let bound = bind.apply(builder);
            builder = bound.map_err(|error| failed(Cause::of(error)))?;
        }
        let endpoint = Box::pin(builder.bind()).await;
        let addresses = address.addresses.iter().copied().map(TransportAddr::Ip);
        let addresses = addresses.chain(relay.map(TransportAddr::Relay));
        Ok(Self {
            endpoint: endpoint.map_err(|error| failed(Cause::of(error)))?,
            host: EndpointAddr::new(id).with_addrs(addresses),
        })
    }

    pub(super) fn peer(&self) -> crate::PeerId {
        self.endpoint.id().into()
    }

    pub(super) async fn dial(&self) -> Result<Connection, MeetingError> {
        let dial = self.endpoint.connect(self.host.clone(), ALPN);
        match timeout(DIAL, dial).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(undialled(error)),
            Err(_) => Err(MeetingError::Unreachable {
                reason: format!("no answer within {} s", DIAL.as_secs()).into(),
            }),
        }
    }

    pub(super) async fn close(&self) {
        // A host that does not hear it finds out by itself.
        let _ = timeout(FAREWELL, self.endpoint.close()).await;
    }
}

/// Asks the host for the messages that are not among `held`. If there are none, the host waits up
/// to `wait` for one before it answers.
pub(super) async fn ask_news(
    connection: &Connection,
    held: Vec<FixedBytes<32>>,
    wait: Duration,
) -> Result<News, MeetingError> {
    let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
    match ask(connection, &Request::Sync { held, wait_ms }, wait).await? {
        Response::News(news) => Ok(news),
        Response::Verdict(_) => Err(malformed("it is a verdict")),
    }
}

/// Posts a message.
pub(super) async fn ask_verdict(
    connection: &Connection,
    message: Vec<u8>,
) -> Result<Result<bool, PostRefusal>, MeetingError> {
    match ask(
        connection,
        &Request::Post(Blob::from(message)),
        Duration::ZERO,
    )
    .await?
    {
        Response::Verdict(verdict) => Ok(verdict.into()),
        Response::News(_) => Err(malformed("it is no verdict")),
    }
}

/// Asks the host, which may take `wait` for its answer; again, if it is asked too often.
async fn ask(
    connection: &Connection,
    request: &Request,
    wait: Duration,
) -> Result<Response, MeetingError> {
    let request = Bytes::from(encode(request));
    let waited = wait + PATIENCE;
    let answer = timeout(waited, async {
        loop {
            match exchange(connection, request.clone()).await {
                // Within the same patience: a host that says so for ever is given up.
                Err(MeetingError::Refused(DoorRefusal::RateLimited)) => sleep(TOO_OFTEN).await,
                answer => return answer,
            }
        }
    });
    let answer = answer.await;
    let answer = answer.map_err(|_| MeetingError::TimedOut { waited })??;
    decode(&answer).map_err(|error| malformed(&error.to_string()))
}

async fn exchange(connection: &Connection, request: Bytes) -> Result<Bytes, MeetingError> {
    let opened = connection.open_bi().await;
    let (mut send, mut receive) = opened.map_err(|error| lost(&error))?;
    match frame::write(&mut send, request).await {
        Ok(()) => {}
        // The host does not read on: its reason comes as the answer's error.
        Err(WriteError::Stopped(_)) => {}
        Err(WriteError::ConnectionLost(error)) => return Err(lost(&error)),
        Err(error) => return Err(disconnected(Cause::of(error))),
    }
    // An error says that the host has stopped reading.
    let _ = send.finish();
    match frame::read(&mut receive, MAX_RESPONSE).await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(malformed("it is empty")),
        Err(FrameError::TooLarge(size)) => Err(malformed(&format!("it has {size} bytes"))),
        Err(FrameError::Truncated) => Err(malformed("it is cut short")),
        Err(FrameError::Read(ReadError::Reset(code))) => {
            Err(MeetingError::Refused(DoorRefusal::from_code(code)))
        }
        Err(FrameError::Read(error)) => match connection.close_reason() {
            Some(reason) => Err(lost(&reason)),
            None => Err(disconnected(Cause::of(error))),
        },
    }
}

/// The relay mode for this URL, or for none; `None` if it is no URL.
pub(super) fn relay_mode(url: Option<&str>) -> Option<RelayMode> {
    match url {
        Some(url) => url.parse().ok().map(through),
        None => Some(RelayMode::Disabled),
    }
}

fn through(url: RelayUrl) -> RelayMode {
    // No QUIC address discovery: our relays do not offer it, and probing for it costs every start
    // three seconds.
    RelayMode::Custom(RelayMap::from_iter([RelayConfig::new(url, None)]))
}

fn relay_url(address: &MeetingAddress) -> Result<Option<RelayUrl>, MeetingError> {
    let parse = |url: &String| {
        let parsed = url.parse::<RelayUrl>();
        parsed.map_err(|_| MeetingError::RelayUrl { url: url.clone() })
    };
    address.relay.as_ref().map(parse).transpose()
}

/// Whether all that is dialled is on this machine.
/// The guest's own endpoint then is on loopback as well.
fn is_local(address: &MeetingAddress, relay: Option<&RelayUrl>) -> bool {
    let near = |url: &RelayUrl| matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    address.addresses.iter().all(|a| a.ip().is_loopback()) && relay.is_none_or(near)
}

fn transport() -> QuicTransportConfig {
    QuicTransportConfig::builder()
        .keep_alive_interval(KEEP_ALIVE)
        .max_idle_timeout(IdleTimeout::try_from(QUIET).ok())
        .build()
}

/// Why a dial failed: the host may have said so.
fn undialled(error: impl Error + Send + Sync + 'static) -> MeetingError {
    let mut next: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(cause) = next {
        if let Some(ConnectionError::ConnectionClosed(close)) = cause.downcast_ref()
            && close.error_code == TransportErrorCode::CONNECTION_REFUSED
        {
            return MeetingError::Refused(DoorRefusal::Busy);
        }
        next = cause.source();
    }
    MeetingError::Unreachable {
        reason: Cause::of(error),
    }
}

/// A connection that ended: refused by the host, or broken.
fn lost(error: &ConnectionError) -> MeetingError {
    match error {
        ConnectionError::ApplicationClosed(close) => match DoorRefusal::from_code(close.error_code)
        {
            DoorRefusal::Idle | DoorRefusal::Failed => disconnected("the host ended it".into()),
            refusal => MeetingError::Refused(refusal),
        },
        other => disconnected(Cause::of(other.clone())),
    }
}

fn disconnected(reason: Cause) -> MeetingError {
    MeetingError::Disconnected { reason }
}

fn malformed(reason: &str) -> MeetingError {
    MeetingError::Malformed {
        reason: reason.to_owned(),
    }
}
