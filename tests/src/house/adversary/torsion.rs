//! Adds a point of order eleven to its shares.
//!
//! It attacks the check of shares (docs/protocol.md 3.3): a pairing is blind to torsion, so whoever
//! does not look at the subgroup takes them, opens to noise, and blames the submitter.

use sealbid_crypto::group::{CurvePoint, G1Sum};
use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Spoils every share of every opening.
pub struct Torsion;

fn spoilt(share: &FixedBytes<96>) -> FixedBytes<96> {
    let point = CurvePoint::decode(&share.0).unwrap();
    let mut sum = G1Sum::from(&point);
    sum.add_point(&CurvePoint::of_order_eleven());
    FixedBytes(sum.to_point().unwrap().encode())
}

impl Adversary for Torsion {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let PeerMessage::Shares(signed) = message else {
            return vec![message.clone()];
        };
        if signed.body.shares.is_empty() {
            return vec![message.clone()];
        }
        let mut body = signed.body.clone();
        body.shares = body.shares.iter().map(spoilt).collect();
        kit.lie();
        vec![PeerMessage::Shares(Box::new(kit.sign(body)))]
    }
}
