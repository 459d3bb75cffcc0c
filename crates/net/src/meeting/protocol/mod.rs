//! What is said in a meeting.

use sealbid_types::bytes::{Blob, FixedBytes};
use sealbid_types::schema;
use serde::{Deserialize, Serialize};

use super::{MAX_MESSAGE, MAX_MESSAGES, PostRefusal};

/// A message's id.
pub(super) type Id = [u8; 32];

/// Bytes that a frame takes beside its message or its ids.
const OVERHEAD: usize = 64;
/// Bytes of messages in one answer. One message always fits.
pub(super) const BATCH: usize = 512 << 10;
/// Bytes of a request.
pub(super) const MAX_REQUEST: usize = MAX_MESSAGE + OVERHEAD;
/// Bytes of an answer.
pub(super) const MAX_RESPONSE: usize = BATCH + MAX_MESSAGES * 2 * (32 + 4) + OVERHEAD;
/// Bytes of a refusal's text.
const MAX_TEXT: usize = 512;

/// What a guest asks.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    /// Let our boards become equal.
    Sync {
        /// The ids of what the guest need not be sent.
        held: Vec<FixedBytes<32>>,
        /// How long it waits for news, in milliseconds.
        wait_ms: u32,
    },
    /// Take this message.
    Post(Blob),
}
schema!(Request, "sealbid.meeting-request", 1, MAX_REQUEST);

/// What the host answers.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Response {
    /// To a sync.
    News(News),
    /// To a post.
    Verdict(Verdict),
}
schema!(Response, "sealbid.meeting-response", 1, MAX_RESPONSE);

/// How two boards differ.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct News {
    /// Messages that the guest lacks, with their ids; maybe not all of them.
    pub(super) posts: Vec<(FixedBytes<32>, Blob)>,
    /// The ids of messages that the host lacks.
    pub(super) wanted: Vec<FixedBytes<32>>,
}

impl News {
    pub(super) const fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.wanted.is_empty()
    }
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Verdict {
    /// The host holds it.
    Held {
        /// It did not before.
        new: bool,
    },
    /// The host's board does not take it.
    Refused {
        /// See [`PostRefusal::code`].
        code: u16,
        /// See [`PostRefusal::text`].
        text: String,
    },
}

impl From<Result<bool, PostRefusal>> for Verdict {
    fn from(posted: Result<bool, PostRefusal>) -> Self {
        match posted {
            Ok(new) => Self::Held { new },
            Err(PostRefusal { code, text }) => Self::Refused {
                code,
                text: presentable(&text),
            },
        }
    }
}

impl From<Verdict> for Result<bool, PostRefusal> {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Held { new } => Ok(new),
            // The host may be anybody, and its text ends up on a terminal.
            Verdict::Refused { code, text } => Err(PostRefusal {
                code,
                text: presentable(&text),
            }),
        }
    }
}

/// The text within its bound, on one line, without what a terminal would obey.
fn presentable(text: &str) -> String {
    let mut short = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if short.len() + c.len_utf8() > MAX_TEXT {
            break;
        }
        short.push(c);
    }
    short
}

pub(super) fn fixed(ids: impl IntoIterator<Item = Id>) -> Vec<FixedBytes<32>> {
    ids.into_iter().map(FixedBytes).collect()
}

#[cfg(test)]
mod tests;
