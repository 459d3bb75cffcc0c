//! What shows a pool that a round has closed.

use sealbid_crypto::{CloseCertificate, CommitteeKeys};
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::EnvelopeId;
use serde::{Deserialize, Serialize};

use super::command::{ClearedRound, MOST_CERTIFICATE_BYTES};

/// A certified close without its intents: they are what the round lists besides its quotes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shown {
    close: Close,
    certificate: CertificateBytes,
}
sealbid_types::schema!(Shown, "sealbid.cleared-round", 1, MOST_CERTIFICATE_BYTES);

impl ClearedRound {
    /// Of a certified close.
    #[must_use]
    pub fn of(mut close: Close, certificate: CertificateBytes) -> Self {
        let ids = close.intents.iter().chain(&close.quotes);
        let listed = ids.map(|id| *id.as_bytes()).collect();
        close.intents.clear();
        Self {
            round: close.round.0,
            certificate: encode(&Shown { close, certificate }),
            listed,
        }
    }

    /// Whether the committee of `keys` has certified a close of this round that lists exactly these
    /// ids. Takes two pairings, and a hash for each id.
    #[must_use]
    pub fn is_certified(&self, keys: &CommitteeKeys) -> bool {
        let Ok(shown) = decode::<Shown>(&self.certificate) else {
            return false;
        };
        let Shown {
            mut close,
            certificate,
        } = shown;
        if close.round.0 != self.round || !close.intents.is_empty() {
            return false;
        }
        let is_listed = |id: &EnvelopeId| self.listed.contains(id.as_bytes());
        if !close.quotes.iter().all(is_listed) {
            return false;
        }
        let ids = self.listed.iter().map(|id| EnvelopeId::from(*id));
        close.intents = ids
            .filter(|id| close.quotes.binary_search(id).is_err())
            .collect();
        CloseCertificate::verify(keys, close, &certificate).is_ok()
    }
}
