//! Cheap keys: who signs what is hashed. Unforgeable by agreement.
//!
//! A signature is a hash of signer, purpose and digest. Whoever hashes can sign for anybody, and
//! no adversary here does. The real combination takes the first q shares that it can read, and
//! looks at each only if those fail (docs/protocol.md 4.2); this one always looks at each. So a
//! wrong share is found here whenever it is among those that are combined.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbid_protocol::vote::{Combination, IdentityKeys, Signers, ThresholdSigner};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;
use sealbid_types::keys::Signature;
use sealbid_types::statement::Statement;

/// Who signs when the committee does.
/// No member has this index: a committee has 16 at most.
const COMMITTEE: u8 = u8::MAX;

/// The keys of one member.
struct HashKeys {
    member: MemberIndex,
    quorum: usize,
}

/// The keys of `member` in a committee with this quorum.
#[must_use]
pub fn signers(member: MemberIndex, quorum: u8) -> Signers {
    let keys = Arc::new(HashKeys {
        member,
        quorum: quorum.into(),
    });
    Signers {
        identity: keys.clone(),
        threshold: keys,
    }
}

/// By `purpose`, 0 for an identity and 1 for a share, none of the two passes for the other.
fn mac<const N: usize>(who: u8, purpose: u8, what: &[u8; 32]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&[who, purpose])
        .update(what)
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

fn share(who: u8, digest: &[u8; 32]) -> FixedBytes<96> {
    FixedBytes(mac(who, 1, digest))
}

impl IdentityKeys for HashKeys {
    fn sign(&self, digest: &[u8; 32]) -> Signature {
        Signature(FixedBytes(mac(self.member.0, 0, digest)))
    }

    fn verify(&self, member: MemberIndex, digest: &[u8; 32], signature: &Signature) -> bool {
        signature.0.0 == mac(member.0, 0, digest)
    }
}

impl ThresholdSigner for HashKeys {
    fn sign(&self, statement: &Statement) -> Option<FixedBytes<96>> {
        Some(share(self.member.0, &statement.digest()))
    }

    fn verify_share(
        &self,
        member: MemberIndex,
        statement: &Statement,
        given: &FixedBytes<96>,
    ) -> bool {
        *given == share(member.0, &statement.digest())
    }

    fn combine(
        &self,
        statement: &Statement,
        shares: &BTreeMap<MemberIndex, FixedBytes<96>>,
    ) -> Combination {
        let digest = statement.digest();
        let is_right =
            |(member, given): &(&MemberIndex, &FixedBytes<96>)| **given == share(member.0, &digest);
        let liars = shares
            .iter()
            .filter(|entry| !is_right(entry))
            .map(|(member, _)| *member);
        let right = shares.iter().filter(is_right).count();
        Combination {
            signature: (right >= self.quorum).then(|| share(COMMITTEE, &digest)),
            liars: liars.collect(),
        }
    }

    fn verify(&self, statement: &Statement, signature: &FixedBytes<96>) -> bool {
        *signature == share(COMMITTEE, &statement.digest())
    }
}
