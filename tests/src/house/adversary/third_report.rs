//! Signs three reports of one round: two for one member, the third for all others. It takes part
//! until its first prevote for a value, and sends nothing of the vote from then on.
//!
//! It attacks judging (docs/protocol.md 4.2). Two reports of one member show that it lies, and
//! more need not be kept. But others may be locked on a close that names the third: whoever
//! refused it could never judge that close, and with the liar silent it would be missed.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::{Message, Subject};
use sealbid_types::id::{MemberIndex, Round, View};

use super::{Adversary, Kit};

/// Shows two reports to this member, and another to the others.
pub struct ThirdReport {
    to: MemberIndex,
    /// The round and view of its last prevote.
    last: Option<(Round, View, Subject)>,
}

impl ThirdReport {
    /// `to` sees the two that no proposal will name.
    #[must_use]
    pub const fn new(to: MemberIndex) -> Self {
        Self { to, last: None }
    }

    fn is_silent(&mut self, message: &PeerMessage) -> bool {
        let PeerMessage::Vote(vote) = message else {
            return self.last.is_some()
                && matches!(
                    message,
                    // With these the others could do without the member that is cheated.
                    PeerMessage::Certified(_)
                        | PeerMessage::Shares(_)
                        | PeerMessage::SignatureShare(_)
                );
        };
        let at = (vote.round(), vote.view(), vote.subject());
        match &**vote {
            Message::Prevote(prevote) if prevote.body.value.is_some() && self.last.is_none() => {
                self.last = Some(at);
                false
            }
            Message::Precommit(_) => true,
            _ => self.last.is_some_and(|last| last != at),
        }
    }
}

impl Adversary for ThirdReport {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        to: MemberIndex,
    ) -> Vec<PeerMessage> {
        if self.is_silent(message) {
            return Vec::new();
        }
        match kit.own_report(message) {
            Some(report) if to == self.to && report.body.intents.len() > 1 => vec![
                kit.altered(report, |body| _ = body.intents.pop()),
                kit.altered(report, |body| body.intents.clear()),
            ],
            _ => vec![message.clone()],
        }
    }
}
