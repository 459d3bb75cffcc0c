//! A fill's bundle, as a round makes it: the trader's swap, the solver's side, and the surplus.

use sealbid_near::ledger::Pips;
use serde_json::Value;

use super::sign::{Account, Draft, token_diff, transfer};
use super::state::State;

/// A fungible token.
pub const A: &str = "nep141:usdc.near";

/// Another one: wrapped NEAR.
pub const B: &str = "nep141:wrap.near";

/// A swap of `gives` of one token for `paid` of another, `surplus` of it beyond what was asked for.
#[derive(Debug, Clone)]
pub struct Fill {
    pub trader: Account,
    pub solver: Account,
    pub give: String,
    pub want: String,
    pub gives: i128,
    pub paid: i128,
    pub surplus: i128,
}

pub fn net(fee: u32, token: &str, amount: i128) -> i128 {
    let fee = Pips::new(fee).unwrap();
    let amount = amount.unsigned_abs();
    let fee = fee.on(&token.parse().unwrap(), amount);
    i128::try_from(amount - fee).unwrap()
}

impl Fill {
    /// Of ten thousands of one token for ten thousands of the other, at a fee of a few units.
    pub fn usual(number: u8, give: &str, want: &str) -> Self {
        Self {
            trader: Account::new(100 + number),
            solver: Account::new(1),
            give: give.to_owned(),
            want: want.to_owned(),
            gives: 1_000_000_000 + i128::from(number),
            paid: 2_500_000_000_000,
            surplus: 1_250_000_000,
        }
    }

    /// Gives both sides what they pay, and no more.
    pub fn fund(&self, state: &mut State) {
        state.give(&self.trader.name, &self.give, self.gives.unsigned_abs());
        state.give(&self.solver.name, &self.want, self.paid.unsigned_abs());
    }

    pub fn swap(&self, fee: u32) -> Value {
        let asked = net(fee, &self.want, self.paid - self.surplus);
        token_diff(&[(&self.give, -self.gives), (&self.want, asked)])
    }

    pub fn trade(&self, fee: u32) -> Value {
        let arrives = net(fee, &self.give, self.gives);
        token_diff(&[
            (&self.give, arrives),
            (&self.want, self.surplus - self.paid),
        ])
    }

    pub fn extra(&self) -> Value {
        transfer(&self.trader.name, &self.want, self.surplus.unsigned_abs())
    }

    /// Both payloads; `number` makes their nonces.
    pub fn drafts(&self, fee: u32, number: usize) -> [(Account, Draft); 2] {
        let mut trade = vec![self.trade(fee)];
        if self.surplus > 0 {
            trade.push(self.extra());
        }
        let swap = self.trader.draft(2 * number, vec![self.swap(fee)]);
        let trade = self.solver.draft(2 * number + 1, trade);
        [(self.trader.clone(), swap), (self.solver.clone(), trade)]
    }
}

pub fn sign(drafts: &[(Account, Draft)]) -> Vec<Value> {
    let signed = drafts.iter().map(|(account, draft)| account.sign(draft));
    signed.collect()
}

/// So many fills of one solver, each of a trader of its own, who have what they pay.
pub fn fills(count: u8, give: &str, want: &str) -> (State, Vec<Value>) {
    let mut state = State::at_one_pip();
    let mut bundle = Vec::new();
    for number in 0..count {
        let fill = Fill::usual(number, give, want);
        fill.fund(&mut state);
        bundle.extend(sign(&fill.drafts(state.fee, usize::from(number))));
    }
    (state, bundle)
}
