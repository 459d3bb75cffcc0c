//! Tokens by name, as the SDK has them, and their errors as those of a command.

pub(crate) use sealbid_client::tokens::AmountFault;
pub(crate) use sealbid_client::tokens::{
    DEFAULT, Decimal, NotADecimal, TokenError, Tokens, base_units,
};

use sealbid_keygen::Exit;

use crate::exit::Failure;

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let message = error.to_string();
        match &error {
            TokenError::Unknown { known, meant, .. } => {
                let meant = meant.as_ref().map(|name| format!("did you mean {name}? "));
                Self::usage(message)
                    .with_code("unknown-token")
                    .advise(format!(
                        "{}known are {}; add yours to tokens.toml, or give an asset id and base \
                         units with --raw",
                        meant.unwrap_or_default(),
                        known.join(", ")
                    ))
            }
            TokenError::At { .. } | TokenError::File(_) => Self::usage(message)
                .advise("mend the file, or remove it: then the usual tokens hold"),
            TokenError::Read { .. } => Self::of(Exit::Storage, &error),
            TokenError::Amount {
                reason: AmountFault::BaseUnits(_),
                ..
            } => Self::usage(message).advise("with --raw, amounts are whole numbers of base units"),
            // What was typed.
            _ => Self::usage(message),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn wrong_names_and_amounts_are_usage() {
        let tokens = Tokens::parse(DEFAULT).unwrap();
        let unknown = Failure::from(tokens.named("dogecoin").unwrap_err());
        assert_eq!(unknown.code(), 2);
        assert!(
            unknown.to_string().contains("usdc.near (usdc)"),
            "{unknown}"
        );
        let usdc = tokens.named("usdc.near").unwrap();
        assert_eq!(Failure::from(usdc.amount("1e3").unwrap_err()).code(), 2);
        assert_eq!(Failure::from(base_units("0.5").unwrap_err()).code(), 2);
    }
}
