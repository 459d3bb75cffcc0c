//! Every string that separates one use of a hash from another. None is used twice, none is ever
//! changed: a change is another protocol version.
//!
//! Hashes are BLAKE3 in derive-key mode under these contexts, over inputs of fixed length.

/// A participant's session encryption key: over its session secret and the ceremony id.
pub(crate) const ENCRYPTION_KEY: &str = "sealbid/1 2026-11 ceremony encryption key";
/// The entropy of a dealer's polynomial: over its session secret and the session id.
pub(crate) const POLYNOMIAL: &str = "sealbid/1 2026-11 ceremony polynomial";
/// The coefficients, over that.
pub(crate) const COEFFICIENTS: &str = "sealbid/1 2026-11 ceremony coefficients";
/// A dealer's ephemeral key.
pub(crate) const EPHEMERAL_KEY: &str = "sealbid/1 2026-11 ceremony ephemeral key";
/// A dealer's contribution to the secret that the members share to form their group.
pub(crate) const CONTRIBUTION: &str = "sealbid/1 2026-11 ceremony group contribution";
/// What a dealer publishes of its contribution.
pub(crate) const CONTRIBUTION_DIGEST: &str = "sealbid/1 2026-11 ceremony contribution digest";
/// The secret that the members share to form their group: over all contributions.
pub(crate) const GROUP_SECRET: &str = "sealbid/1 2026-11 ceremony group secret";
/// The pad of one dealer's payload for one recipient.
pub(crate) const PAD: &str = "sealbid/1 2026-11 ceremony pad";
/// The nonce of a proof of possession.
pub(crate) const POSSESSION_NONCE: &str = "sealbid/1 2026-11 ceremony possession nonce";
/// The challenge of a proof of possession.
pub(crate) const POSSESSION: &str = "sealbid/1 2026-11 ceremony proof of possession";
/// The nonce of a proof of knowledge of an ephemeral secret.
pub(crate) const EPHEMERAL_NONCE: &str = "sealbid/1 2026-11 ceremony ephemeral nonce";
/// The challenge of a proof of knowledge of an ephemeral secret.
pub(crate) const EPHEMERAL: &str = "sealbid/1 2026-11 ceremony proof of an ephemeral secret";
/// The nonce of a proof of equal logarithms.
pub(crate) const EQUALITY_NONCE: &str = "sealbid/1 2026-11 ceremony equality nonce";
/// The challenge of a proof of equal logarithms.
pub(crate) const EQUALITY: &str = "sealbid/1 2026-11 ceremony proof of equal logarithms";
/// Coefficients that batch the comparison of commitments in both groups.
pub(crate) const BATCH_TWINS: &str = "sealbid/1 2026-11 ceremony batch of commitments";

/// What invitations are signed by.
pub(crate) const INVITATION: &str = "sealbid/1 2026-11 ceremony invitation";
/// What enrolments are signed by.
pub(crate) const ENROLMENT: &str = "sealbid/1 2026-11 ceremony enrolment";
/// What rosters are signed by.
pub(crate) const ROSTER: &str = "sealbid/1 2026-11 ceremony roster";
/// What commitments to dealings are signed by.
pub(crate) const COMMITMENT: &str = "sealbid/1 2026-11 ceremony commitment";
/// The digest of a dealing: what its dealer commits to, and what it signs.
pub(crate) const DEALING: &str = "sealbid/1 2026-11 ceremony dealing";
/// What confirmations are signed by, with the commitments that they rest on.
pub(crate) const CONFIRMED: &str = "sealbid/1 2026-11 ceremony confirmed";
/// What complaints are signed by.
pub(crate) const COMPLAINT: &str = "sealbid/1 2026-11 ceremony complaint";
/// Message ids.
pub(crate) const MESSAGE: &str = "sealbid/1 2026-11 ceremony message id";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::BTreeSet;

    /// The strings of a source file that begin as contexts do.
    fn contexts(source: &str) -> Vec<&str> {
        let quoted = source.split('"').skip(1).step_by(2);
        quoted
            .filter(|text| text.starts_with("sealbid/1 "))
            .collect()
    }

    /// Each is written out here, and none here, among the types or in the cryptography is another's.
    #[test]
    fn no_context_serves_twice() {
        let own = include_str!("context.rs")
            .split("#[cfg(test)]")
            .next()
            .unwrap();
        let constants = own.matches("pub(crate) const ").count();
        assert_eq!(contexts(own).len(), constants, "one is another's name");
        let others = [
            include_str!("../../types/src/id.rs"),
            include_str!("../../crypto/src/domain.rs"),
            include_str!("dealer.rs"),
        ];
        let all: Vec<&str> = others.into_iter().chain([own]).flat_map(contexts).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
