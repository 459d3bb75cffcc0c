//! The Verifier's rules for actions, and limits of our own on their texts.

use sealbid_types::allocation::VoidReason;
use sealbid_types::terms::{Action, FtWithdraw, Terms, TokenDiff, Transfer};
use sealbid_types::text::{AccountId, AssetId};

use crate::nonce;

/// The contract whose token a withdrawal of NEAR debits.
pub const WRAPPED_NEAR: &str = "wrap.near";

/// The most actions of one intent.
pub const MOST_ACTIONS: usize = 16;

/// The most bytes of a memo.
pub const MEMO_BYTES: usize = 256;

/// The most bytes of a withdrawal's message.
pub const MESSAGE_BYTES: usize = 1024;

/// Why an action is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// There is no action.
    #[error("there is none")]
    NoActions,
    /// There are too many.
    #[error("{0} actions, at most {MOST_ACTIONS} are taken")]
    ManyActions(usize),
    /// A diff or a transfer without tokens.
    #[error("it names no token")]
    NoTokens,
    /// An amount or a delta of zero.
    #[error("an amount of zero of {0}")]
    Zero(AssetId),
    /// A withdrawal of no NEAR.
    #[error("an amount of zero of NEAR")]
    ZeroNear,
    /// A transfer to its sender.
    #[error("a transfer to oneself")]
    ToOneself,
    /// A text is too long.
    #[error("a {what} of {bytes} bytes, at most {most} are taken")]
    Long {
        /// Which text.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// A text holds control characters.
    #[error("control characters in a {0}")]
    Control(&'static str),
}

/// The asset that a withdrawal of NEAR debits.
///
/// # Errors
/// Never: [`WRAPPED_NEAR`] is an account. The type is that of the account's parser.
pub fn native_asset() -> Result<AssetId, sealbid_types::text::TextError> {
    WRAPPED_NEAR
        .parse()
        .map(|contract| AssetId::fungible(&contract))
}

/// Checks the actions of `account` by the rules that need no balances.
///
/// # Errors
/// [`VoidReason::Action`] with the first [`RuleError`].
pub fn check_actions(account: &AccountId, actions: &[Action]) -> Result<(), VoidReason> {
    first_breach(account, actions).map_err(|error| VoidReason::Action(error.to_string()))
}

fn first_breach(account: &AccountId, actions: &[Action]) -> Result<(), RuleError> {
    match actions.len() {
        0 => Err(RuleError::NoActions),
        count if count > MOST_ACTIONS => Err(RuleError::ManyActions(count)),
        _ => actions
            .iter()
            .try_for_each(|action| check_action(account, action)),
    }
}

fn check_action(account: &AccountId, action: &Action) -> Result<(), RuleError> {
    match action {
        Action::TokenDiff(diff) => check_diff(diff),
        Action::Transfer(transfer) => check_transfer(account, transfer),
        Action::FtWithdraw(withdrawal) => check_withdrawal(withdrawal),
        Action::NativeWithdraw(withdrawal) if withdrawal.amount.is_zero() => {
            Err(RuleError::ZeroNear)
        }
        Action::NativeWithdraw(_) => Ok(()),
    }
}

fn check_diff(TokenDiff { diff, memo, .. }: &TokenDiff) -> Result<(), RuleError> {
    check_amounts(diff.iter().map(|(asset, delta)| (asset, delta.units())))?;
    check_memo(memo.as_deref())
}

fn check_transfer(account: &AccountId, transfer: &Transfer) -> Result<(), RuleError> {
    if transfer.receiver == *account {
        return Err(RuleError::ToOneself);
    }
    check_amounts(
        transfer
            .tokens
            .iter()
            .map(|(asset, amount)| (asset, amount.units())),
    )?;
    check_memo(transfer.memo.as_deref())
}

fn check_withdrawal(withdrawal: &FtWithdraw) -> Result<(), RuleError> {
    if withdrawal.amount.is_zero() {
        return Err(RuleError::Zero(AssetId::fungible(&withdrawal.token)));
    }
    check_memo(withdrawal.memo.as_deref())?;
    check_text("message", withdrawal.msg.as_deref(), MESSAGE_BYTES)
}

fn check_amounts<'a>(
    amounts: impl ExactSizeIterator<Item = (&'a AssetId, i128)>,
) -> Result<(), RuleError> {
    if amounts.len() == 0 {
        return Err(RuleError::NoTokens);
    }
    for (asset, units) in amounts {
        if units == 0 {
            return Err(RuleError::Zero(asset.clone()));
        }
    }
    Ok(())
}

fn check_memo(memo: Option<&str>) -> Result<(), RuleError> {
    check_text("memo", memo, MEMO_BYTES)
}

fn check_text(what: &'static str, text: Option<&str>, most: usize) -> Result<(), RuleError> {
    let text = text.unwrap_or_default();
    if text.len() > most {
        return Err(RuleError::Long {
            what,
            bytes: text.len(),
            most,
        });
    }
    if text.chars().any(char::is_control) {
        return Err(RuleError::Control(what));
    }
    Ok(())
}

/// Whether `account` is the implicit account of some ed25519 key: 64 hex digits.
#[must_use]
pub fn is_implicit(account: &AccountId) -> bool {
    let text = account.as_str();
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Checks everything of `terms` that can be checked before its authorisation is seen: actions,
/// nonce against deadline, and that the account is one whose signature can be checked.
///
/// Whoever seals terms checks them so first: what is refused here is void once it is opened, and
/// public then.
///
/// # Errors
/// [`VoidReason::Action`], or [`VoidReason::Unsupported`] for a named account.
pub fn check_terms(terms: &Terms) -> Result<(), VoidReason> {
    if !is_implicit(&terms.account) {
        return Err(VoidReason::Unsupported(
            "an account without an ed25519 key as its name".into(),
        ));
    }
    check_actions(&terms.account, &terms.actions)?;
    nonce::check(&terms.nonce, terms.deadline)
        .map_err(|error| VoidReason::Action(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_types::amount::{Amount, Delta};
    use sealbid_types::terms::NativeWithdraw;
    use sealbid_types::time::Timestamp;

    fn account(text: &str) -> AccountId {
        text.parse().unwrap()
    }

    fn amount(units: i128) -> Amount {
        Amount::new(units).unwrap()
    }

    fn transfer(receiver: &str, units: i128) -> Transfer {
        let tokens = [("nep141:a.near".parse().unwrap(), amount(units))].into();
        Transfer {
            receiver: account(receiver),
            tokens,
            memo: None,
        }
    }

    fn diff(units: &[i128]) -> TokenDiff {
        let asset = |i: usize| format!("nep141:t{i}.near").parse().unwrap();
        let diff = units
            .iter()
            .enumerate()
            .map(|(i, u)| (asset(i), Delta::new(*u).unwrap()));
        TokenDiff {
            diff: diff.collect(),
            memo: None,
            referral: None,
        }
    }

    fn breach(action: Action) -> RuleError {
        first_breach(&account("alice.near"), &[action]).unwrap_err()
    }

    #[test]
    fn what_the_verifier_executes_passes() {
        let actions = [
            Action::TokenDiff(diff(&[-5, 7])),
            Action::Transfer(transfer("bob.near", 1)),
            Action::NativeWithdraw(NativeWithdraw {
                receiver: account("alice.near"),
                amount: amount(1),
            }),
        ];
        assert_eq!(check_actions(&account("alice.near"), &actions), Ok(()));
    }

    #[test]
    fn each_rule_has_its_own_error() {
        let withdrawal = |units, msg: &str| FtWithdraw {
            token: account("a.near"),
            receiver: account("bob.near"),
            amount: amount(units),
            memo: None,
            msg: Some(msg.to_owned()),
        };
        let none = NativeWithdraw {
            receiver: account("bob.near"),
            amount: Amount::ZERO,
        };
        let memo = |memo: &str| TokenDiff {
            memo: Some(memo.to_owned()),
            ..diff(&[-1])
        };
        let of = |asset: &str| RuleError::Zero(asset.parse().unwrap());
        assert_eq!(breach(Action::TokenDiff(diff(&[]))), RuleError::NoTokens);
        assert_eq!(
            breach(Action::TokenDiff(diff(&[-1, 0]))),
            of("nep141:t1.near")
        );
        assert_eq!(
            breach(Action::Transfer(transfer("alice.near", 1))),
            RuleError::ToOneself
        );
        assert_eq!(
            breach(Action::Transfer(transfer("bob.near", 0))),
            of("nep141:a.near")
        );
        assert_eq!(
            breach(Action::FtWithdraw(withdrawal(0, ""))),
            of("nep141:a.near")
        );
        assert_eq!(breach(Action::NativeWithdraw(none)), RuleError::ZeroNear);
        assert_eq!(
            breach(Action::TokenDiff(memo("a\nb"))),
            RuleError::Control("memo")
        );
        let long = breach(Action::TokenDiff(memo(&"x".repeat(MEMO_BYTES + 1))));
        assert!(matches!(long, RuleError::Long { what: "memo", .. }));
        let long = breach(Action::FtWithdraw(withdrawal(
            1,
            &"x".repeat(MESSAGE_BYTES + 1),
        )));
        assert!(matches!(
            long,
            RuleError::Long {
                what: "message",
                ..
            }
        ));
    }

    #[test]
    fn actions_are_some_and_not_too_many() {
        let alice = account("alice.near");
        let many = vec![Action::TokenDiff(diff(&[-1])); MOST_ACTIONS + 1];
        assert_eq!(first_breach(&alice, &[]), Err(RuleError::NoActions));
        assert_eq!(
            first_breach(&alice, &many),
            Err(RuleError::ManyActions(MOST_ACTIONS + 1))
        );
        assert_eq!(first_breach(&alice, &many[1..]), Ok(()));
    }

    #[test]
    fn terms_of_named_accounts_and_with_nonces_too_short_are_refused() {
        let terms = Terms {
            account: account(&"0a".repeat(32)),
            nonce: nonce::versioned([0; 4], Timestamp(10), [0; 15]),
            deadline: Timestamp(10),
            actions: vec![Action::TokenDiff(diff(&[-1]))],
            solvers: None,
        };
        assert_eq!(check_terms(&terms), Ok(()));
        let late = Terms {
            deadline: Timestamp(11),
            ..terms.clone()
        };
        assert!(matches!(check_terms(&late), Err(VoidReason::Action(_))));
        let named = Terms {
            account: account("alice.near"),
            ..terms
        };
        assert!(matches!(
            check_terms(&named),
            Err(VoidReason::Unsupported(_))
        ));
    }
}
