//! The front door: requests and answers over an iroh endpoint that anyone may dial.
//!
//! A request is one frame on a bidirectional stream of its own; its answer is one frame, or, for a
//! subscription, as many as there are until either side ends the stream. A frame is its length
//! (u32, little endian) and so many bytes. Lengths are bounded before anything is read, requests
//! are limited by peer, and every wait has an end. What is refused is refused with a
//! [`DoorRefusal`], carried as the stream's error code.

mod client;
mod error;
mod refusal;
mod reply;
mod room;
mod server;

pub use client::{DoorAddress, DoorClient, Subscription};
pub use error::DoorError;
pub use refusal::DoorRefusal;
pub use reply::{Reply, ReplyError};
pub use room::Taken;
pub(crate) use server::transport;
pub use server::{Door, DoorBindError, DoorConfig, DoorLimits, Handler};

/// The protocol's name in the TLS handshake.
pub const ALPN: &[u8] = b"sealbid/1";
/// Bytes of a request, by default.
pub const MAX_REQUEST: usize = 64 << 10;
/// Bytes of one frame of an answer, by default: a full round's record has room.
pub const MAX_RESPONSE: usize = 64 << 20;
