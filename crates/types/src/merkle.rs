//! Merkle roots over ordered lists, in the shape of RFC 9162, section 2.1, on BLAKE3: leaves, inner
//! nodes and the root, which names the number of leaves, each have a derive-key context of their own.

use crate::id::{MerkleRoot, context};

type Node = [u8; 32];

fn join(left: &Node, right: &Node) -> Node {
    let mut hasher = blake3::Hasher::new_derive_key(context::MERKLE_NODE);
    hasher.update(left);
    hasher.update(right);
    *hasher.finalize().as_bytes()
}

/// Joins neighbours; one left over rises as it is.
fn level_above(level: &[Node]) -> Vec<Node> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => join(left, right),
            rest => rest.first().copied().unwrap_or_default(),
        })
        .collect()
}

/// The root over `leaves` in their order.
pub fn root<I>(leaves: I) -> MerkleRoot
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut level: Vec<Node> = leaves
        .into_iter()
        .map(|leaf| blake3::derive_key(context::MERKLE_LEAF, leaf.as_ref()))
        .collect();
    let count = level.len() as u64;
    while level.len() > 1 {
        level = level_above(&level);
    }
    let mut hasher = blake3::Hasher::new_derive_key(context::MERKLE_ROOT);
    hasher.update(&count.to_le_bytes());
    for top in &level {
        hasher.update(top);
    }
    MerkleRoot::from(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn prefixes_of_one_list_have_different_roots() {
        let leaves: Vec<[u8; 1]> = (0..40).map(|i| [i]).collect();
        let roots: BTreeSet<_> = (0..=leaves.len()).map(|n| root(&leaves[..n])).collect();
        assert_eq!(roots.len(), leaves.len() + 1);
    }

    proptest! {
        #[test]
        fn order_and_content_matter(leaves in prop::collection::vec(any::<[u8; 4]>(), 2..40), at: prop::sample::Index, to: prop::sample::Index) {
            let (at, to) = (at.index(leaves.len()), to.index(leaves.len()));
            let mut other = leaves.clone();
            other.swap(at, to);
            prop_assert_eq!(root(&other) == root(&leaves), other == leaves);
        }
    }
}
