#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use sealbid_client::CommitteeFile;
use sealbid_client::types::Amount;
use sealbid_testkit::house::Founding;
use sealbid_types::allocation::{Allocation, Void, VoidReason};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::CertificateBytes;
use sealbid_types::id::View;
use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::record::{Ancestry, RoundRecord};
use sealbid_types::settlement::{SettledFill, Settlement, SignedSettlement};
use sealbid_types::terms::Authorisation;

use super::*;

const ROUND: Round = Round(3);

fn pair() -> Pair {
    let asset = |name: &str| format!("nep141:{name}").parse().unwrap();
    Pair {
        give: asset("aa"),
        want: asset("bb"),
    }
}

fn account() -> AccountId {
    "solver.near".parse().unwrap()
}

fn id(seed: u8) -> EnvelopeId {
    [seed; 32].into()
}

/// A certified round that lists these quotes, of which the first fills an intent and the last is
/// void.
fn round(quotes: &[EnvelopeId]) -> VerifiedRound {
    let house = Founding::of(3).found();
    let mut close = house.close(ROUND);
    close.intents = vec![id(100)];
    close.quotes = quotes.to_vec();
    let view = View(0);
    let amount = |units: &str| -> Amount { units.parse().unwrap() };
    let fill = Fill {
        intent: id(100),
        account: "trader.near".parse().unwrap(),
        kind: FillKind::Swap {
            quote: quotes[0],
            solver: account(),
            pair: pair(),
            amount_in: amount("1000"),
            amount_out: amount("950"),
            surplus: amount("1"),
            paid: amount("951"),
        },
        movements: Vec::new(),
        fees: Vec::new(),
        withdrawals: Vec::new(),
    };
    let void = quotes.iter().skip(1).next_back().map(|quote| Void {
        envelope: *quote,
        reason: VoidReason::Signature,
    });
    let void: Vec<Void> = void.into_iter().collect();
    let allocation = Allocation {
        auction: close.auction,
        epoch: close.epoch,
        round: ROUND,
        close: close.digest(),
        order: [7; 32].into(),
        terms: [8; 32].into(),
        fills: vec![fill.clone()],
        unfilled: Vec::new(),
        void: void.clone(),
        alarm: None,
    };
    let secret = house.identity(house.members().next().unwrap());
    let authorisation = Authorisation::RawEd25519 {
        payload: String::new(),
        public_key: PublicKey::of(&secret),
        signature: Signature::sign(&secret, b""),
    };
    let settlement = Settlement {
        auction: close.auction,
        epoch: close.epoch,
        round: ROUND,
        close: close.digest(),
        allocation: allocation.digest(),
        terms: allocation.terms,
        fills: vec![SettledFill {
            fill,
            authorisation,
        }],
        unfilled: Vec::new(),
        void,
        flow: Vec::new(),
    };
    let record = RoundRecord {
        certificate: house.certify(&close, view),
        close,
        reports: Vec::new(),
        envelopes: Vec::new(),
        ancestry: Ancestry::default(),
        order: FixedBytes([0; 96]),
        openings: Vec::new(),
        allocation_certificate: CertificateBytes {
            view,
            signature: house.sign(&allocation.statement(view)),
        },
        allocation,
        settlement: SignedSettlement {
            signature: house.sign(&settlement.statement()),
            settlement,
        },
    };
    let committee = CommitteeFile::new((*house.committee).clone()).unwrap();
    VerifiedRound::verify(&committee, ROUND, record).unwrap()
}

#[test]
fn what_became_of_each_quote_is_told() {
    let quotes = [id(1), id(2), id(3)];
    let record = round(&quotes);
    let mut fills = Fills::new(account());
    for quote in quotes.into_iter().chain([id(4)]) {
        fills.sent(ROUND, quote, pair());
    }
    let events = fills.settled(&record);
    assert!(
        matches!(
            events.as_slice(),
            [
                SolverEvent::Filled { .. },
                SolverEvent::Unfilled { .. },
                SolverEvent::Void { .. },
                SolverEvent::NotListed { .. },
                SolverEvent::Position(_),
            ]
        ),
        "{events:?}"
    );
}

/// A quote that is sealed late has its round fetched again: what that round filled counts once.
#[test]
fn a_round_that_comes_twice_counts_once() {
    let record = round(&[id(1)]);
    let mut fills = Fills::new(account());
    fills.sent(ROUND, id(1), pair());
    fills.settled(&record);
    fills.sent(ROUND, id(4), pair());
    let events = fills.settled(&record);
    assert!(
        matches!(events.as_slice(), [SolverEvent::NotListed { .. }]),
        "{events:?}"
    );
    assert_eq!(fills.position().fills, 1);
}
