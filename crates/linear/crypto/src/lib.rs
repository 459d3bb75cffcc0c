//! `sealbid-crypto` over a group in which everybody reads logarithms: for simulations, no security
//! at all.
//!
//! The modules are the product's own files, all but `group`: sealing, proofs, batches, shares,
//! Lagrange's coefficients and certificates run unchanged. An element is its logarithm modulo a prime
//! of 61 bits, and torsion. So a wrong index, a wrong subset or a forgotten check of the subgroup
//! shows as it would on the curve. What it cannot show is that logarithms are hard to find; no
//! adversary of a simulation looks for one.

#[path = "../../../crypto/src/admit/mod.rs"]
pub mod admit;
#[path = "../../../crypto/src/batch.rs"]
pub mod batch;
#[path = "../../../crypto/src/certificate.rs"]
pub mod certificate;
#[path = "../../../crypto/src/content.rs"]
mod content;
#[path = "../../../crypto/src/domain.rs"]
pub mod domain;
pub mod group;
#[path = "../../../crypto/src/keys/mod.rs"]
pub mod keys;
#[path = "../../../crypto/src/lagrange.rs"]
mod lagrange;
#[path = "../../../crypto/src/open/mod.rs"]
pub mod open;
#[path = "../../../crypto/src/padding.rs"]
pub mod padding;
#[path = "../../../crypto/src/prepare.rs"]
pub mod prepare;
#[path = "../../../crypto/src/proof.rs"]
mod proof;
#[path = "../../../crypto/src/seal/mod.rs"]
pub mod seal;
#[path = "../../../crypto/src/share/mod.rs"]
pub mod share;
#[path = "../../../crypto/src/signature/mod.rs"]
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
