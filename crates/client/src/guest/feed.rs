//! What a guest reads: one member's word each, until a signature or a record bears it out.

use bytes::Bytes;
use sealbid_net::PeerId;
use sealbid_types::codec::decode;
use sealbid_types::door::PublicIntent;
use sealbid_types::keys::Signed;
use tokio::sync::mpsc;

use crate::committee::CommitteeFile;

/// Intents as members publish them. What nobody takes is dropped, the newest first.
#[derive(Debug)]
pub struct IntentFeed {
    committee: CommitteeFile,
    items: mpsc::Receiver<(PeerId, Bytes)>,
}

impl IntentFeed {
    pub(super) const fn new(
        committee: CommitteeFile,
        items: mpsc::Receiver<(PeerId, Bytes)>,
    ) -> Self {
        Self { committee, items }
    }

    /// The next intent that is news to the caller and that a member has signed; none when the
    /// session has ended. Every member sends every intent: `is_news` is asked first, so that no
    /// signature is checked in vain. May be dropped at any moment; nothing is lost by that.
    pub async fn next(&mut self, is_news: impl Fn(&PublicIntent) -> bool) -> Option<PublicIntent> {
        loop {
            let (peer, item) = self.items.recv().await?;
            let Ok(signed) = decode::<Signed<PublicIntent>>(&item) else {
                continue;
            };
            if !is_news(&signed.body) {
                continue;
            }
            if self.is_signed(&signed) {
                return Some(signed.body);
            }
            tracing::debug!("peer {peer} sent an intent that no member has signed");
        }
    }

    /// By the roster's identity key and not by who has sent it. And of this auction: a member's
    /// key may sign in another one too.
    fn is_signed(&self, signed: &Signed<PublicIntent>) -> bool {
        let committee = self.committee.committee();
        let member = committee.member(signed.member);
        signed.body.auction == committee.auction
            && member.is_some_and(|member| signed.verify(&member.identity).is_ok())
    }
}

/// Word of settlements: a reason to look, and no more. A record that is fetched and verified says
/// what is settled.
#[derive(Debug)]
pub struct SettlementFeed(mpsc::Receiver<(PeerId, Bytes)>);

impl SettlementFeed {
    pub(super) const fn new(items: mpsc::Receiver<(PeerId, Bytes)>) -> Self {
        Self(items)
    }

    /// Waits until some member says that something is settled. False when the session has ended.
    pub async fn changed(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use sealbid_types::codec::encode;
    use sealbid_types::id::{AuctionId, MemberIndex};

    use super::*;
    use crate::testing::{ROUND, TestHouse, envelope};

    /// What a lying member, or a stranger's item, brings to a reader: nothing.
    #[tokio::test]
    async fn only_what_a_member_has_signed_for_this_auction_is_read() {
        let house = TestHouse::new(3);
        let sealed = envelope(&house, 1);
        let good = PublicIntent::new(sealed.id(), &sealed.header, ROUND);
        let elsewhere = PublicIntent {
            auction: AuctionId::from([9; 32]),
            ..good.clone()
        };
        let sign = |body: &PublicIntent, as_member: u8, by: usize| {
            Signed::new(body.clone(), MemberIndex(as_member), &house.identities[by])
        };
        let (sender, items) = mpsc::channel(8);
        let mut feed = IntentFeed::new(house.as_ref().clone(), items);
        for item in [
            Bytes::from_static(b"no intent"),
            encode(&sign(&good, 0, 1)).into(),
            encode(&sign(&good, 9, 1)).into(),
            encode(&sign(&elsewhere, 1, 1)).into(),
            encode(&sign(&good, 2, 2)).into(),
            encode(&sign(&good, 1, 1)).into(),
        ] {
            sender.send((PeerId([0; 32]), item)).await.unwrap();
        }
        drop(sender);
        assert_eq!(feed.next(|_| true).await, Some(good));
        assert_eq!(feed.next(|_| false).await, None, "it is known by now");
    }
}
