//! The Verifier's rules for actions, and limits of our own on their texts.

use sealbid_types::allocation::{ActionFault, ActionText, Unsupported, VoidReason};
use sealbid_types::terms::{Action, FtWithdraw, MOST_ACTIONS, Terms, TokenDiff, Transfer};
use sealbid_types::text::{AccountId, AssetId};

use crate::nonce;

/// The contract whose token a withdrawal of NEAR debits.
pub const WRAPPED_NEAR: &str = "wrap.near";

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
/// [`VoidReason::Action`] with the first [`ActionFault`].
pub fn check_actions(account: &AccountId, actions: &[Action]) -> Result<(), VoidReason> {
    first_fault(account, actions).map_err(VoidReason::Action)
}

fn first_fault(account: &AccountId, actions: &[Action]) -> Result<(), ActionFault> {
    match actions.len() {
        0 => Err(ActionFault::NoActions),
        count if count > MOST_ACTIONS => Err(ActionFault::ManyActions {
            count: counted(count),
        }),
        _ => actions
            .iter()
            .try_for_each(|action| check_action(account, action)),
    }
}

fn check_action(account: &AccountId, action: &Action) -> Result<(), ActionFault> {
    match action {
        Action::TokenDiff(diff) => check_diff(diff),
        Action::Transfer(transfer) => check_transfer(account, transfer),
        Action::FtWithdraw(withdrawal) => check_withdrawal(withdrawal),
        Action::NativeWithdraw(withdrawal) if withdrawal.amount.is_zero() => {
            Err(ActionFault::ZeroNear)
        }
        Action::NativeWithdraw(_) => Ok(()),
    }
}

fn check_diff(TokenDiff { diff, memo, .. }: &TokenDiff) -> Result<(), ActionFault> {
    check_amounts(diff.iter().map(|(asset, delta)| (asset, delta.units())))?;
    check_memo(memo.as_deref())
}

fn check_transfer(account: &AccountId, transfer: &Transfer) -> Result<(), ActionFault> {
    if transfer.receiver == *account {
        return Err(ActionFault::ToOneself);
    }
    check_amounts(
        transfer
            .tokens
            .iter()
            .map(|(asset, amount)| (asset, amount.units())),
    )?;
    check_memo(transfer.memo.as_deref())
}

fn check_withdrawal(withdrawal: &FtWithdraw) -> Result<(), ActionFault> {
    if withdrawal.amount.is_zero() {
        return Err(ActionFault::Zero {
            asset: AssetId::fungible(&withdrawal.token),
        });
    }
    check_memo(withdrawal.memo.as_deref())?;
    check_text(ActionText::Message, withdrawal.msg.as_deref())
}

fn check_amounts<'a>(
    amounts: impl ExactSizeIterator<Item = (&'a AssetId, i128)>,
) -> Result<(), ActionFault> {
    if amounts.len() == 0 {
        return Err(ActionFault::NoTokens);
    }
    for (asset, units) in amounts {
        if units == 0 {
            return Err(ActionFault::Zero {
                asset: asset.clone(),
            });
        }
    }
    Ok(())
}

fn check_memo(memo: Option<&str>) -> Result<(), ActionFault> {
    check_text(ActionText::Memo, memo)
}

fn check_text(which: ActionText, text: Option<&str>) -> Result<(), ActionFault> {
    let text = text.unwrap_or_default();
    if text.len() > which.most_bytes() {
        return Err(ActionFault::Long {
            text: which,
            bytes: counted(text.len()),
        });
    }
    // Memos are public once a round is opened, and printed: they must not steer a reader's
    // terminal.
    if text.chars().any(char::is_control) {
        return Err(ActionFault::Control { text: which });
    }
    Ok(())
}

/// A length as reasons carry it: of one width on every machine.
fn counted(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
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
/// [`VoidReason::Action`], [`VoidReason::Nonce`], or [`VoidReason::Unsupported`] for a named
/// account.
pub fn check_terms(terms: &Terms) -> Result<(), VoidReason> {
    // Which keys a named account has, the chain alone knows, and it may change them between the
    // close and the fill. No member could check the signature.
    if !is_implicit(&terms.account) {
        return Err(VoidReason::Unsupported(Unsupported::NamedAccount));
    }
    check_actions(&terms.account, &terms.actions)?;
    nonce::check(&terms.nonce, terms.deadline).map_err(VoidReason::Nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_types::amount::{Amount, Delta};
    use sealbid_types::terms::{MEMO_BYTES, MESSAGE_BYTES, NativeWithdraw};
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

    fn fault(action: Action) -> ActionFault {
        first_fault(&account("alice.near"), &[action]).unwrap_err()
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
        let of = |asset: &str| ActionFault::Zero {
            asset: asset.parse().unwrap(),
        };
        assert_eq!(fault(Action::TokenDiff(diff(&[]))), ActionFault::NoTokens);
        assert_eq!(
            fault(Action::TokenDiff(diff(&[-1, 0]))),
            of("nep141:t1.near")
        );
        assert_eq!(
            fault(Action::Transfer(transfer("alice.near", 1))),
            ActionFault::ToOneself
        );
        assert_eq!(
            fault(Action::Transfer(transfer("bob.near", 0))),
            of("nep141:a.near")
        );
        assert_eq!(
            fault(Action::FtWithdraw(withdrawal(0, ""))),
            of("nep141:a.near")
        );
        assert_eq!(fault(Action::NativeWithdraw(none)), ActionFault::ZeroNear);
        assert_eq!(
            fault(Action::TokenDiff(memo("a\nb"))),
            ActionFault::Control {
                text: ActionText::Memo
            }
        );
        let long = fault(Action::TokenDiff(memo(&"x".repeat(MEMO_BYTES + 1))));
        assert!(matches!(
            long,
            ActionFault::Long {
                text: ActionText::Memo,
                ..
            }
        ));
        let long = fault(Action::FtWithdraw(withdrawal(
            1,
            &"x".repeat(MESSAGE_BYTES + 1),
        )));
        assert!(matches!(
            long,
            ActionFault::Long {
                text: ActionText::Message,
                ..
            }
        ));
    }

    #[test]
    fn actions_are_some_and_not_too_many() {
        let alice = account("alice.near");
        let many = vec![Action::TokenDiff(diff(&[-1])); MOST_ACTIONS + 1];
        assert_eq!(first_fault(&alice, &[]), Err(ActionFault::NoActions));
        assert_eq!(
            first_fault(&alice, &many),
            Err(ActionFault::ManyActions { count: 17 })
        );
        assert_eq!(first_fault(&alice, &many[1..]), Ok(()));
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
        assert!(matches!(check_terms(&late), Err(VoidReason::Nonce(_))));
        let named = Terms {
            account: account("alice.near"),
            ..terms
        };
        assert_eq!(
            check_terms(&named),
            Err(VoidReason::Unsupported(Unsupported::NamedAccount))
        );
    }
}
