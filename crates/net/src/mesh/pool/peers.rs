//! The members' nodes of the pool, as the members themselves name them.
//!
//! A member's *card* is the signed entry of its node in mosaik's own encoding. It travels over the
//! members' authenticated connections and is fed to mosaik here. So the nodes find each other
//! without mosaik's gossip and without its catalogs, both of which drop what a clock that is off
//! has dated.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sealbid_types::id::MemberIndex;
use tokio::sync::watch;

/// The cards: this member's, and the others'.
#[derive(Debug, Clone, Default)]
pub(in crate::mesh) struct PoolPeers(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    own: watch::Sender<Option<Bytes>>,
    others: watch::Sender<BTreeMap<MemberIndex, Bytes>>,
}

impl PoolPeers {
    /// This member's card as it changes; none while it has no node.
    pub(in crate::mesh) fn own_card(&self) -> watch::Receiver<Option<Bytes>> {
        self.0.own.subscribe()
    }

    /// Keeps the card that a member has sent, in place of its last one.
    pub(in crate::mesh) fn set_card(&self, member: MemberIndex, card: Bytes) {
        self.0.others.send_if_modified(|cards| {
            let before = cards.insert(member, card.clone());
            before != Some(card)
        });
    }

    /// Shows the other members this card from now on.
    pub(super) fn show(&self, card: Option<Bytes>) {
        self.0.own.send_if_modified(|own| {
            let is_new = *own != card;
            *own = card;
            is_new
        });
    }

    /// The other members' cards as they change.
    pub(super) fn cards(&self) -> watch::Receiver<BTreeMap<MemberIndex, Bytes>> {
        self.0.others.subscribe()
    }
}
