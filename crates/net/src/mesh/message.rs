//! What members tell each other besides the protocol's own messages.
//!
//! Everything here is small and fixed: a frame that is longer than its kind allows is refused
//! before any of it is kept.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of one item: a member's message, an intent, a settlement.
pub(super) const MAX_ITEM: usize = 1_000_000;
/// Bytes of a frame: an item and its kind.
pub(super) const MAX_FRAME: usize = MAX_ITEM + 1;
/// Bytes of a card: a key, a signature, a group, and the addresses of a host with many.
pub(super) const MAX_CARD: usize = 8 << 10;

const HELLO: u8 = 0;
const ALIVE: u8 = 1;
const ITEM: u8 = 2;
const CARD: u8 = 3;

/// One frame from one member to another, or from a member to a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// The first one: a number that the sender's process has drawn at its start. Another number
    /// means another process, and that whatever was open to the one before is dead.
    Hello(u64),
    /// Nothing but a sign of life.
    Alive,
    /// An item.
    Item(Bytes),
    /// Where the sender's node of the pool is to be found from now on: bytes that only the pool
    /// reads.
    Card(Bytes),
}

/// Bytes that are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a frame")]
pub(super) struct NotAFrame;

impl Frame {
    /// Its bytes.
    pub(super) fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        match self {
            Self::Hello(process) => {
                bytes.put_u8(HELLO);
                bytes.put_u64_le(*process);
            }
            Self::Alive => bytes.put_u8(ALIVE),
            Self::Item(item) => {
                bytes.reserve(item.len().saturating_add(1));
                bytes.put_u8(ITEM);
                bytes.extend_from_slice(item);
            }
            Self::Card(card) => {
                bytes.reserve(card.len().saturating_add(1));
                bytes.put_u8(CARD);
                bytes.extend_from_slice(card);
            }
        }
        bytes.freeze()
    }

    /// The frame of these bytes, and of no others.
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, NotAFrame> {
        let (kind, body) = bytes.split_first().ok_or(NotAFrame)?;
        match *kind {
            HELLO => Ok(Self::Hello(u64::from_le_bytes(
                body.try_into().map_err(|_| NotAFrame)?,
            ))),
            ALIVE if body.is_empty() => Ok(Self::Alive),
            ITEM if body.len() <= MAX_ITEM => Ok(Self::Item(bytes.slice(1..))),
            CARD if body.len() <= MAX_CARD => Ok(Self::Card(bytes.slice(1..))),
            _ => Err(NotAFrame),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn there_and_back(process: u64, item: Vec<u8>) {
            let (item, card) = (Bytes::from(item.clone()), Bytes::from(item));
            let bodies = [Frame::Item(item), Frame::Card(card)];
            for frame in [Frame::Hello(process), Frame::Alive].into_iter().chain(bodies) {
                prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
            }
        }

        #[test]
        fn any_bytes_decode_to_what_encodes_to_them(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            if let Ok(frame) = Frame::decode(&bytes) {
                prop_assert_eq!(frame.encode(), bytes);
            }
        }
    }

    #[test]
    fn what_is_too_large_is_no_frame() {
        let item = Bytes::from(vec![ITEM; MAX_ITEM + 2]);
        assert_eq!(Frame::decode(&item), Err(NotAFrame));
        assert!(Frame::decode(&item.slice(..MAX_FRAME)).is_ok());
        let card = Bytes::from(vec![CARD; MAX_CARD + 2]);
        assert_eq!(Frame::decode(&card), Err(NotAFrame));
        assert!(Frame::decode(&card.slice(..=MAX_CARD)).is_ok());
    }
}
