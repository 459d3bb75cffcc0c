//! Members that pool their key shares before a round is closed, and what comes out.
//!
//! Nothing in the program gives a share away before a certificate of the committee's. But who has
//! the key file has the share, and needs no program's leave. So these members do what is left: they
//! make a committee of their own of which they are a quorum, on the polynomial that runs through
//! their shares. Their committee certifies what they like, and opens it by the very code that any
//! committee opens by. If they are q, it is the committee's own polynomial, and they read
//! everything: that is what a threshold is. If they are fewer, it is another one.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbid_client::audit::batch_secret;
use sealbid_crypto::group::{G1Point, LinearCombination, Scalar, linear_combination_g2};
use sealbid_crypto::{
    CloseCertificate, Combined, CommitteeKeys, Fault, KeyShare, Plaintext, check, open,
};
use sealbid_keygen::MemberKey;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::committee::{Committee, MEMBERS, PublicKeys, ShareKey};
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{MemberIndex, Slot, View};
use sealbid_types::record::RoundRecord;

use crate::exit::Failure;

/// What the shares of an envelope's terms opened to: the terms as they were sealed, or how the
/// envelope shows that they are not.
pub(super) type Opened = Result<Plaintext, Fault>;

/// Opens an envelope's terms by the shares of these members and no others, before any close: under a
/// certificate of their own making.
///
/// # Errors
/// Key, if a key is not one of the committee's; work, if the arithmetic fails.
pub(super) fn open_among(
    members: &[Arc<MemberKey>],
    committee: &Committee,
    keys: &CommitteeKeys,
    envelope: &Envelope,
) -> Result<Opened, Failure> {
    let indices: Vec<MemberIndex> = members.iter().map(|key| key.index()).collect();
    let own = committee_of(keys, &indices).ok_or_else(|| failed("no committee of their own"))?;
    let shares = shares_in(members, committee, &own)?;
    let close = Close {
        auction: committee.auction,
        round: envelope.header.first,
        slot: Slot(1),
        closed_at: committee.schedule.end_of(Slot(1)),
        key: committee.key,
        epoch: committee.epoch,
        rules: committee.rules.digest(),
        previous: Close::GENESIS,
        reports: Vec::new(),
        intents: vec![envelope.id()],
        quotes: Vec::new(),
    };
    let statement = close.statement(View(0));
    let signed = shares.iter().map(|share| {
        let signature = share.sign(&statement).map_err(|error| failed(&error))?;
        Ok((share.member(), signature.to_bytes()))
    });
    let signed = signed.collect::<Result<BTreeMap<_, _>, Failure>>()?;
    let combined = Combined::new(&own, &statement, &signed).map_err(|error| failed(&error))?;
    let certificate = CertificateBytes {
        view: View(0),
        signature: combined.signature.to_bytes(),
    };
    open_by(&shares, &own, close, &certificate, envelope)
}

/// Opens an envelope's terms by these members' shares, released by the certificate of the round that
/// has listed it.
///
/// # Errors
/// As [`open_among`].
pub(super) fn open_certified(
    members: &[Arc<MemberKey>],
    committee: &Committee,
    keys: &CommitteeKeys,
    envelope: &Envelope,
    record: &RoundRecord,
) -> Result<Opened, Failure> {
    let shares = shares_in(members, committee, keys)?;
    let close = record.close.clone();
    open_by(&shares, keys, close, &record.certificate, envelope)
}

/// Each member's share, as one of the committee whose keys these are.
fn shares_in(
    members: &[Arc<MemberKey>],
    committee: &Committee,
    keys: &CommitteeKeys,
) -> Result<Vec<KeyShare>, Failure> {
    let share = |key: &Arc<MemberKey>| key.share_in(committee, keys);
    let shares = members.iter().map(share).collect::<Result<_, _>>();
    shares.map_err(|problem| Failure::key(problem.to_string()))
}

fn open_by(
    shares: &[KeyShare],
    keys: &CommitteeKeys,
    close: Close,
    certificate: &CertificateBytes,
    envelope: &Envelope,
) -> Result<Opened, Failure> {
    let certificate = CloseCertificate::verify(keys, close, certificate);
    let certificate = certificate.map_err(|error| failed(&error))?;
    let checked = check(envelope).map_err(|error| failed(&error))?;
    let part = checked.part(Part::Terms);
    let part = part.ok_or_else(|| failed("no terms in the envelope"))?;
    let released = shares.iter().map(|share| {
        let released = share.share(part).release(&certificate);
        let released = released.map_err(|error| failed(&error))?;
        Ok((share.member(), vec![released.value]))
    });
    let released = released.collect::<Result<BTreeMap<_, _>, Failure>>()?;
    let opened = open(keys, &[part], &released, &batch_secret()?);
    let opened = opened.map_err(|error| failed(&error))?;
    let part = opened.parts.into_iter().next();
    Ok(part.ok_or_else(|| failed("nothing was opened"))?.content)
}

/// The keys of the committee of which these members are a quorum: all from public keys, by Lagrange
/// interpolation in the exponent. None unless they are two at least, and among the first.
fn committee_of(keys: &CommitteeKeys, members: &[MemberIndex]) -> Option<CommitteeKeys> {
    let quorum = u8::try_from(members.len()).ok()?;
    // As many as such a quorum can have.
    let size = quorum.checked_mul(2)?.checked_sub(1)?.min(*MEMBERS.end());
    let basis: Vec<(MemberIndex, Vec<Scalar>)> = members
        .iter()
        .map(|member| Some((*member, basis(*member, members)?)))
        .collect::<Option<_>>()?;
    // For each member its factor, and with it the sum in both groups.
    let sum = |factor: &dyn Fn(&[Scalar]) -> Option<Scalar>| {
        let mut in_g1 = LinearCombination::with_capacity(2 * members.len());
        let mut in_g2 = Vec::with_capacity(members.len());
        for (member, polynomial) in &basis {
            let (key, factor) = (keys.share_key(*member)?, factor(polynomial)?);
            in_g1.add(factor, key.g1.as_curve_point());
            in_g2.push((factor, key.g2));
        }
        let in_g1: G1Point = in_g1.sum().to_point()?.in_subgroup()?;
        Some(ShareKey {
            g1: FixedBytes(in_g1.compress()),
            g2: FixedBytes(linear_combination_g2(&in_g2).to_point()?.compress()),
        })
    };
    let coefficients = (0..members.len())
        .map(|power| sum(&|polynomial: &[Scalar]| polynomial.get(power).copied()))
        .collect::<Option<Vec<ShareKey>>>()?;
    let share_keys = MemberIndex::all(size)
        .map(|member| sum(&|polynomial: &[Scalar]| Some(value(polynomial, point(member)))))
        .collect::<Option<Vec<ShareKey>>>()?;
    let public = PublicKeys {
        public_key_2: coefficients.first()?.g2,
        commitment: coefficients.iter().map(|key| key.g1).collect(),
        share_keys,
    };
    CommitteeKeys::new(&public, quorum).ok()
}

/// Where a member's share lies on the polynomial.
fn point(member: MemberIndex) -> Scalar {
    Scalar::from(u64::from(member.0) + 1)
}

/// The coefficients, lowest first, of the polynomial that is 1 at `of` and 0 at all others of
/// `members`.
fn basis(of: MemberIndex, members: &[MemberIndex]) -> Option<Vec<Scalar>> {
    let mut polynomial = vec![Scalar::from(1u64)];
    for other in members.iter().filter(|other| **other != of) {
        // Times (X - x_j) / (x_i - x_j).
        let scale = (point(of) - point(*other)).inverse()?;
        let mut product = vec![Scalar::ZERO; polynomial.len() + 1];
        for (power, coefficient) in polynomial.iter().enumerate() {
            let scaled = *coefficient * scale;
            let (low, rest) = product.get_mut(power..)?.split_first_mut()?;
            *low = *low - scaled * point(*other);
            let high = rest.first_mut()?;
            *high = *high + scaled;
        }
        polynomial = product;
    }
    Some(polynomial)
}

/// The value of a polynomial.
fn value(polynomial: &[Scalar], at: Scalar) -> Scalar {
    let horner = |sum: Scalar, coefficient: &Scalar| sum * at + *coefficient;
    polynomial.iter().rev().fold(Scalar::ZERO, horner)
}

fn failed(error: &(impl core::fmt::Display + ?Sized)) -> Failure {
    Failure::work(format!("pooled shares: {error}"))
}

#[cfg(test)]
mod tests {
    use sealbid_types::codec::encode;

    use super::super::testing::{TestHouse, order};
    use super::*;

    /// What the first `count` members read of an envelope, and what was sealed in it.
    fn read(house: &TestHouse, count: usize) -> (Opened, Vec<u8>) {
        let (signed, envelope) = house.seal(&order());
        let members = &house.members[..count];
        let (committee, keys) = (house.file.committee(), house.file.keys());
        let opened = open_among(members, committee, keys, &envelope).unwrap();
        (opened, encode(&signed.terms))
    }

    #[test]
    fn fewer_than_a_quorum_get_noise_and_a_quorum_gets_the_terms() {
        for (members, quorum) in [(4, 3), (5, 4), (7, 5), (16, 11)] {
            let house = TestHouse::of(members);
            assert_eq!(house.file.committee().quorum(), quorum);
            let (opened, _) = read(&house, quorum - 1);
            assert_eq!(opened.err(), Some(Fault::Commitment), "{members}");
            // The same attack with one member more: that it fails before is the threshold's doing.
            let (opened, terms) = read(&house, quorum);
            assert_eq!(opened.unwrap().as_bytes(), terms, "{members}");
        }
    }

    #[test]
    fn one_member_is_no_committee() {
        let house = TestHouse::of(4);
        let (_, envelope) = house.seal(&order());
        let (committee, keys) = (house.file.committee(), house.file.keys());
        let alone = open_among(&house.members[..1], committee, keys, &envelope);
        assert_eq!(alone.unwrap_err().code(), 1);
    }

    #[test]
    fn the_committee_of_a_quorum_is_the_committee() {
        let house = TestHouse::of(4);
        let keys = house.file.keys();
        let first: Vec<MemberIndex> = MemberIndex::all(3).collect();
        let own = committee_of(keys, &first).unwrap();
        assert_eq!(own.public_key(), keys.public_key());
        let two = committee_of(keys, &first[..2]).unwrap();
        assert_ne!(two.public_key(), keys.public_key());
        // Which has their shares all the same.
        for member in &first[..2] {
            assert_eq!(two.share_key(*member), keys.share_key(*member));
        }
    }
}
