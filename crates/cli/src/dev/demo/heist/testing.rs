//! What the tests of the heist share: a house with all its keys, and orders sealed to it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use core::time::Duration;

use sealbid_client::{Account, CommitteeFile, Order, Reveal, Trader, Window};
use sealbid_keygen::{DealerOptions, MemberContact, MemberKey, deal};
use sealbid_near::signed::SignedIntent;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::Round;
use sealbid_types::time::Timestamp;

/// When the slots of a test's house begin.
pub(super) const START: Timestamp = Timestamp(1_800_000_000_000);

/// A committee file and the keys of all its members.
pub(super) struct TestHouse {
    pub(super) file: CommitteeFile,
    pub(super) members: Vec<Arc<MemberKey>>,
    trader: Trader,
}

impl TestHouse {
    pub(super) fn of(members: u16) -> Self {
        let contact = |member: u16| {
            let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
            MemberContact::at(host, 17_000 + 10 * member).unwrap()
        };
        let options = DealerOptions::new((0..members).map(contact).collect());
        let dealt = deal(&options, &[7; 32], START).unwrap();
        let account = Account::new(ed25519_dalek::SigningKey::from_bytes(&[9; 32]));
        Self {
            file: CommitteeFile::new(dealt.committee).unwrap(),
            members: dealt.member_keys.into_iter().map(Arc::new).collect(),
            trader: Trader::new(account),
        }
    }

    /// Signs and seals an order for the first rounds.
    pub(super) fn seal(&self, order: &Order) -> (SignedIntent, Envelope) {
        let expires = START.plus(Duration::from_secs(600));
        let window = Window {
            first: Round(1),
            last: Round(4),
            expires,
        };
        let signed = self.trader.sign(&self.file, order, expires, None).unwrap();
        let sealed = self.trader.seal(&self.file, &signed, Reveal::Pair, window);
        (signed, sealed.unwrap())
    }
}

/// A swap.
pub(super) fn order() -> Order {
    Order::Swap {
        give: "nep141:usdc.test".parse().unwrap(),
        amount: "1000000000".parse().unwrap(),
        want: "nep141:wrap.near".parse().unwrap(),
        minimum: "950000000000000000000000000".parse().unwrap(),
    }
}
