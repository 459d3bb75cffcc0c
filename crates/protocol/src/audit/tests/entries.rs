//! What traders and solvers seal.

use ed25519_dalek::SigningKey;
use sealbid_crypto::seal;
use sealbid_near::authorisation::authorise;
use sealbid_types::amount::{Amount, Delta};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::{Schema, encode};
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed, SealedPart};
use sealbid_types::id::Round;
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::{Metadata, Pair};
use sealbid_types::quote::{Quote, Rate, SignedQuote, Tier};
use sealbid_types::record::UsedNonce;
use sealbid_types::terms::{Action, Authorisation, Terms, TokenDiff, Transfer};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use super::house::House;

impl House {
    fn header(
        &self,
        kind: Kind,
        submitter: &SigningKey,
        rounds: (u64, u64),
        expires: u64,
    ) -> Header {
        Header {
            protocol: PROTOCOL,
            kind,
            auction: self.committee.auction,
            key: self.committee.key,
            first: Round(rounds.0),
            last: Round(rounds.1),
            expires: Timestamp(expires),
            metadata: Metadata::NOTHING,
            submitter: PublicKey::of(submitter),
        }
    }

    fn seal<T: Schema>(&self, label: &[u8], value: &T, entropy: u8) -> SealedPart {
        seal(
            &self.keys,
            label,
            &encode(value),
            &[entropy; 32],
            b"account",
        )
        .unwrap()
    }

    /// An intent of `who`, authorised by the key of `signer`.
    pub(crate) fn intent(&self, who: u8, signer: u8, terms: &Terms, expires: u64) -> Envelope {
        let header = self.header(Kind::Intent, &trader_key(who), (1, 9), expires);
        let sealed_terms = self.seal(&header.label(Part::Terms, None), terms, who);
        let label = header.label(Part::Authorisation, Some(sealed_terms.terms_digest()));
        let contract = &self.committee.rules.verifying_contract;
        let signed: Authorisation = authorise(terms, contract, &trader_key(signer));
        let authorisation = self.seal(&label, &signed, who);
        let sealed = Sealed::Intent {
            terms: sealed_terms,
            authorisation,
        };
        Envelope::sign(header, sealed, &trader_key(who))
    }

    /// A quote of `who`: `out` for each thousand.
    pub(crate) fn quote(&self, who: u8, round: u64, out: i128) -> Envelope {
        let key = trader_key(who);
        let quote = Quote {
            auction: self.committee.auction,
            round: Round(round),
            solver: account(who),
            key: PublicKey::of(&key),
            pair: pair(),
            tiers: vec![Tier {
                up_to: amount(1 << 60),
                rate: Rate {
                    out: amount(out),
                    per: amount(1000),
                },
            }],
            capacity: amount(1 << 60),
            minimum_fill: Amount::ZERO,
            expires: Timestamp(u64::MAX).min(sealbid_types::time::LAST),
        };
        let header = self.header(Kind::Quote, &key, (round, round), 1 << 40);
        let label = header.label(Part::Quote, None);
        let sealed = Sealed::Quote(self.seal(&label, &SignedQuote::new(quote, &key), who));
        Envelope::sign(header, sealed, &key)
    }
}

pub(crate) fn trader_key(who: u8) -> SigningKey {
    SigningKey::from_bytes(&[who; 32])
}

pub(crate) fn account(who: u8) -> AccountId {
    PublicKey::of(&trader_key(who)).implicit_account().unwrap()
}

pub(crate) fn amount(units: i128) -> Amount {
    Amount::new(units).unwrap()
}

fn pair() -> Pair {
    Pair {
        give: "nep141:usdc.near".parse().unwrap(),
        want: "nep141:wrap.near".parse().unwrap(),
    }
}

fn terms(who: u8, nonce: u8, action: Action) -> Terms {
    Terms {
        account: account(who),
        nonce: FixedBytes([nonce; 32]),
        deadline: Timestamp(1 << 40),
        actions: vec![action],
        solvers: None,
    }
}

pub(crate) fn swap(who: u8, nonce: u8, give: i128, want: i128) -> Terms {
    let delta = |units| Delta::new(units).unwrap();
    let diff = [(pair().give, delta(-give)), (pair().want, delta(want))].into();
    terms(
        who,
        nonce,
        Action::TokenDiff(TokenDiff {
            diff,
            memo: None,
            referral: None,
        }),
    )
}

pub(crate) fn transfer(who: u8, to: u8, units: i128) -> Terms {
    let tokens = [(pair().give, amount(units))].into();
    let transfer = Transfer {
        receiver: account(to),
        tokens,
        memo: None,
    };
    terms(who, 0, Action::Transfer(transfer))
}

pub(crate) fn used(who: u8, nonce: u8, round: u64) -> UsedNonce {
    UsedNonce {
        account: account(who),
        nonce: FixedBytes([nonce; 32]),
        round: Round(round),
    }
}
