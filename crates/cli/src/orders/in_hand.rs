//! The order that a command has in hand, for when it is interrupted: Ctrl-C stops a command, and no
//! order. Whoever presses it reads how far the order has come, and how to ask for it.

use std::sync::{Arc, Mutex, PoisonError};

use sealbid_types::id::EnvelopeId;

use crate::exit::Failure;

/// How far the order in hand has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct InHand(Arc<Mutex<Option<(EnvelopeId, Stage)>>>);

/// How far an order has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is on disk, and nobody has it. The command sends it.
    Sealed(String),
    /// It is under way: a member may have it. The command sends the same envelope again.
    Sending(String),
    /// A quorum has acknowledged it.
    Acknowledged,
    /// What became of it is known, and final.
    Over,
}

impl InHand {
    /// The order `id` has come so far.
    pub(crate) fn set(&self, id: EnvelopeId, stage: Stage) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((id, stage));
    }

    /// How a command ends that was interrupted by now.
    pub(crate) fn interrupted(&self) -> Failure {
        match self.told() {
            Some((id, what, advice)) => Failure::interrupted()
                .because(what)
                .of_order(id)
                .advise(advice),
            None => Failure::interrupted(),
        }
    }

    /// A failure that names no order, and with the one in hand if there is one: whatever ended the
    /// command, its order may be out.
    pub(crate) fn named(&self, failure: Failure) -> Failure {
        match self.told() {
            Some((id, what, advice)) if !failure.has_order() => {
                let before = failure.advice().map(|before| format!("{before}\n  "));
                let before = before.unwrap_or_default();
                failure
                    .of_order(id)
                    .advise(format!("{before}{what}: {advice}"))
            }
            _ => failure,
        }
    }

    /// The order in hand, how far it has come, and what to do about it.
    fn told(&self) -> Option<(EnvelopeId, String, String)> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, stage) = held.as_ref()?;
        let short = id.short();
        let (what, advice) = match stage {
            Stage::Sealed(send) => (
                format!("order {short} is sealed, and was not sent"),
                format!("`{send}` sends it"),
            ),
            Stage::Sending(send) => (
                format!("order {short} was being sent: a member may have it"),
                format!(
                    "`{send}` sends this very envelope again, which does no harm, and tells what \
                     became of it; a new order would be a second trade"
                ),
            ),
            Stage::Acknowledged => (
                format!("order {short} stays in the auction: nothing cancels it"),
                format!("sealbid status {short} --wait"),
            ),
            Stage::Over => (
                format!("what became of order {short} is known"),
                format!("sealbid status {short}"),
            ),
        };
        Some((*id, what, advice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_command_names_its_order() {
        let in_hand = InHand::default();
        let none = in_hand.interrupted();
        assert_eq!(none.code(), 130);
        assert!(none.to_json()["order"].is_null());
        let (id, send) = ([7; 32].into(), "sealbid send X.envelope".to_owned());
        for stage in [
            Stage::Sealed(send.clone()),
            Stage::Sending(send),
            Stage::Acknowledged,
            Stage::Over,
        ] {
            in_hand.set(id, stage.clone());
            let told = in_hand.clone().interrupted();
            assert_eq!(told.code(), 130, "{stage:?}");
            assert_eq!(told.to_json()["order"], id.to_string());
            assert!(told.to_string().contains("sealbid "), "{told}");
        }
    }

    #[test]
    fn a_failure_names_the_order_in_hand_unless_it_names_one() {
        let in_hand = InHand::default();
        let full = || Failure::storage("no space left").advise("make room");
        assert_eq!(in_hand.named(full()), full());
        let (id, other) = (EnvelopeId::from([7; 32]), EnvelopeId::from([8; 32]));
        in_hand.set(id, Stage::Acknowledged);
        let named = in_hand.named(full());
        assert_eq!((named.code(), named.message()), (5, "no space left"));
        assert_eq!(named.to_json()["order"], id.to_string());
        let advice = named.to_json()["advice"].to_string();
        assert!(advice.contains("make room"), "{advice}");
        assert!(advice.contains(&format!("status {}", id.short())));
        let names = full().of_order(other);
        assert_eq!(in_hand.named(names.clone()), names);
    }
}
