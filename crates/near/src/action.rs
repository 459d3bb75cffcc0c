//! One intent of a payload, to and from the Verifier's JSON.
//!
//! Fields that the Verifier does not know are tolerated, as it tolerates them. Fields that it acts
//! on and that terms cannot express are refused: what is signed must be what the terms say.

use std::collections::BTreeMap;

use serde::Serialize;

use sealbid_types::allocation::{PayloadFault, PayloadField as Field};
use sealbid_types::amount::Amount;
use sealbid_types::terms::{Action, FtWithdraw, NativeWithdraw, TokenDiff, Transfer};
use sealbid_types::text::{AccountId, AssetId};

use crate::json::{
    Json, JsonError, Object, field, optional_text, parse_text, parsed, printable, refuse,
};

/// Why JSON is not an action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// A field is missing, of another type, or not of its grammar.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// An intent of a kind that is not known here.
    #[error("the intent {0:?} is not known here")]
    Kind(String),
}

impl ActionError {
    /// What a round says of a payload with such an intent.
    #[must_use]
    pub const fn fault(&self) -> PayloadFault {
        match self {
            Self::Json(error) => error.fault(),
            Self::Kind(_) => PayloadFault::Unsupported {
                field: Field::Intent,
            },
        }
    }
}

/// An action as the Verifier writes it: fields in its order, absent ones left out.
#[derive(Serialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub(crate) enum ActionJson<'a> {
    /// A swap.
    TokenDiff {
        diff: &'a BTreeMap<AssetId, sealbid_types::amount::Delta>,
        #[serde(skip_serializing_if = "Option::is_none")]
        memo: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        referral: Option<&'a AccountId>,
    },
    /// A transfer.
    Transfer {
        receiver_id: &'a AccountId,
        tokens: &'a BTreeMap<AssetId, Amount>,
        #[serde(skip_serializing_if = "Option::is_none")]
        memo: Option<&'a str>,
    },
    /// A withdrawal of a fungible token.
    FtWithdraw {
        token: &'a AccountId,
        receiver_id: &'a AccountId,
        amount: Amount,
        #[serde(skip_serializing_if = "Option::is_none")]
        memo: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        msg: Option<&'a str>,
    },
    /// A withdrawal of NEAR.
    NativeWithdraw {
        receiver_id: &'a AccountId,
        amount: Amount,
    },
}

impl<'a> From<&'a Action> for ActionJson<'a> {
    fn from(action: &'a Action) -> Self {
        match action {
            Action::TokenDiff(TokenDiff {
                diff,
                memo,
                referral,
            }) => Self::TokenDiff {
                diff,
                memo: memo.as_deref(),
                referral: referral.as_ref(),
            },
            Action::Transfer(Transfer {
                receiver,
                tokens,
                memo,
            }) => Self::Transfer {
                receiver_id: receiver,
                tokens,
                memo: memo.as_deref(),
            },
            Action::FtWithdraw(FtWithdraw {
                token,
                receiver,
                amount,
                memo,
                msg,
            }) => Self::FtWithdraw {
                token,
                receiver_id: receiver,
                amount: *amount,
                memo: memo.as_deref(),
                msg: msg.as_deref(),
            },
            Action::NativeWithdraw(NativeWithdraw { receiver, amount }) => Self::NativeWithdraw {
                receiver_id: receiver,
                amount: *amount,
            },
        }
    }
}

/// Reads the action that `json` is.
pub(crate) fn from_json(json: &Json) -> Result<Action, ActionError> {
    let object = json.object(Field::Intents)?;
    match field(object, Field::Intent)?.text(Field::Intent)? {
        "token_diff" => Ok(Action::TokenDiff(token_diff(object)?)),
        "transfer" => Ok(Action::Transfer(transfer(object)?)),
        "ft_withdraw" => Ok(Action::FtWithdraw(ft_withdraw(object)?)),
        "native_withdraw" => Ok(Action::NativeWithdraw(native_withdraw(object)?)),
        // Never skipped: it is signed with the rest, and would be carried out with the rest.
        other => Err(ActionError::Kind(printable(other))),
    }
}

fn token_diff(object: &Object) -> Result<TokenDiff, JsonError> {
    let referral = optional_text(object, Field::Referral)?;
    Ok(TokenDiff {
        diff: amounts(object, Field::Diff)?,
        memo: memo(object)?,
        referral: referral
            .map(|text| parse_text(Field::Referral, text))
            .transpose()?,
    })
}

fn transfer(object: &Object) -> Result<Transfer, JsonError> {
    // Each makes the Verifier call the receiver, which may send the tokens back.
    refuse(
        object,
        &[
            Field::Msg,
            Field::MinGas,
            Field::Notification,
            Field::StateInit,
        ],
    )?;
    Ok(Transfer {
        receiver: parsed(object, Field::ReceiverId)?,
        tokens: amounts(object, Field::Tokens)?,
        memo: memo(object)?,
    })
}

fn ft_withdraw(object: &Object) -> Result<FtWithdraw, JsonError> {
    // The first debits wrapped NEAR besides; the other lets the withdrawal fail.
    refuse(object, &[Field::StorageDeposit, Field::MinGas])?;
    Ok(FtWithdraw {
        token: parsed(object, Field::Token)?,
        receiver: parsed(object, Field::ReceiverId)?,
        amount: parsed(object, Field::Amount)?,
        memo: memo(object)?,
        msg: optional_text(object, Field::Msg)?.map(str::to_owned),
    })
}

fn native_withdraw(object: &Object) -> Result<NativeWithdraw, JsonError> {
    Ok(NativeWithdraw {
        receiver: parsed(object, Field::ReceiverId)?,
        amount: parsed(object, Field::Amount)?,
    })
}

fn memo(object: &Object) -> Result<Option<String>, JsonError> {
    Ok(optional_text(object, Field::Memo)?.map(str::to_owned))
}

/// A map from assets to amounts, or to deltas.
fn amounts<T>(object: &Object, name: Field) -> Result<BTreeMap<AssetId, T>, JsonError>
where
    T: core::str::FromStr<Err: core::fmt::Display>,
{
    let entry = |(asset, amount): (&String, &Json)| {
        let asset = parse_text::<AssetId>(name, asset)?;
        Ok((asset, parse_text(name, amount.text(name)?)?))
    };
    field(object, name)?
        .object(name)?
        .iter()
        .map(entry)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Action, ActionError> {
        from_json(&Json::parse(text)?)
    }

    fn written(action: &Action) -> String {
        serde_json::to_string(&ActionJson::from(action)).unwrap()
    }

    #[test]
    fn the_verifiers_forms_are_read_and_written_alike() {
        for text in [
            r#"{"intent":"token_diff","diff":{"nep141:usdc.near":"-1000","nep141:usdt.near":"998"}}"#,
            r#"{"intent":"token_diff","diff":{"nep141:a.near":"-1"},"memo":"café","referral":"r.near"}"#,
            r#"{"intent":"transfer","receiver_id":"bob.near","tokens":{"nep141:usdc.near":"10"}}"#,
            r#"{"intent":"ft_withdraw","token":"usdc.near","receiver_id":"bob.near","amount":"1000","msg":""}"#,
            r#"{"intent":"native_withdraw","receiver_id":"bob.near","amount":"1"}"#,
        ] {
            assert_eq!(written(&read(text).unwrap()), text);
        }
    }

    #[test]
    fn an_empty_message_is_a_message_and_null_is_none() {
        let text = r#"{"intent":"ft_withdraw","token":"a.near","receiver_id":"b.near","amount":"1","msg":MSG}"#;
        let msg = |value: &str| match read(&text.replace("MSG", value)).unwrap() {
            Action::FtWithdraw(withdrawal) => withdrawal.msg,
            other => panic!("{other:?}"),
        };
        assert_eq!(msg("\"\""), Some(String::new()));
        assert_eq!(msg("null"), None);
    }

    #[test]
    fn unknown_fields_are_tolerated_and_fields_with_an_effect_are_not() {
        let text = r#"{"intent":"transfer","receiver_id":"bob.near","tokens":{"nep141:a.near":"1"},"FIELD":"1"}"#;
        assert!(read(&text.replace("FIELD", "colour")).is_ok());
        for name in ["msg", "min_gas", "notification", "state_init"] {
            let error = read(&text.replace("FIELD", name)).unwrap_err();
            assert!(
                error.to_string().contains("is not supported here"),
                "{error}"
            );
        }
        let text = r#"{"intent":"ft_withdraw","token":"a.near","receiver_id":"b.near","amount":"1","FIELD":"1"}"#;
        assert!(read(&text.replace("FIELD", "colour")).is_ok());
        for name in ["storage_deposit", "min_gas"] {
            assert!(read(&text.replace("FIELD", name)).is_err(), "{name}");
        }
    }

    #[test]
    fn numbers_other_kinds_and_other_grammars_are_refused() {
        for text in [
            r#"{"intent":"auth_call","contract_id":"a.near"}"#,
            r#"{"intent":"TokenDiff","diff":{}}"#,
            r#"{"diff":{"nep141:a.near":"-1"}}"#,
            r#"{"intent":"token_diff","diff":{"nep141:a.near":-1}}"#,
            r#"{"intent":"token_diff","diff":{"nep141:a.near":"+1"}}"#,
            r#"{"intent":"token_diff","diff":{"nep141:a.near":"1.5"}}"#,
            r#"{"intent":"token_diff","diff":{"usdc.near":"1"}}"#,
            r#"{"intent":"token_diff","diff":{"nep141:a.near":"170141183460469231731687303715884105728"}}"#,
            r#"{"intent":"transfer","receiver_id":"bob.near","tokens":{"nep141:a.near":"-1"}}"#,
            r#"{"intent":"transfer","receiver_id":"Bob","tokens":{"nep141:a.near":"1"}}"#,
            r#"["token_diff"]"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
