//! What is timed, with secrets of two classes.
//!
//! Both classes hold as many secrets, each in memory of its own, so that caches serve them alike:
//! those of the fixed class are copies of one value.

use core::hint::black_box;

use rand07::SeedableRng;
use rand07::rngs::StdRng;
use sealbid_benches::Fallible;
use sealbid_benches::committee::Committee;
use sealbid_crypto::{CheckedPart, CommitteeKeys, KeyShare, check, seal};
use sealbid_dkg::Polynomial;
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed};
use sealbid_types::id::{Epoch, MemberIndex, Round, View};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Metadata;
use sealbid_types::statement::Statement;
use sealbid_types::time::Timestamp;
use threshold_crypto::{Ciphertext, SecretKeySet, SecretKeyShare};

/// Secrets of each class.
pub(crate) const SECRETS: usize = 64;

/// Whose times are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// One secret, always.
    Fixed,
    /// Any secret.
    Random,
}

/// An operation on the secret of a class that stands at a position below [`SECRETS`].
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// Does it once.
    pub(crate) run: Box<dyn Fn(Class, usize)>,
}

/// Secrets of both classes.
struct Secrets<T> {
    /// One value, many times.
    fixed: Vec<T>,
    /// As many values, all different.
    random: Vec<T>,
}

impl<T> Secrets<T> {
    fn new(make: impl Fn(&[u8; 32]) -> Fallible<T>) -> Fallible<Self> {
        let random = |number: u8| *blake3::hash(&[number]).as_bytes();
        // Both classes are made in the same way, one beside the other: only the values differ.
        let numbers = 1..=u8::try_from(SECRETS)?;
        let fixed = numbers.clone().map(|_| make(&random(0)));
        let other = numbers.map(|number| make(&random(number)));
        Ok(Self {
            fixed: fixed.collect::<Fallible<_>>()?,
            random: other.collect::<Fallible<_>>()?,
        })
    }

    fn get(&self, class: Class, at: usize) -> Option<&T> {
        match class {
            Class::Fixed => self.fixed.get(at),
            Class::Random => self.random.get(at),
        }
    }

    /// The operation that does `work` with the secret.
    fn operation<R>(self, name: &'static str, work: impl Fn(&T) -> R + 'static) -> Operation
    where
        T: 'static,
    {
        let run = move |class, at| {
            // The result is nobody's concern, and the work must not be left out for that.
            black_box(self.get(class, at).map(&work));
        };
        Operation {
            name,
            run: Box::new(run),
        }
    }
}

/// Everything that is tested, and one thing that fails.
pub(crate) fn all() -> Fallible<Vec<Operation>> {
    let (part, sealed) = (checked_part()?, reference_ciphertext());
    let statement = statement();
    Ok(vec![
        // What an attacker can have a member do: make shares of points of its choice, and sign.
        Secrets::new(key_share)?.operation("share", move |share| share.share(&part)),
        Secrets::new(key_share)?.operation("signature share", move |share| share.sign(&statement)),
        Secrets::new(polynomial)?.operation("polynomial evaluation", evaluate),
        // Known not to be constant time. Without a line that fails, small numbers in the others
        // would say nothing of the test.
        Secrets::new(reference_share)?.operation("share by threshold_crypto", move |share| {
            share.decrypt_share_no_verify(&sealed)
        }),
    ])
}

/// The first member's share of a committee that is dealt from this entropy.
fn key_share(entropy: &[u8; 32]) -> Fallible<KeyShare> {
    let dealing = sealbid_dkg::deal(4, 3, entropy)?;
    let keys = CommitteeKeys::new(&dealing.keys, 3)?;
    let secret = dealing.shares.into_iter().next().ok_or("no shares")?;
    Ok(KeyShare::new(
        &keys,
        [1; 32].into(),
        Epoch(0),
        MemberIndex(0),
        secret,
    )?)
}

/// Of 11 coefficients, as 11 of 16 members have it.
fn polynomial(entropy: &[u8; 32]) -> Fallible<Polynomial> {
    Ok(Polynomial::derive(
        "sealbid benchmark: polynomial",
        entropy,
        11,
    ))
}

/// At all 16 points, since one evaluation is too short for a clock.
fn evaluate(polynomial: &Polynomial) {
    for x in 1..=16 {
        black_box(polynomial.evaluate(x));
    }
}

/// Of a committee in which three are enough, as in ours.
fn reference_share(entropy: &[u8; 32]) -> Fallible<SecretKeyShare> {
    let mut rng = StdRng::from_seed(*entropy);
    Ok(SecretKeySet::random(2, &mut rng).secret_key_share(0))
}

/// What shares are made of: the same for every secret.
fn reference_ciphertext() -> Ciphertext {
    let mut rng = StdRng::seed_from_u64(1);
    let keys = SecretKeySet::random(2, &mut rng).public_keys();
    keys.public_key().encrypt_with_rng(&mut rng, b"anything")
}

/// Any will do: it is public, and the same for every secret.
fn statement() -> Statement {
    Statement::Close {
        auction: [1; 32].into(),
        epoch: Epoch(0),
        round: Round(1),
        view: View(0),
        close: [2; 32].into(),
    }
}

/// A quote's part: which committee it is sealed to does not matter here.
fn checked_part() -> Fallible<CheckedPart> {
    let committee = Committee::deal(4, 3)?;
    let account = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let header = Header {
        protocol: PROTOCOL,
        kind: Kind::Quote,
        auction: [1; 32].into(),
        key: [2; 32].into(),
        first: Round(1),
        last: Round(1),
        expires: Timestamp(1),
        metadata: Metadata::NOTHING,
        submitter: PublicKey::of(&account),
    };
    let label = header.label(Part::Quote, None);
    let sealed = seal(
        &committee.keys,
        &label,
        b"any",
        &[3; 32],
        account.as_bytes(),
    )?;
    let envelope = Envelope::sign(header, Sealed::Quote(sealed), &account);
    let checked = check(&envelope)?;
    let part = checked.part(Part::Quote).ok_or("a quote without a part")?;
    Ok(part.clone())
}
