//! This repository's engine, by the functions that a house uses.
//!
//! A ciphertext is the one sealed part of a quote's envelope: as much as an intent's terms.
//!
//! Left out are the submitter's ed25519 signature, the certificate's verification and the decoding
//! of messages; padding is not left out. A peer is given everything parsed.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sealbid_benches::Fallible;
use sealbid_benches::committee::Committee;
use sealbid_crypto::{
    BatchSecret, CheckedPart, CloseCertificate, KeyShare, Opened as OpenedParts, PendingShare,
    check_batch, open, prepare, seal,
};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed, SealedPart};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Metadata;
use sealbid_types::time::Timestamp;

use crate::engine::{Cost, Costs, Engine, Opened, Scaling, Setting, best_of_two, timed};

pub(crate) const NAME: &str = "sealbid";

pub(crate) const ENGINE: Engine = Engine {
    name: NAME,
    stays_sealed: "the rest",
    labelled: "yes",
    most: u32::MAX,
    run,
};

/// How many shares tell what a second thread is worth: they take no longer than an opening does.
const SHARED_AT_ONCE: usize = 256;

/// Each member's shares of all parts.
type Shares = BTreeMap<MemberIndex, Vec<FixedBytes<96>>>;

fn run(setting: &Setting<'_>, plaintexts: &[Vec<u8>]) -> Fallible<Opened> {
    let count = plaintexts.len();
    let committee = Committee::deal(setting.n, setting.q)?;
    // Keys, secrets and entropy are fixed, so that runs repeat.
    let account = SigningKey::from_bytes(&[9; 32]);
    let header = header(&account);
    let (seal, sealed) = timed(count, || {
        seal_all(&committee, &header, plaintexts, &account)
    })?;
    let envelopes = envelopes(&header, sealed, &account);
    // What a gate is given: whole envelopes, decoded.
    let references: Vec<&Envelope> = envelopes.iter().collect();
    let secret = BatchSecret::new([0xba; 32]);
    // Points, subgroups, proofs and ids: all that a member checks but the submitter's signature.
    let (admit, checked) = timed(count, || {
        let checked = setting.pool.install(|| check_batch(&references, &secret));
        let mut checked = checked.into_iter().collect::<Result<Vec<_>, _>>()?;
        // Half of the check of openings, which members do at admission too (docs/protocol.md 3.3).
        setting.pool.install(|| prepare(&mut checked, &secret));
        Ok(checked)
    })?;
    let parts: Vec<&CheckedPart> = checked
        .iter()
        .filter_map(|envelope| envelope.part(Part::Quote))
        .collect();
    // A real one: here too no share is given away without.
    let certificate = committee.certify(&parts)?;
    let (share, release, shares) = share_all(setting, &committee, &parts, &certificate)?;
    // By the same secret that admission has used: half of the check was prepared under it.
    let opening = |pool: &ThreadPool| {
        let opened = pool.install(|| open(&committee.keys, &parts, &shares, &secret));
        Ok(opened?)
    };
    let (opening_cost, opened) = timed(count, || opening(setting.pool))?;
    let member = committee.quorum().next().ok_or("nobody shares")?;
    // Shares have nothing in common, so what two threads are worth to them is what they are worth
    // here.
    let (few, _) = parts.split_at(parts.len().min(SHARED_AT_ONCE));
    let costs = Costs {
        seal,
        admit,
        share,
        // Releasing comes after the close, and so belongs to the opening.
        open: release + opening_cost,
        scaling: Some(Scaling::of(count, opening, |pool| {
            Ok(pool.install(|| member.share_all(few)))
        })?),
        share_admits: false,
    };
    let plaintexts = contents(&opened)?;
    Ok(Opened { costs, plaintexts })
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
) -> Fallible<Vec<SealedPart>> {
    let mut sealed = Vec::with_capacity(plaintexts.len());
    for (number, plaintext) in (0u64..).zip(plaintexts) {
        // Made for each of them, as its sealer has to.
        let label = header.label(Part::Quote, None);
        let mut entropy = [0; 32];
        let (start, _) = entropy.split_at_mut(8);
        start.copy_from_slice(&number.to_le_bytes());
        let keys = &committee.keys;
        // The account's secret goes into it as well, as at a trader (docs/protocol.md 3.1).
        sealed.push(seal(keys, &label, plaintext, &entropy, account.as_bytes())?);
    }
    Ok(sealed)
}

/// Not within what is timed: signing is no part of what is compared.
fn envelopes(header: &Header, sealed: Vec<SealedPart>, account: &SigningKey) -> Vec<Envelope> {
    let envelope = |part| Envelope::sign(header.clone(), Sealed::Quote(part), account);
    sealed.into_iter().map(envelope).collect()
}

/// What it takes a member to make its shares and to release them, each the mean of q members, and
/// all that those released.
fn share_all(
    setting: &Setting<'_>,
    committee: &Committee,
    parts: &[&CheckedPart],
    certificate: &CloseCertificate,
) -> Fallible<(Cost, Cost, Shares)> {
    let (mut making, mut releasing) = (Cost::default(), Cost::default());
    let mut shares = BTreeMap::new();
    for member in committee.quorum() {
        // Into memory that is wiped, as a member makes them before the close.
        let (made, pending) = timed(parts.len(), || {
            Ok(setting.pool.install(|| KeyShare::share_all(member, parts)))
        })?;
        let (released, values) = timed(parts.len(), || release(&pending, certificate))?;
        making = making + made;
        releasing = releasing + released;
        shares.insert(member.member(), values);
    }
    // Of the quorum: no other member's share is needed.
    let members = shares.len() as f64;
    Ok((making / members, releasing / members, shares))
}

/// Against the certificate, one by one, as a member gives its shares away.
fn release(
    pending: &[PendingShare],
    certificate: &CloseCertificate,
) -> Fallible<Vec<FixedBytes<96>>> {
    let released = pending.iter().map(|share| share.release(certificate));
    Ok(released
        .map(|share| share.map(|share| share.value))
        .collect::<Result<_, _>>()?)
}

impl Scaling {
    /// Two pools that are alike but for their number of threads take turns.
    fn of<T, S>(
        count: usize,
        open: impl Fn(&ThreadPool) -> Fallible<T>,
        share: impl Fn(&ThreadPool) -> Fallible<S>,
    ) -> Fallible<Self> {
        let (one, two) = (threads(1)?, threads(2)?);
        let ratio = |[one, two]: [Cost; 2]| one.microseconds / two.microseconds;
        let opening = best_of_two(count, [&|| open(&one), &|| open(&two)])?;
        let sharing = best_of_two(count, [&|| share(&one), &|| share(&two)])?;
        Ok(Self {
            open_on_two: opening[1],
            open: ratio(opening),
            share: ratio(sharing),
        })
    }
}

/// So many threads, which have begun.
fn threads(number: usize) -> Fallible<ThreadPool> {
    let threads = ThreadPoolBuilder::new().num_threads(number).build()?;
    threads.broadcast(|_| ());
    Ok(threads)
}

/// What has come out, or the fault of the first part that does not open.
fn contents(opened: &OpenedParts) -> Fallible<Vec<Vec<u8>>> {
    let contents = opened.parts.iter().map(|part| match &part.content {
        Ok(plaintext) => Ok(plaintext.as_bytes().to_vec()),
        Err(fault) => Err(fault.to_string().into()),
    });
    contents.collect()
}
