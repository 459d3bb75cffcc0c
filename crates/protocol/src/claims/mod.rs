//! What others say: proven, or only said.

mod peers;

pub(crate) use self::peers::Peers;
