//! Frames: a length (u32, little endian), then so many bytes.

use bytes::{Bytes, BytesMut};
use iroh::endpoint::{ReadError, ReadExactError, RecvStream, SendStream, WriteError};

/// Bytes read or written at a time, and reserved before any have come.
const STEP: usize = 64 << 10;

/// Why there is no frame.
#[derive(Debug)]
pub(crate) enum FrameError {
    /// It announces more than the limit.
    TooLarge(usize),
    /// The stream ended inside it.
    Truncated,
    /// The stream or its connection failed.
    Read(ReadError),
}

/// Reads one frame of at most `limit` bytes; `None` if the stream ends before one begins.
pub(crate) async fn read(
    stream: &mut RecvStream,
    limit: usize,
) -> Result<Option<Bytes>, FrameError> {
    let mut header = [0; 4];
    match stream.read_exact(&mut header).await {
        Ok(()) => {}
        Err(ReadExactError::FinishedEarly(0)) => return Ok(None),
        Err(ReadExactError::FinishedEarly(_)) => return Err(FrameError::Truncated),
        Err(ReadExactError::ReadError(error)) => return Err(FrameError::Read(error)),
    }
    let length = usize::try_from(u32::from_le_bytes(header)).unwrap_or(usize::MAX);
    // By what is announced, before anything of it is read.
    if length > limit {
        return Err(FrameError::TooLarge(length));
    }
    // Memory follows what has arrived, not what was announced.
    let mut body = BytesMut::with_capacity(length.min(STEP));
    while body.len() < length {
        let step = (length - body.len()).min(STEP);
        match stream.read_chunk(step).await.map_err(FrameError::Read)? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => return Err(FrameError::Truncated),
        }
    }
    Ok(Some(body.freeze()))
}

/// The header of a frame, or nothing if the length does not fit one.
pub(crate) fn header(body: &Bytes) -> Option<Bytes> {
    let length = u32::try_from(body.len()).ok()?;
    Some(Bytes::copy_from_slice(&length.to_le_bytes()))
}

/// The pieces of a frame in which it is written.
pub(crate) fn pieces(header: Bytes, mut body: Bytes) -> impl Iterator<Item = Bytes> {
    let rest = core::iter::from_fn(move || {
        (!body.is_empty()).then(|| body.split_to(body.len().min(STEP)))
    });
    core::iter::once(header).chain(rest)
}

/// Writes one frame. The length must fit a header.
pub(crate) async fn write(stream: &mut SendStream, body: Bytes) -> Result<(), WriteError> {
    let Some(header) = header(&body) else {
        return Ok(());
    };
    for piece in pieces(header, body) {
        stream.write_chunk(piece).await?;
    }
    Ok(())
}
