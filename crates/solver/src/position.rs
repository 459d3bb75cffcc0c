//! What a solver's fills come to.

use std::collections::BTreeMap;

use sealbid_client::tokens::Tokens;
use sealbid_types::allocation::Fill;
use sealbid_types::amount::{Amount, Delta};
use sealbid_types::text::{AccountId, AssetId};
use serde_json::{Value, json};

/// How an account's holdings change by the fills since the solver has started, once all of them are
/// settled on chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// How many fills.
    pub fills: u64,
    /// The change of each asset; none is zero.
    pub changes: BTreeMap<AssetId, Delta>,
}

impl Position {
    /// Adds what `fill` moves on the account, fees included.
    pub(crate) fn add(&mut self, fill: &Fill, account: &AccountId) {
        self.fills = self.fills.saturating_add(1);
        let own = fill
            .movements
            .iter()
            .filter(|movement| movement.account == *account);
        for movement in own {
            let before = self.changes.get(&movement.asset).copied();
            let after = match before {
                Some(before) => before.checked_add(movement.delta),
                None => Some(movement.delta),
            };
            match after {
                Some(after) if after.units() == 0 => _ = self.changes.remove(&movement.asset),
                Some(after) => _ = self.changes.insert(movement.asset.clone(), after),
                // More than there can be of any token: the sum that was known stays.
                None => tracing::warn!("the position in {} overflows", movement.asset),
            }
        }
    }

    /// `3 fills, +3000 usdc.near, -2951.1 wrap.near`.
    #[must_use]
    pub fn text(&self, tokens: &Tokens) -> String {
        let plural = if self.fills == 1 { "" } else { "s" };
        let mut text = format!("{} fill{plural}", self.fills);
        for (asset, change) in &self.changes {
            let (sign, amount) = signed(*change);
            text.push_str(&format!(", {sign}{}", tokens.show(amount, asset)));
        }
        text
    }

    pub(crate) fn to_json(&self, tokens: &Tokens) -> Value {
        let change = |(asset, change): (&AssetId, &Delta)| {
            let (sign, amount) = signed(*change);
            let text = format!("{sign}{}", tokens.show(amount, asset));
            json!({ "asset": asset, "units": change, "text": text })
        };
        let changes: Vec<Value> = self.changes.iter().map(change).collect();
        json!({ "fills": self.fills, "changes": changes })
    }
}

fn signed(change: Delta) -> (&'static str, Amount) {
    match change.outgoing() {
        Some(paid) => ("-", paid),
        None => ("+", change.incoming().unwrap_or(Amount::ZERO)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sealbid_client::tokens::DEFAULT;
    use sealbid_types::allocation::{FillKind, Movement};

    use super::*;

    fn fill(account: &AccountId, moves: &[(&str, i128)]) -> Fill {
        let movement = |account: &AccountId, asset: &str, units| Movement {
            account: account.clone(),
            asset: asset.parse().unwrap(),
            delta: Delta::new(units).unwrap(),
        };
        let trader = "trader.near".parse().unwrap();
        let both = moves.iter().flat_map(|(asset, units)| {
            [
                movement(account, asset, *units),
                movement(&trader, asset, -units),
            ]
        });
        Fill {
            intent: [1; 32].into(),
            account: trader.clone(),
            kind: FillKind::PassThrough,
            movements: both.collect(),
            fees: Vec::new(),
            withdrawals: Vec::new(),
        }
    }

    #[test]
    fn fills_add_up_by_asset_and_are_the_accounts_alone() {
        let (near, weth) = ("nep141:wrap.near", "nep141:eth.omft.near");
        let tokens = Tokens::parse(DEFAULT).unwrap();
        let account = "solver.near".parse().unwrap();
        let mut position = Position::default();
        position.add(
            &fill(&account, &[(near, -5), (weth, 10_i128.pow(18))]),
            &account,
        );
        assert_eq!(
            position.text(&tokens),
            "1 fill, +1 weth, -0.000000000000000000000005 wrap.near"
        );
        position.add(&fill(&account, &[(near, 5)]), &account);
        assert_eq!(position.text(&tokens), "2 fills, +1 weth");
        let largest = fill(&account, &[(weth, i128::MAX)]);
        position.add(&largest, &account);
        assert_eq!(position.text(&tokens), "3 fills, +1 weth", "no overflow");
    }
}
