//! This repository's engine, by the functions that a house uses.
//!
//! A ciphertext is the one sealed part of a quote's envelope: as much as an intent's terms.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sealbid_benches::Outcome;
use sealbid_benches::committee::Committee;
use sealbid_crypto::{
    BatchSecret, CheckedPart, CloseCertificate, KeyShare, Opened as OpenedParts, PendingShare,
    check_batch, open, seal,
};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed, SealedPart};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Metadata;
use sealbid_types::time::Timestamp;

use crate::engine::{Engine, Opened, Setting, Times, timed};

pub(crate) const NAME: &str = "sealbid";

pub(crate) const ENGINE: Engine = Engine {
    name: NAME,
    stays_sealed: "the rest",
    labelled: "yes",
    most: u32::MAX,
    run: |setting, plaintexts| setting.pool.install(|| run(setting, plaintexts)),
};

/// Each member's shares of all parts.
type Shares = BTreeMap<MemberIndex, Vec<FixedBytes<96>>>;

fn run(setting: &Setting<'_>, plaintexts: &[Vec<u8>]) -> Outcome<Opened> {
    let count = plaintexts.len();
    let committee = Committee::deal(setting.n, setting.q)?;
    let account = SigningKey::from_bytes(&[9; 32]);
    let header = header(&account);
    let (seal, sealed) = timed(count, || {
        seal_all(&committee, &header, plaintexts, &account)
    })?;
    let envelopes = envelopes(&header, sealed, &account);
    let references: Vec<&Envelope> = envelopes.iter().collect();
    let secret = BatchSecret::new([0xba; 32]);
    let (admit, checked) = timed(count, || Ok(check_batch(&references, &secret)))?;
    let checked = checked.into_iter().collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<&CheckedPart> = checked
        .iter()
        .filter_map(|envelope| envelope.part(Part::Quote))
        .collect();
    let certificate = committee.certify(&parts)?;
    let (share, release, shares) = share_all(&committee, &parts, &certificate)?;
    let opening = || Ok(open(&committee.keys, &parts, &shares, &secret)?);
    let (opening_time, opened) = timed(count, opening)?;
    let times = Times {
        seal,
        admit,
        share,
        open: release + opening_time,
        open_on_two: Some(release + on_two_threads(count, opening)?),
        share_admits: false,
    };
    let plaintexts = contents(&opened)?;
    Ok(Opened { times, plaintexts })
}

/// Of a quote: the header is not part of what is measured, its length is that of a real one.
fn header(submitter: &SigningKey) -> Header {
    Header {
        protocol: PROTOCOL,
        kind: Kind::Quote,
        auction: [1; 32].into(),
        key: [2; 32].into(),
        first: Round(1),
        last: Round(1),
        expires: Timestamp(1),
        metadata: Metadata::NOTHING,
        submitter: PublicKey::of(submitter),
    }
}

fn seal_all(
    committee: &Committee,
    header: &Header,
    plaintexts: &[Vec<u8>],
    account: &SigningKey,
) -> Outcome<Vec<SealedPart>> {
    let mut sealed = Vec::with_capacity(plaintexts.len());
    for (number, plaintext) in (0u64..).zip(plaintexts) {
        let label = header.label(Part::Quote, None);
        let mut entropy = [0; 32];
        let (start, _) = entropy.split_at_mut(8);
        start.copy_from_slice(&number.to_le_bytes());
        let keys = &committee.keys;
        sealed.push(seal(keys, &label, plaintext, &entropy, account.as_bytes())?);
    }
    Ok(sealed)
}

fn envelopes(header: &Header, sealed: Vec<SealedPart>, account: &SigningKey) -> Vec<Envelope> {
    let envelope = |part| Envelope::sign(header.clone(), Sealed::Quote(part), account);
    sealed.into_iter().map(envelope).collect()
}

/// A member's time to make its shares and to release them, each the mean of q members, and all
/// that those released.
fn share_all(
    committee: &Committee,
    parts: &[&CheckedPart],
    certificate: &CloseCertificate,
) -> Outcome<(f64, f64, Shares)> {
    let (mut making, mut releasing, mut shares) = (0.0, 0.0, BTreeMap::new());
    for member in committee.quorum() {
        let (made, pending) = timed(parts.len(), || Ok(KeyShare::share_all(member, parts)))?;
        let (released, values) = timed(parts.len(), || release(&pending, certificate))?;
        making += made;
        releasing += released;
        shares.insert(member.member(), values);
    }
    let members = shares.len() as f64;
    Ok((making / members, releasing / members, shares))
}

fn release(
    pending: &[PendingShare],
    certificate: &CloseCertificate,
) -> Outcome<Vec<FixedBytes<96>>> {
    let released = pending.iter().map(|share| share.release(certificate));
    Ok(released
        .map(|share| share.map(|share| share.value))
        .collect::<Result<_, _>>()?)
}

/// Microseconds an intent that `opening` takes on two threads, whatever it runs on otherwise.
fn on_two_threads(count: usize, opening: impl Fn() -> Outcome<OpenedParts> + Sync) -> Outcome<f64> {
    let two: ThreadPool = ThreadPoolBuilder::new().num_threads(2).build()?;
    let (micros, _) = two.install(|| timed(count, &opening))?;
    Ok(micros)
}

fn contents(opened: &OpenedParts) -> Outcome<Vec<Vec<u8>>> {
    let contents = opened.parts.iter().map(|part| match &part.content {
        Ok(plaintext) => Ok(plaintext.as_bytes().to_vec()),
        Err(fault) => Err(fault.to_string().into()),
    });
    contents.collect()
}
