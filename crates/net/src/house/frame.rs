//! What travels on a stream: an item, or a sign of life.

use core::convert::Infallible;

use bytes::{BufMut, Bytes, BytesMut};
use mosaik::Datum;

/// Bytes of an item.
pub(super) const MAX_ITEM: usize = 1_000_000;

const ALIVE: u8 = 0;
const ITEM: u8 = 1;

/// One frame of a stream of ours.
///
/// `sent` counts the bytes of the items before it, as its sender has sent them; `seen` those that
/// the sender has seen in the other direction. With both, a sender knows how much is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// A sign of life.
    Alive {
        /// Bytes sent before it.
        sent: u64,
        /// Bytes seen of the receiver's.
        seen: u64,
    },
    /// An item.
    Item(Bytes),
}

/// Bytes that are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a frame")]
pub(super) struct NotAFrame;

impl Frame {
    /// A sign of life on a stream that has no other direction.
    pub(super) const ALIVE: Self = Self::Alive { sent: 0, seen: 0 };
}

impl Datum for Frame {
    type EncodeError = Infallible;
    type DecodeError = NotAFrame;

    fn encode(&self) -> Result<Bytes, Infallible> {
        let mut bytes = BytesMut::new();
        match self {
            Self::Alive { sent, seen } => {
                bytes.put_u8(ALIVE);
                bytes.put_u64_le(*sent);
                bytes.put_u64_le(*seen);
            }
            Self::Item(item) => {
                bytes.reserve(item.len() + 1);
                bytes.put_u8(ITEM);
                bytes.extend_from_slice(item);
            }
        }
        Ok(bytes.freeze())
    }

    fn decode(bytes: &[u8]) -> Result<Self, NotAFrame> {
        match bytes.split_first() {
            Some((&ALIVE, rest)) => {
                let (sent, rest) = rest.split_first_chunk().ok_or(NotAFrame)?;
                let seen = rest.try_into().map_err(|_| NotAFrame)?;
                Ok(Self::Alive {
                    sent: u64::from_le_bytes(*sent),
                    seen: u64::from_le_bytes(seen),
                })
            }
            Some((&ITEM, item)) if item.len() <= MAX_ITEM => {
                Ok(Self::Item(Bytes::copy_from_slice(item)))
            }
            _ => Err(NotAFrame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(sent: u64, seen: u64, item: Vec<u8>) {
            for frame in [Frame::Alive { sent, seen }, Frame::Item(item.into())] {
                let bytes = frame.encode().unwrap();
                prop_assert_eq!(Frame::decode(&bytes), Ok(frame));
            }
        }

        #[test]
        fn any_bytes_decode_to_what_encodes_to_them(bytes: Vec<u8>) {
            if let Ok(frame) = Frame::decode(&bytes) {
                prop_assert_eq!(frame.encode().unwrap(), bytes);
            }
        }
    }

    #[test]
    fn the_bytes_are_fixed() {
        let alive = Frame::Alive { sent: 1, seen: 2 }.encode().unwrap();
        assert_eq!(
            alive.as_ref(),
            [0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
        );
        let item = Frame::Item(Bytes::from_static(b"x")).encode().unwrap();
        assert_eq!(item.as_ref(), b"\x01x");
    }

    #[test]
    fn too_large_an_item_is_no_frame() {
        let bytes = vec![ITEM; MAX_ITEM + 2];
        assert_eq!(Frame::decode(&bytes), Err(NotAFrame));
        assert!(Frame::decode(&bytes[..=MAX_ITEM]).is_ok());
    }
}
