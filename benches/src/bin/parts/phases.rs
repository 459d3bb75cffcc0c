//! The phases of an envelope's life, each timed over a whole batch.
//!
//! What is timed is what a house runs (`seal`, `check_batch`, `share_all` and `open` of
//! `sealbid-crypto`), a whole batch at a time.

use core::hint::black_box;
use std::collections::BTreeMap;
use std::time::Instant;

use ed25519_dalek::SigningKey;
use sealbid_benches::Fallible;
use sealbid_benches::committee::Committee;
use sealbid_benches::unit::unit;
use sealbid_crypto::{BatchSecret, CheckedEnvelope, CheckedPart, check_batch, open, seal};
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed, SealedPart};
use sealbid_types::id::Round;
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Metadata;
use sealbid_types::time::Timestamp;

/// Times of one run, in microseconds.
pub(crate) struct Run {
    /// One constant-time multiplication of G1.
    pub(crate) unit: f64,
    /// Terms alone, with their label.
    seal_part: f64,
    /// Both parts, their labels, and the envelope's signature.
    seal_intent: f64,
    /// The points and proofs of both parts. The submitter's signature, which the gate checks too,
    /// is not in it.
    admit_intent: f64,
    /// One member's share of the terms: made before the close.
    share_part: f64,
    /// From a quorum's shares to the plaintext of the terms.
    open_part: f64,
}

/// A line of the result.
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    /// Its time in a run.
    pub(crate) of: fn(&Run) -> f64,
    /// The most units it may take.
    pub(crate) mark: Option<f64>,
}

const fn phase(name: &'static str, mark: Option<f64>, of: fn(&Run) -> f64) -> Phase {
    Phase { name, of, mark }
}

/// What is shown, in this order.
pub(crate) const PHASES: [Phase; 6] = [
    // The unit first, so that the table says what it is worth here.
    phase("G1 multiplication", None, |run| run.unit),
    phase("seal, an intent", None, |run| run.seal_intent),
    phase("seal, a part", None, |run| run.seal_part),
    phase("admit in a batch, an intent", Some(2.5), |run| {
        run.admit_intent
    }),
    phase("share, a part", None, |run| run.share_part),
    phase("open, a part", Some(2.0), |run| run.open_part),
];

impl Run {
    /// Measures everything once, on the thread it is called on.
    pub(crate) fn measure(committee: &Committee, count: u32, size: usize) -> Fallible<Self> {
        // Of this very run: a machine that changes its pace changes the unit as well.
        let unit = unit()?;
        let plaintext = vec![0x5a; size];
        let (seal_part, ()) = timed(count, || seal_terms(committee, count, &plaintext))?;
        let (seal_intent, envelopes) = timed(count, || intents(committee, count, &plaintext))?;
        // Fixed, so that runs repeat. A member draws its own.
        let secret = BatchSecret::new([0xba; 32]);
        let references: Vec<&Envelope> = envelopes.iter().collect();
        let (admit_intent, checked) = timed(count, || Ok(check_batch(&references, &secret)))?;
        // Outside of what was timed: an envelope that is refused ends the benchmark.
        let checked = checked.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (share_part, open_part) = share_and_open(committee, &checked, count, &secret)?;
        Ok(Self {
            unit,
            seal_part,
            seal_intent,
            admit_intent,
            share_part,
            open_part,
        })
    }
}

/// Microseconds for each of `count`, and the result.
fn timed<T>(count: u32, work: impl FnOnce() -> Fallible<T>) -> Fallible<(f64, T)> {
    let started = Instant::now();
    let result = work()?;
    let micros = started.elapsed().as_secs_f64() * 1e6;
    Ok((micros / f64::from(count), result))
}

/// Another one for each part of each envelope, the same in every run.
fn entropy(number: u32, part: u8) -> [u8; 32] {
    let mut entropy = [part; 32];
    let (start, _) = entropy.split_at_mut(4);
    start.copy_from_slice(&number.to_le_bytes());
    entropy
}

/// What it says does not matter here, but that it is an intent's.
fn header(submitter: &SigningKey) -> Header {
    Header {
        protocol: PROTOCOL,
        kind: Kind::Intent,
        auction: [1; 32].into(),
        key: [2; 32].into(),
        first: Round(1),
        last: Round(1),
        expires: Timestamp(1),
        metadata: Metadata::NOTHING,
        submitter: PublicKey::of(submitter),
    }
}

/// Each is dropped at once, so that memory is not what is timed.
fn seal_terms(committee: &Committee, count: u32, plaintext: &[u8]) -> Fallible<()> {
    let account = SigningKey::from_bytes(&[9; 32]);
    let header = header(&account);
    for number in 0..count {
        black_box(terms(committee, &header, number, plaintext, &account)?);
    }
    Ok(())
}

fn terms(
    committee: &Committee,
    header: &Header,
    number: u32,
    plaintext: &[u8],
    account: &SigningKey,
) -> Fallible<SealedPart> {
    let label = header.label(Part::Terms, None);
    let entropy = entropy(number, 0);
    Ok(seal(
        &committee.keys,
        &label,
        plaintext,
        &entropy,
        account.as_bytes(),
    )?)
}

/// Whole envelopes, with the submitter's signature.
fn intents(committee: &Committee, count: u32, plaintext: &[u8]) -> Fallible<Vec<Envelope>> {
    let account = SigningKey::from_bytes(&[9; 32]);
    (0..count)
        .map(|number| intent(committee, number, plaintext, &account))
        .collect()
}

fn intent(
    committee: &Committee,
    number: u32,
    plaintext: &[u8],
    account: &SigningKey,
) -> Fallible<Envelope> {
    let header = header(account);
    let terms = terms(committee, &header, number, plaintext, account)?;
    // It names its own terms, as every authorisation does.
    let label = header.label(Part::Authorisation, Some(terms.terms_digest()));
    let authorisation = seal(
        &committee.keys,
        &label,
        plaintext,
        &entropy(number, 1),
        account.as_bytes(),
    )?;
    let sealed = Sealed::Intent {
        terms,
        authorisation,
    };
    Ok(Envelope::sign(header, sealed, account))
}

/// The terms of the whole batch, from each member's share of them to the plaintexts.
fn share_and_open(
    committee: &Committee,
    checked: &[CheckedEnvelope],
    count: u32,
    secret: &BatchSecret,
) -> Fallible<(f64, f64)> {
    let parts: Vec<&CheckedPart> = checked
        .iter()
        .filter_map(|envelope| envelope.part(Part::Terms))
        .collect();
    // Shares are given away against a certificate alone.
    let certificate = committee.certify(&parts)?;
    let (mut shares, mut microseconds) = (BTreeMap::new(), 0.0);
    for share in committee.quorum() {
        let (micros, pending) = timed(count, || Ok(share.share_all(&parts)))?;
        // The last one's: they do the same.
        microseconds = micros;
        // Beside the clock: what it takes to give shares away is measured by `opening`.
        let released = pending
            .iter()
            .map(|pending| pending.release(&certificate).map(|share| share.value))
            .collect::<Result<Vec<_>, _>>()?;
        shares.insert(share.member(), released);
    }
    let opening = || Ok(open(&committee.keys, &parts, &shares, secret)?);
    let (open_part, opened) = timed(count, opening)?;
    // One that failed would be fast.
    match opened.parts.iter().all(|part| part.content.is_ok()) {
        true => Ok((microseconds, open_part)),
        false => Err("a part that was sealed here does not open".into()),
    }
}
