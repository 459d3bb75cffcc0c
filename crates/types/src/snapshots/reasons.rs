//! One sample of every reason that a signed document can hold.

use super::{amount, id, pair};
use crate::allocation::{
    ActionFault, ActionText, Breach, NonceFault, PayloadFault, PayloadField, ScheduleFault,
    Unfilled, UnfilledReason, Unsupported, Void, VoidReason,
};
use crate::id::Round;
use crate::time::Timestamp;

pub(super) fn action_faults() -> Vec<ActionFault> {
    let (text, asset) = (ActionText::Memo, pair().give);
    vec![
        ActionFault::NoActions,
        ActionFault::ManyActions { count: 17 },
        ActionFault::NoTokens,
        ActionFault::Zero { asset },
        ActionFault::ZeroNear,
        ActionFault::ToOneself,
        ActionFault::Long { text, bytes: 257 },
        ActionFault::Control {
            text: ActionText::Message,
        },
        ActionFault::TooLarge,
        ActionFault::Overflow,
    ]
}

pub(super) fn schedule_faults() -> Vec<ScheduleFault> {
    vec![
        ScheduleFault::Pair,
        ScheduleFault::Tiers { count: 0 },
        ScheduleFault::Bound { tier: 1 },
        ScheduleFault::Rate { tier: 1 },
        ScheduleFault::Capacity,
        ScheduleFault::MinimumFill,
        ScheduleFault::TooLarge,
        ScheduleFault::Denominator,
    ]
}

pub(super) fn payload_faults() -> Vec<PayloadFault> {
    use PayloadField as Field;
    let fields = [
        Field::VerifyingContract,
        Field::Deadline,
        Field::Nonce,
        Field::Intents,
        Field::Intent,
        Field::Diff,
        Field::Referral,
        Field::Memo,
        Field::ReceiverId,
        Field::Tokens,
        Field::Token,
        Field::Amount,
        Field::Msg,
        Field::MinGas,
        Field::Notification,
        Field::StateInit,
        Field::StorageDeposit,
    ];
    let field = Field::SignerId;
    let faults = [
        PayloadFault::NotJson,
        PayloadFault::Missing { field },
        PayloadFault::Malformed { field },
        PayloadFault::Unsupported { field },
    ];
    let differing = fields.map(|field| PayloadFault::Differs { field });
    faults.into_iter().chain(differing).collect()
}

pub(super) fn void_reasons() -> Vec<VoidReason> {
    let plain = vec![
        VoidReason::SharedU { with: id(1) },
        VoidReason::Commitment,
        VoidReason::Cipher,
        VoidReason::Padding,
        VoidReason::Undecodable,
        VoidReason::NotOpened,
        VoidReason::Expired {
            deadline: Timestamp(1),
        },
        VoidReason::Nonce(NonceFault::Version { version: 1 }),
        VoidReason::Nonce(NonceFault::Deadline {
            nonce: Timestamp(1),
            deadline: Timestamp(2),
        }),
        VoidReason::Unsupported(Unsupported::NamedAccount),
        VoidReason::Unsupported(Unsupported::SwapAndMore),
        VoidReason::Unsupported(Unsupported::SwapShape),
        VoidReason::Unsupported(Unsupported::Flow),
        VoidReason::DuplicateNonce { by: id(1) },
        VoidReason::UsedNonce { round: Round(1) },
        VoidReason::Account,
        VoidReason::WrongRound,
        VoidReason::Signature,
    ];
    let actions = action_faults().into_iter().map(VoidReason::Action);
    let schedules = schedule_faults().into_iter().map(VoidReason::Schedule);
    let payloads = payload_faults().into_iter().map(VoidReason::Payload);
    let faults = actions.chain(schedules).chain(payloads);
    plain.into_iter().chain(faults).collect()
}

pub(super) fn alarms() -> Vec<Breach> {
    let (intent, quote) = (id(4), id(6));
    vec![
        Breach::Accounted { intent, times: 2 },
        Breach::NoIntent { intent },
        Breach::NoQuote { intent, quote },
        Breach::Sum {
            intent,
            asset: pair().give,
        },
        Breach::Signed {
            intent,
            account: "alice.near".parse().unwrap(),
        },
        Breach::Outflow { intent },
        Breach::Capacity { quote },
        Breach::Nonce { intent },
    ]
}

pub(super) fn void() -> Vec<Void> {
    void_reasons()
        .into_iter()
        .map(|reason| Void {
            envelope: id(6),
            reason,
        })
        .collect()
}

pub(super) fn unfilled() -> Vec<Unfilled> {
    let reasons = [
        UnfilledReason::NoQuote,
        UnfilledReason::Limit {
            best: amount(1),
            limit: amount(2),
        },
        UnfilledReason::Capacity,
        UnfilledReason::AllowList,
        UnfilledReason::Withdrawn,
    ];
    reasons
        .into_iter()
        .map(|reason| Unfilled {
            intent: id(5),
            reason,
        })
        .collect()
}
