//! Traders and solvers of a simulation: what they sign and seal.
//!
//! They stand for `crates/client`. Hostile clients are made of them in `adversary/crowd.rs` and
//! `adversary/shared_u.rs`. Entropy is drawn, so that a person seals the same bytes in each run of
//! a seed.

use std::collections::BTreeMap;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use sealbid_crypto::seal;
use sealbid_near::nonce::versioned;
use sealbid_near::signed::SignedIntent;
use sealbid_types::amount::{Amount, Delta};
use sealbid_types::codec::{Schema, encode};
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed, SealedPart};
use sealbid_types::id::{Round, TermsPartDigest};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::{Disclosure, Metadata, Pair};
use sealbid_types::quote::{Quote, Rate, SignedQuote, Tier};
use sealbid_types::terms::{Action, Terms, TokenDiff};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use super::fixture::{Fixture, START};
use crate::world::Draws;

/// The pair that everybody trades.
#[must_use]
pub fn pair() -> Pair {
    Pair {
        give: "nep141:usdc.near".parse().unwrap(),
        want: "nep141:wrap.near".parse().unwrap(),
    }
}

/// Somebody with a key.
pub struct Person {
    secret: SigningKey,
    draws: Draws,
    /// How long after the start what it seals expires.
    pub lasts: Duration,
}

impl Person {
    /// The person of this number.
    /// Two of one seed and number are the same person, who draws the same again: sealing the same
    /// gives the same envelope.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        let mut draws = Draws::new(seed, &format!("person {number}"));
        Self {
            secret: SigningKey::from_bytes(&draws.bytes()),
            draws,
            lasts: Duration::from_secs(3_600),
        }
    }

    /// The implicit account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        PublicKey::of(&self.secret).implicit_account().unwrap()
    }

    /// Signs changed sealed parts anew.
    #[must_use]
    pub fn reseal(&self, envelope: &Envelope, change: impl FnOnce(&mut Sealed)) -> Envelope {
        let mut sealed = envelope.sealed.clone();
        change(&mut sealed);
        Envelope::sign(envelope.header.clone(), sealed, &self.secret)
    }

    /// Signs a changed public part anew, around the same sealed parts: their proofs are of the old
    /// one, so that the gate refuses it.
    #[must_use]
    pub fn relabel(&self, envelope: &Envelope, change: impl FnOnce(&mut Header)) -> Envelope {
        let mut header = envelope.header.clone();
        change(&mut header);
        Envelope::sign(header, envelope.sealed.clone(), &self.secret)
    }

    pub(super) const fn secret(&self) -> &SigningKey {
        &self.secret
    }

    pub(super) fn header(&self, house: &Fixture, kind: Kind, first: Round, last: Round) -> Header {
        Header {
            protocol: PROTOCOL,
            kind,
            auction: house.committee.auction,
            key: house.committee.key,
            first,
            last,
            expires: START.plus(self.lasts),
            metadata: Metadata {
                disclosure: Disclosure::Pair(pair()),
                size: None,
            },
            submitter: PublicKey::of(&self.secret),
        }
    }

    fn seal<T: Schema>(
        &mut self,
        house: &Fixture,
        header: &Header,
        part: Part,
        terms: Option<TermsPartDigest>,
        value: &T,
    ) -> SealedPart {
        let label = header.label(part, terms);
        let entropy = self.draws.bytes();
        seal(
            &house.keys,
            &label,
            &encode(value),
            &entropy,
            self.secret.as_bytes(),
        )
        .unwrap()
    }

    /// A sealed swap of `give` for at least `want`, alive for `rounds` rounds from `first` on.
    pub fn swap(
        &mut self,
        house: &Fixture,
        give: i128,
        want: i128,
        first: Round,
        rounds: u64,
    ) -> Envelope {
        let expires = START.plus(self.lasts);
        self.swap_until(house, give, want, (first, rounds), expires)
    }

    /// The same, for rounds that close by `expires`.
    pub fn swap_until(
        &mut self,
        house: &Fixture,
        give: i128,
        want: i128,
        (first, rounds): (Round, u64),
        expires: Timestamp,
    ) -> Envelope {
        // Later than the run: what expires here is the envelope, by its header.
        let deadline = START.plus(self.lasts.max(Duration::from_secs(3_600)));
        let mut random = [0; 15];
        random.copy_from_slice(&self.draws.bytes()[..15]);
        let Pair {
            give: asset_in,
            want: asset_out,
        } = pair();
        let diff = BTreeMap::from([
            (asset_in, Delta::new(-give).unwrap()),
            (asset_out, Delta::new(want).unwrap()),
        ]);
        let terms = Terms {
            account: self.account(),
            // The salt is of zeros: the Verifier's is not known here (docs/protocol.md, section
            // 8).
            nonce: versioned([0; 4], deadline, random),
            deadline,
            actions: vec![Action::TokenDiff(TokenDiff {
                diff,
                memo: None,
                referral: None,
            })],
            solvers: None,
        };
        let contract = &house.committee.rules.verifying_contract;
        let signed = SignedIntent::new(terms, contract, &self.secret).unwrap();
        let last = Round(first.0 + rounds - 1);
        let header = Header {
            expires,
            ..self.header(house, Kind::Intent, first, last)
        };
        let terms = self.seal(house, &header, Part::Terms, None, &signed.terms);
        // The terms first: the authorisation's label names the sealed terms (docs/protocol.md
        // 3.1).
        let digest = Some(terms.terms_digest());
        let authorisation = self.seal(
            house,
            &header,
            Part::Authorisation,
            digest,
            &signed.authorisation,
        );
        Envelope::sign(
            header,
            Sealed::Intent {
                terms,
                authorisation,
            },
            &self.secret,
        )
    }

    /// A sealed quote for one round: `out` for each `per`, for amounts up to `capacity`.
    pub fn quote(
        &mut self,
        house: &Fixture,
        round: Round,
        out: i128,
        per: i128,
        capacity: i128,
    ) -> Envelope {
        let amount = |units| Amount::new(units).unwrap();
        let quote = Quote {
            auction: house.committee.auction,
            round,
            solver: self.account(),
            key: PublicKey::of(&self.secret),
            pair: pair(),
            tiers: vec![Tier {
                up_to: amount(capacity),
                rate: Rate {
                    out: amount(out),
                    per: amount(per),
                },
            }],
            capacity: amount(capacity),
            minimum_fill: amount(1),
            expires: START.plus(Duration::from_secs(3_600)),
        };
        let header = self.header(house, Kind::Quote, round, round);
        let signed = SignedQuote::new(quote, &self.secret);
        let part = self.seal(house, &header, Part::Quote, None, &signed);
        Envelope::sign(header, Sealed::Quote(part), &self.secret)
    }
}
