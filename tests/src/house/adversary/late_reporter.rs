//! Holds its report back until the others have long proposed without it: a last look.
//!
//! Whoever reports late may have seen what solvers sent until then (docs/protocol.md 4.2). Nobody
//! can be kept from that, but no round may wait for it either. This one is only late: it lists
//! what its engine did.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::{MemberIndex, Round};

use super::{Adversary, Kit};

/// Reports so many milliseconds after its engine did.
pub struct LateReporter {
    by: u64,
    /// The round of its newest report, and when its engine first sent it.
    signed: Option<(Round, u64)>,
}

impl LateReporter {
    /// By how many milliseconds.
    #[must_use]
    pub const fn new(by: u64) -> Self {
        Self { by, signed: None }
    }
}

impl Adversary for LateReporter {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let Some(report) = kit.own_report(message) else {
            return vec![message.clone()];
        };
        let round = report.body.round;
        if self.signed.is_none_or(|(of, _)| of != round) {
            self.signed = Some((round, kit.now));
        }
        if self.signed.is_some_and(|(_, at)| kit.now < at + self.by) {
            kit.lie();
            return Vec::new();
        }
        vec![message.clone()]
    }
}
