//! Loses some of what it says on the way, as a bad link does; what it hears it goes by.
//!
//! That is no lie. It is for runs that lose one message and not another: chance would take long to
//! do so.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// What is lost: of a message, to whom, at which time in milliseconds.
type Lost = dyn Fn(&PeerMessage, MemberIndex, u64) -> bool;

/// Loses what this says.
pub struct Loses(Box<Lost>);

impl Loses {
    /// Loses what `lost` is true of.
    #[must_use]
    pub fn if_so(lost: impl Fn(&PeerMessage, MemberIndex, u64) -> bool + 'static) -> Self {
        Self(Box::new(lost))
    }
}

impl Adversary for Loses {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        to: MemberIndex,
    ) -> Vec<PeerMessage> {
        if (self.0)(message, to, kit.now) {
            kit.lie();
            Vec::new()
        } else {
            vec![message.clone()]
        }
    }
}
