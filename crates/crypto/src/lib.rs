//! Sealing to a threshold key, decryption shares, opening, and threshold signatures.
//!
//! | module | step | docs/protocol.md |
//! | --- | --- | --- |
//! | [`seal`](mod@seal) | a plaintext becomes a [`SealedPart`] | 3.1 |
//! | [`admit`] | its proof is checked, alone or in a batch: [`CheckedPart`] | 3.1 |
//! | [`prepare`](mod@prepare) | half of the check of its opening, before the close | 3.3 |
//! | [`share`] | a member exponentiates it and keeps the result: [`PendingShare`] | 3.3 |
//! | [`signature`] | members sign a [`Statement`], and only that | 3.2 |
//! | [`certificate`] | q signatures release shares: [`CloseCertificate`] and its like | 3.3 |
//! | [`open`](mod@open) | q shares open it: [`OpenedPart`] | 3.3 |
//!
//! Each arrow of that chain is a type: only a checked part can be shared, only a verified
//! certificate releases a share, and only what the certificate lists.
//!
//! Nothing here does I/O, reads a clock or draws randomness. Entropy is an argument. Secret scalars
//! are multiplied in constant time by `blst`, never by `threshold_crypto`, which supplies the key
//! set's type and encodings and is the reference that the tests compare with.
//!
//! [`SealedPart`]: sealbid_types::envelope::SealedPart
//! [`Statement`]: sealbid_types::statement::Statement

pub mod admit;
pub mod batch;
pub mod certificate;
mod content;
pub mod domain;
pub mod group;
pub mod keys;
mod lagrange;
pub mod open;
pub mod padding;
pub mod prepare;
mod proof;
pub mod seal;
pub mod share;
pub mod signature;

pub use admit::{CheckedEnvelope, CheckedPart, NotAdmitted, RefusalReason, check, check_batch};
pub use batch::BatchSecret;
pub use certificate::{AllocationCertificate, Authority, CertificateError, CloseCertificate};
pub use content::{Fault, Plaintext};
pub use keys::{CommitteeKeys, KeysError};
pub use lagrange::common_denominator;
pub use open::{MOST_NAMED, OpenError, Opened, OpenedPart, open, verify_openings};
pub use prepare::prepare;
pub use seal::{SealError, seal};
pub use share::{DecryptionShare, KeyShare, KeyShareError, NotAuthorised, PendingShare};
pub use signature::{CombineError, Combined, Signature, SignatureShare};

#[cfg(test)]
mod testing;
