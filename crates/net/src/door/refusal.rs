//! What a member refuses a request for, as the error code of a stream or connection.

use core::fmt;

use iroh::endpoint::VarInt;

/// Why a member did not answer a request: the error code of the stream, or of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DoorRefusal {
    /// Too many requests of this peer.
    RateLimited,
    /// The request announces more bytes than the member reads.
    TooLarge,
    /// The stream did not hold a request.
    Malformed,
    /// The request did not arrive in time, or the answer was not taken in time.
    TimedOut,
    /// Too many connections, in all or of this peer.
    Busy,
    /// The member could not answer.
    Failed,
    /// The member is stopping.
    ShuttingDown,
    /// Nothing was asked for a while.
    Idle,
    /// A code that this version does not know.
    Other(u32),
}

impl DoorRefusal {
    const KNOWN: [Self; 8] = [
        Self::RateLimited,
        Self::TooLarge,
        Self::Malformed,
        Self::TimedOut,
        Self::Busy,
        Self::Failed,
        Self::ShuttingDown,
        Self::Idle,
    ];

    const fn number(self) -> u32 {
        match self {
            Self::RateLimited => 1,
            Self::TooLarge => 2,
            Self::Malformed => 3,
            Self::TimedOut => 4,
            Self::Busy => 5,
            Self::Failed => 6,
            Self::ShuttingDown => 7,
            Self::Idle => 8,
            Self::Other(code) => code,
        }
    }

    pub(super) fn code(self) -> VarInt {
        VarInt::from_u32(self.number())
    }

    pub(crate) fn from_code(code: VarInt) -> Self {
        let number = u32::try_from(code.into_inner()).unwrap_or(u32::MAX);
        let known = Self::KNOWN
            .into_iter()
            .find(|refusal| refusal.number() == number);
        known.unwrap_or(Self::Other(number))
    }
}

impl fmt::Display for DoorRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited => f.write_str("too many requests"),
            Self::TooLarge => f.write_str("the request is too large"),
            Self::Malformed => f.write_str("the request is malformed"),
            Self::TimedOut => f.write_str("it took too long"),
            Self::Busy => f.write_str("too many connections"),
            Self::Failed => f.write_str("the member could not answer"),
            Self::ShuttingDown => f.write_str("the member is stopping"),
            Self::Idle => f.write_str("nothing was asked for a while"),
            Self::Other(code) => write!(f, "unknown reason {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_back() {
        for refusal in DoorRefusal::KNOWN
            .into_iter()
            .chain([DoorRefusal::Other(77)])
        {
            assert_eq!(DoorRefusal::from_code(refusal.code()), refusal);
        }
    }
}
