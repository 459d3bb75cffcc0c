//! What is said of an envelope that was sent and not acknowledged: it may be out all the same.

use sealbid_client::{ClientError, ErrorClass, Outcome};
use sealbid_types::door::RefusalCode;
use sealbid_types::id::EnvelopeId;

use crate::exit::Failure;
use crate::orders::files::OrderFile;
use crate::orders::session::TradingSession;

impl TradingSession {
    /// Tells a refusal from a missing answer. Where none came a member may hold the envelope, and a
    /// second order could trade beside the first.
    pub(super) async fn not_sent(&self, order: &OrderFile, error: ClientError) -> Failure {
        let failure = Failure::from(&error).of_order(order.id);
        if order.receipt.is_some() && !self.has_expired(order.id, &error).await {
            // Whatever became of this attempt: the promise of an earlier one holds.
            return failure.advise(format!(
                "its receipt holds: it is in the auction already\n  sealbid status {} --wait",
                order.id.short()
            ));
        }
        // One that refuses for a reason that passes speaks for itself alone, and one that lies for
        // nobody: others were asked as well.
        if error.is_retryable() || error.class() == ErrorClass::Dishonest {
            return failure.advise(format!(
                "a member may hold it nevertheless: send this very envelope again, not a new one\n  {}",
                self.sends(order.id)
            ));
        }
        if let ClientError::Refused { refusal, .. } = error {
            let refused = OrderFile {
                refused: Some(refusal.code),
                ..order.clone()
            };
            if let Err(unkept) = self.orders.write(&refused) {
                self.context.console().note(unkept.message());
            }
        }
        failure
    }

    /// Whether a quorum says that an envelope that comes too late has expired, so that no receipt
    /// holds any more.
    async fn has_expired(&self, id: EnvelopeId, error: &ClientError) -> bool {
        let is_late = matches!(
            error,
            ClientError::Refused { refusal, .. }
                if matches!(refusal.code, RefusalCode::RoundClosed | RefusalCode::Expired)
        );
        is_late && self.house.outcome(id).await == Ok(Outcome::Expired)
    }
}
