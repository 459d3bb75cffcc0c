//! Frozen encodings: one sample of every type that travels or rests, in `snapshots.txt`. A change
//! there is a change of the wire, and needs a new schema version.

mod reasons;

use std::collections::BTreeMap;
use std::fmt::Debug;

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;

use self::reasons::{alarms, unfilled, void};
use crate::allocation::{Allocation, Breach, Fill, FillKind, Movement, Outflow};
use crate::amount::{Amount, Delta};
use crate::bytes::{Blob, FixedBytes};
use crate::close::{CertificateBytes, Close};
use crate::codec::{DecodeError, PREFIX_BYTES, Schema, SchemaName, decode, encode};
use crate::committee::{ClearingRule, Rules};
use crate::door::{PublicIntent, Refusal, RefusalCode, Request, Response};
use crate::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed, SealedPart};
use crate::id::{EnvelopeId, Epoch, MemberIndex, Round, Slot, View};
use crate::keys::{PublicKey, Signature, Signed};
use crate::metadata::{Disclosure, Metadata, Pair, SizeBucket};
use crate::quote::{Quote, Rate, SignedQuote, Tier};
use crate::record::{Ancestry, Opening, RoundRecord, UsedNonce, UsedU};
use crate::report::{Acknowledgement, Receipt, Report};
use crate::settlement::{SettledFill, Settlement, SignedSettlement};
use crate::statement::Statement;
use crate::terms::{Action, Authorisation, FtWithdraw, NativeWithdraw, Terms, TokenDiff, Transfer};
use crate::time::Timestamp;

const FROZEN: &str = include_str!("../../snapshots.txt");

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn id(fill: u8) -> EnvelopeId {
    [fill; 32].into()
}

fn amount(units: i128) -> Amount {
    Amount::new(units).unwrap()
}

fn pair() -> Pair {
    Pair {
        give: "nep141:usdc.near".parse().unwrap(),
        want: "nep141:wrap.near".parse().unwrap(),
    }
}

fn header(kind: Kind) -> Header {
    Header {
        protocol: PROTOCOL,
        kind,
        auction: [1; 32].into(),
        key: [2; 32].into(),
        first: Round(3),
        last: Round(if kind == Kind::Quote { 3 } else { 5 }),
        expires: Timestamp(1_800_000_000_000),
        metadata: Metadata {
            disclosure: Disclosure::Pair(pair()),
            size: Some(SizeBucket(4)),
        },
        submitter: PublicKey::of(&secret()),
    }
}

fn part(fill: u8) -> SealedPart {
    SealedPart {
        u: FixedBytes([fill; 96]),
        u_bar: FixedBytes([fill; 96]),
        a: FixedBytes([fill; 96]),
        a_bar: FixedBytes([fill; 96]),
        commitment: FixedBytes([fill; 32]),
        response: FixedBytes([fill; 32]),
        body: Blob::from(vec![fill; 4]),
    }
}

fn intent() -> Envelope {
    let sealed = Sealed::Intent {
        terms: part(8),
        authorisation: part(9),
    };
    Envelope::sign(header(Kind::Intent), sealed, &secret())
}

fn quote_envelope() -> Envelope {
    Envelope::sign(header(Kind::Quote), Sealed::Quote(part(8)), &secret())
}

fn terms() -> Terms {
    let diff = BTreeMap::from([
        (pair().give, Delta::new(-1_000).unwrap()),
        (pair().want, Delta::new(i128::MAX).unwrap()),
    ]);
    let tokens = BTreeMap::from([(pair().give, amount(1))]);
    let (bob, contract) = ("bob.near".parse().unwrap(), "usdc.near".parse().unwrap());
    let (memo, msg) = (Some("memo".to_owned()), Some(String::new()));
    Terms {
        account: "alice.near".parse().unwrap(),
        nonce: FixedBytes([5; 32]),
        deadline: Timestamp(1_800_000_000_001),
        actions: vec![
            Action::TokenDiff(TokenDiff {
                diff,
                memo: None,
                referral: None,
            }),
            Action::Transfer(Transfer {
                receiver: bob,
                tokens,
                memo,
            }),
            Action::FtWithdraw(FtWithdraw {
                token: contract,
                receiver: "carol.near".parse().unwrap(),
                amount: amount(2),
                memo: None,
                msg,
            }),
            Action::NativeWithdraw(NativeWithdraw {
                receiver: "carol.near".parse().unwrap(),
                amount: amount(3),
            }),
        ],
        solvers: Some(vec!["solver.near".parse().unwrap()]),
    }
}

fn authorisation() -> Authorisation {
    Authorisation::RawEd25519 {
        payload: "{}".to_owned(),
        public_key: PublicKey::of(&secret()),
        signature: Signature::sign(&secret(), b"{}"),
    }
}

fn quote() -> Quote {
    Quote {
        auction: [1; 32].into(),
        round: Round(3),
        solver: "solver.near".parse().unwrap(),
        key: PublicKey::of(&secret()),
        pair: pair(),
        tiers: vec![Tier {
            up_to: amount(10),
            rate: Rate {
                out: amount(2),
                per: amount(1),
            },
        }],
        capacity: amount(10),
        minimum_fill: amount(1),
        expires: Timestamp(1_800_000_000_000),
    }
}

fn acknowledgement() -> Acknowledgement {
    Acknowledgement {
        auction: [1; 32].into(),
        epoch: Epoch(0),
        envelope: id(4),
        round: Round(3),
    }
}

fn report() -> Report {
    Report {
        auction: [1; 32].into(),
        epoch: Epoch(0),
        round: Round(3),
        slot: Slot(7),
        intents: vec![id(4), id(5)],
        quotes: vec![id(6)],
    }
}

fn signed<T: Schema>(body: T) -> Signed<T> {
    Signed::new(body, MemberIndex(1), &secret())
}

fn close() -> Close {
    Close {
        auction: [1; 32].into(),
        round: Round(3),
        slot: Slot(7),
        closed_at: Timestamp(1_800_000_000_000),
        key: [2; 32].into(),
        epoch: Epoch(0),
        rules: [3; 32].into(),
        previous: Close::GENESIS,
        reports: vec![signed(report()).id()],
        intents: vec![id(4), id(5)],
        quotes: vec![id(6)],
    }
}

fn fill() -> Fill {
    let kind = FillKind::Swap {
        quote: id(6),
        solver: "solver.near".parse().unwrap(),
        pair: pair(),
        amount_in: amount(10),
        amount_out: amount(20),
        surplus: amount(1),
        paid: amount(21),
    };
    let movement = |units| Movement {
        account: "alice.near".parse().unwrap(),
        asset: pair().give,
        delta: Delta::new(units).unwrap(),
    };
    let outflow = |units| {
        vec![Outflow {
            asset: pair().give,
            amount: amount(units),
        }]
    };
    Fill {
        intent: id(4),
        account: "alice.near".parse().unwrap(),
        kind,
        movements: vec![movement(-10)],
        fees: outflow(1),
        withdrawals: outflow(9),
    }
}

fn allocation() -> Allocation {
    let pass_through = Fill {
        kind: FillKind::PassThrough,
        ..fill()
    };
    Allocation {
        auction: [1; 32].into(),
        epoch: Epoch(0),
        round: Round(3),
        close: close().digest(),
        order: [9; 32].into(),
        terms: [10; 32].into(),
        fills: vec![fill(), pass_through],
        unfilled: unfilled(),
        void: void(),
        alarm: None,
    }
}

/// Every alarm that an allocation may carry, which carries one at most.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Alarms(Vec<Breach>);
crate::schema!(Alarms, "sealbid.test.alarms", 1, 4096);

fn settlement() -> SignedSettlement {
    let settlement = Settlement {
        auction: [1; 32].into(),
        epoch: Epoch(0),
        round: Round(3),
        close: close().digest(),
        allocation: allocation().digest(),
        terms: [10; 32].into(),
        fills: vec![SettledFill {
            fill: fill(),
            authorisation: authorisation(),
        }],
        unfilled: unfilled(),
        void: void(),
        flow: vec![Outflow {
            asset: pair().give,
            amount: amount(5),
        }],
    };
    SignedSettlement {
        settlement,
        signature: FixedBytes([11; 96]),
    }
}

fn record() -> RoundRecord {
    let nonce = UsedNonce {
        account: "alice.near".parse().unwrap(),
        nonce: FixedBytes([5; 32]),
        round: Round(1),
    };
    let point = UsedU {
        u: FixedBytes([8; 96]),
        envelope: id(1),
        round: Round(1),
    };
    RoundRecord {
        close: close(),
        certificate: CertificateBytes {
            view: View(1),
            signature: FixedBytes([12; 96]),
        },
        reports: vec![signed(report())],
        envelopes: vec![intent(), quote_envelope()],
        ancestry: Ancestry {
            listed: vec![id(3)],
            nonces: vec![nonce],
            points: vec![point],
        },
        order: FixedBytes([13; 96]),
        openings: vec![Opening {
            envelope: id(4),
            part: Part::Terms,
            z: FixedBytes([14; 96]),
        }],
        allocation: allocation(),
        allocation_certificate: CertificateBytes {
            view: View(1),
            signature: FixedBytes([15; 96]),
        },
        settlement: settlement(),
    }
}

fn rules() -> Rules {
    Rules {
        clearing: ClearingRule::BestQuote,
        fee_pips: 1,
        verifying_contract: "intents.near".parse().unwrap(),
        most_intents: 8_192,
        most_quotes: 512,
    }
}

/// A sample's line, after it has gone through both encodings and back.
fn line<T: Schema + PartialEq + Debug>(value: &T) -> String {
    let bytes = encode(value);
    assert_eq!(&decode::<T>(&bytes).unwrap(), value, "{}", T::SCHEMA);
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(
        &serde_json::from_str::<T>(&json).unwrap(),
        value,
        "{}",
        T::SCHEMA
    );
    refuses_changes::<T>(&bytes);
    format!("{} {}", T::SCHEMA, HEXLOWER.encode(&bytes))
}

/// A tail, a cut, another type's prefix and another version's are each refused for what they are.
fn refuses_changes<T: Schema + Debug>(bytes: &[u8]) {
    let tail = [bytes, &[0]].concat();
    assert!(
        matches!(
            decode::<T>(&tail),
            Err(DecodeError::NotCanonical { .. } | DecodeError::Oversize { .. })
        ),
        "{}",
        T::SCHEMA
    );
    let (cut, _) = bytes.split_at(bytes.len() - 1);
    assert!(
        matches!(decode::<T>(cut), Err(DecodeError::Malformed { .. })),
        "{}",
        T::SCHEMA
    );
    let mut other = bytes.to_vec();
    other[0] ^= 1;
    assert!(
        matches!(decode::<T>(&other), Err(DecodeError::Schema { .. })),
        "{}",
        T::SCHEMA
    );
    refuses_older_versions::<T>(bytes);
}

/// What another version wrote is refused as that, by its number.
fn refuses_older_versions<T: Schema + Debug>(bytes: &[u8]) {
    let SchemaName { version, .. } = T::SCHEMA;
    for found in (1..version).chain([version + 1]) {
        let written = SchemaName {
            version: found,
            ..T::SCHEMA
        };
        let other = [&written.prefix(), &bytes[PREFIX_BYTES..]].concat();
        let refused = DecodeError::Version {
            schema: T::SCHEMA.name,
            version,
            found,
        };
        assert_eq!(decode::<T>(&other).unwrap_err(), refused);
    }
}

fn samples() -> Vec<String> {
    let statement = Statement::Close {
        auction: [1; 32].into(),
        epoch: Epoch(0),
        round: Round(3),
        view: View(1),
        close: close().digest(),
    };
    let public = PublicIntent::new(id(4), &header(Kind::Intent), Round(3));
    let receipt = Receipt {
        envelope: id(4),
        acknowledgements: vec![signed(acknowledgement())],
    };
    vec![
        line(&intent()),
        line(&quote_envelope()),
        line(&part(8)),
        line(&terms()),
        line(&authorisation()),
        line(&quote()),
        line(&SignedQuote::new(quote(), &secret())),
        line(&acknowledgement()),
        line(&signed(acknowledgement())),
        line(&receipt),
        line(&report()),
        line(&signed(report())),
        line(&close()),
        line(&statement),
        line(&allocation()),
        line(&Alarms(alarms())),
        line(&settlement().settlement),
        line(&settlement()),
        line(&record()),
        line(&rules()),
        line(&public),
        line(&signed(public.clone())),
        line(&Request::Submit(Blob::from(vec![1, 2, 3]))),
        line(&Request::Rounds {
            from: Round(1),
            count: 2,
        }),
        line(&Response::Receipt(receipt)),
        line(&Response::Record(Box::new(record()))),
        line(&Response::Refused(Refusal {
            code: RefusalCode::StoreUnreadable,
            message: "the disk".to_owned(),
        })),
        line(&Request::Evidence),
        line(&Response::Evidence(vec![Blob::from(vec![1, 2, 3])])),
        line(&Response::Refused(Refusal {
            code: RefusalCode::RecordGone,
            message: "long ago".to_owned(),
        })),
    ]
}

#[test]
fn encodings_are_frozen() {
    let samples = samples();
    let frozen: Vec<&str> = FROZEN.lines().collect();
    let changed: Vec<_> = samples
        .iter()
        .enumerate()
        .filter(|(at, line)| frozen.get(*at) != Some(&line.as_str()))
        .map(|(_, line)| line.as_str())
        .collect();
    assert!(changed.is_empty(), "not as frozen:\n{}", changed.join("\n"));
    assert_eq!(frozen.len(), samples.len());
}

#[test]
fn no_two_schemas_share_a_prefix() {
    let names: std::collections::BTreeSet<_> = FROZEN
        .lines()
        .filter_map(|line| line.split_once(" v").map(|(name, _)| name))
        .collect();
    let prefixes: std::collections::BTreeSet<_> = FROZEN
        .lines()
        .filter_map(|line| line.rsplit_once(' ').and_then(|(_, hex)| hex.get(..16)))
        .collect();
    assert_eq!(names.len(), prefixes.len());
}

#[test]
fn a_record_is_taken_out_of_an_answer_unread() {
    let answer = Response::Record(Box::new(record()));
    assert_eq!(
        crate::door::record_bytes(&encode(&answer)),
        Some(encode(&record()))
    );
    let receipt = Receipt {
        envelope: id(4),
        acknowledgements: Vec::new(),
    };
    let other = encode(&Response::Receipt(receipt));
    assert_eq!(crate::door::record_bytes(&other), None);
    assert_eq!(
        crate::door::record_bytes(&encode(&record())),
        None,
        "no answer"
    );
}
