//! Peers: who the transport says is at the other end.

use core::fmt;
use core::str::FromStr;

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;

/// A peer of either door: its ed25519 public key, which the transport authenticates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub [u8; 32]);

/// A text that is not 64 hex digits in lower case.
/// One spelling for a key: texts of it can be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a peer id is 64 hex digits in lower case")]
pub struct NotAPeerId;

impl PeerId {
    /// The peer that holds `secret`.
    #[must_use]
    pub fn of_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret).verifying_key().to_bytes())
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The transport's form of it, if the bytes are a key at all.
    pub(crate) fn endpoint_id(&self) -> Option<iroh::EndpointId> {
        iroh::EndpointId::from_bytes(&self.0).ok()
    }
}

impl From<iroh::EndpointId> for PeerId {
    fn from(id: iroh::EndpointId) -> Self {
        Self(*id.as_bytes())
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.to_string();
        write!(f, "PeerId({})", hex.get(..8).unwrap_or(&hex))
    }
}

impl FromStr for PeerId {
    type Err = NotAPeerId;

    fn from_str(text: &str) -> Result<Self, NotAPeerId> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotAPeerId)?;
        bytes.try_into().map(Self).map_err(|_| NotAPeerId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let peer = PeerId::of_secret(&[3; 32]);
        assert_eq!(peer.to_string().parse(), Ok(peer));
        assert_eq!(
            peer.to_string().to_uppercase().parse::<PeerId>(),
            Err(NotAPeerId)
        );
        assert_eq!("00".parse::<PeerId>(), Err(NotAPeerId));
    }

    #[test]
    fn is_the_transport_s_own_id() {
        let secret = iroh::SecretKey::from_bytes(&[3; 32]);
        assert_eq!(PeerId::from(secret.public()), PeerId::of_secret(&[3; 32]));
    }
}
