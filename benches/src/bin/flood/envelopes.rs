//! What attackers send.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use rayon::prelude::*;
use sealbid_benches::Fallible;
use sealbid_benches::house::traders;
use sealbid_client::Client;
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use sealbid_types::door::Request;
use sealbid_types::envelope::Envelope;
use serde::{Deserialize, Serialize};

/// The accounts of the many keys, that of the one, and that of what is spoilt.
const OF_MANY: u32 = u32::MAX - 1;
const OF_ONE: u32 = u32::MAX - 2;
const OF_NOBODY: u32 = u32::MAX - 3;
/// How many envelopes those that are spoilt are made of.
const TEMPLATES: u32 = 64;

/// What is wrong with an envelope, if anything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Nothing; each is of another key.
    OfManyKeys,
    /// Nothing; all are of one key.
    OfOneKey,
    /// It was moved under another label and signed for that: its proofs do not hold.
    BadProof,
    /// A changed byte: its signature does not hold.
    BadSignature,
    /// As long as one, of arbitrary bytes.
    Garbage,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::OfManyKeys,
        Self::OfOneKey,
        Self::BadProof,
        Self::BadSignature,
        Self::Garbage,
    ];

    /// That of the `nth` request: all kinds are sent alike.
    pub(crate) fn of(nth: usize) -> Self {
        let kind = Self::ALL.get(nth % Self::ALL.len());
        kind.copied().unwrap_or(Self::Garbage)
    }
}

/// What is sent. Envelopes that are in order take a trader's arithmetic to make: they are made
/// before, and sent again once all were sent. The others are made as they are sent, each anew, so that
/// no member knows one already.
pub(crate) struct Envelopes {
    of_many: Vec<Bytes>,
    of_one: Vec<Bytes>,
    /// Never sent as they are: a member that had them would refuse those made of them by their points.
    templates: Vec<Envelope>,
    secret: SigningKey,
}

impl Envelopes {
    /// So many of those that are in order, of each of both kinds.
    pub(crate) async fn sealed(client: &Arc<Client>, count: u32) -> Fallible<Self> {
        let (client, window) = (Arc::clone(client), traders::window(client).await?);
        let sealing = move || {
            let seal = |batch: u32, account: u32| {
                traders::sealed(&client, &traders::trader(batch, account), window)
            };
            let all = |one: &(dyn Fn(u32) -> Fallible<Envelope> + Sync), count: u32| {
                let all = (0..count).into_par_iter().map(one);
                all.collect::<Fallible<Vec<_>>>()
            };
            let requests =
                |envelopes: Vec<Envelope>| envelopes.iter().map(encode).map(submit).collect();
            Fallible::Ok(Self {
                of_many: requests(all(&|number| seal(OF_MANY, number), count)?),
                of_one: requests(all(&|_| seal(OF_ONE, 0), count)?),
                templates: all(&|_| seal(OF_NOBODY, 0), TEMPLATES)?,
                secret: traders::secret(OF_NOBODY, 0),
            })
        };
        tokio::task::spawn_blocking(sealing).await?
    }

    /// The `nth` request of this kind.
    pub(crate) fn get(&self, kind: Kind, nth: usize) -> Option<Bytes> {
        match kind {
            Kind::OfManyKeys => nth_of(&self.of_many, nth),
            Kind::OfOneKey => nth_of(&self.of_one, nth),
            Kind::BadProof => Some(submit(self.moved(nth)?)),
            Kind::BadSignature => {
                let mut spoilt = self.moved(nth)?;
                *spoilt.last_mut()? ^= 1;
                Some(submit(spoilt))
            }
            Kind::Garbage => Some(submit(noise(nth, self.moved(nth)?.len()))),
        }
    }

    /// The parts of one under a header that they were not sealed for, signed by its submitter.
    fn moved(&self, nth: usize) -> Option<Vec<u8>> {
        let Envelope {
            mut header, sealed, ..
        } = nth_of(&self.templates, nth)?;
        let later = u64::try_from(nth).ok()?.saturating_add(1);
        header.expires = header.expires.plus(Duration::from_millis(later));
        Some(encode(&Envelope::sign(header, sealed, &self.secret)))
    }
}

/// The `nth` of them, from the first on again after the last; none of none.
fn nth_of<T: Clone>(all: &[T], nth: usize) -> Option<T> {
    all.get(nth.checked_rem(all.len())?).cloned()
}

fn submit(envelope: Vec<u8>) -> Bytes {
    encode(&Request::Submit(Blob::from(envelope))).into()
}

/// Arbitrary bytes, others for each number.
fn noise(number: usize, length: usize) -> Vec<u8> {
    let mut noise = vec![0; length];
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&number.to_le_bytes())
        .finalize_xof()
        .fill(&mut noise);
    noise
}
