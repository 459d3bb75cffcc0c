//! No text in what is hashed, signed or kept but what its signer wrote itself.
//!
//! Words in a digest bind every version to the same wording: a corrected sentence would fail old
//! audits, and split members of two versions. So each place of text is listed here with who wrote
//! it, and a new one fails until somebody says why it may stand.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sealbid_testkit::text::{assert_allowed, places};

use crate::codec::Schema;
use crate::keys::Signed;

/// Where text stands, and whose it is.
const ALLOWED: &[(&str, &str)] = &[
    (
        "Description.name",
        "the founders': the auction's name, by a grammar",
    ),
    ("Rules.verifying_contract", "the founders': an account"),
    ("Disclosure::give", "the trader's: an asset"),
    ("Disclosure::want", "the trader's: an asset"),
    ("Pair.give", "the trader's or the solver's: an asset"),
    ("Pair.want", "the trader's or the solver's: an asset"),
    ("Terms.account", "the trader's: an account"),
    ("Terms.solvers[]", "the trader's: an account"),
    ("TokenDiff.diff{key}", "the trader's: an asset"),
    (
        "TokenDiff.memo",
        "the trader's, signed for the chain to the byte",
    ),
    ("TokenDiff.referral", "the trader's: an account"),
    ("Transfer.receiver", "the trader's: an account"),
    ("Transfer.tokens{key}", "the trader's: an asset"),
    (
        "Transfer.memo",
        "the trader's, signed for the chain to the byte",
    ),
    ("FtWithdraw.token", "the trader's: an account"),
    ("FtWithdraw.receiver", "the trader's: an account"),
    (
        "FtWithdraw.memo",
        "the trader's, signed for the chain to the byte",
    ),
    (
        "FtWithdraw.msg",
        "the trader's, signed for the chain to the byte",
    ),
    ("NativeWithdraw.receiver", "the trader's: an account"),
    (
        "Authorisation::raw_ed25519.payload",
        "the trader's, signed for the chain to the byte",
    ),
    ("Quote.solver", "the solver's: an account"),
    ("Fill.account", "of the terms"),
    ("FillKind::swap.solver", "of the quote"),
    ("Movement.account", "of the terms or the quote"),
    ("Movement.asset", "of the terms"),
    ("Outflow.asset", "of the terms"),
    ("ActionFault::zero.asset", "of the terms"),
    ("Breach::sum.asset", "of the terms"),
    ("Breach::signed.account", "of the terms or the quote"),
    ("UsedNonce.account", "of the terms"),
    (
        "Refusal.message",
        "the member's, at its door: neither hashed nor signed nor kept",
    ),
    (
        "Head.version",
        "the member's, of its own program: neither hashed nor signed nor kept",
    ),
];

#[derive(Default)]
struct Walked {
    places: BTreeSet<String>,
    schemas: BTreeSet<&'static str>,
}

impl Walked {
    fn and<T: Schema>(mut self) -> Self {
        self.places.extend(places::<T>());
        self.schemas.insert(T::SCHEMA.name);
        self
    }
}

/// All types of this crate that have a schema.
fn walked() -> Walked {
    Walked::default()
        .and::<crate::allocation::Allocation>()
        .and::<crate::ceremony::Confirmation>()
        .and::<crate::close::Close>()
        .and::<crate::close::CloseHeader>()
        .and::<crate::committee::Certified>()
        .and::<crate::committee::Description>()
        .and::<crate::committee::KeyDescription>()
        .and::<crate::committee::Rules>()
        .and::<crate::door::PublicIntent>()
        .and::<Signed<crate::door::PublicIntent>>()
        .and::<crate::door::Request>()
        .and::<crate::door::Response>()
        .and::<crate::envelope::Content>()
        .and::<crate::envelope::Envelope>()
        .and::<crate::envelope::Label>()
        .and::<crate::envelope::SealedPart>()
        .and::<crate::quote::Quote>()
        .and::<crate::quote::SignedQuote>()
        .and::<crate::record::RoundRecord>()
        .and::<crate::report::Acknowledgement>()
        .and::<Signed<crate::report::Acknowledgement>>()
        .and::<crate::report::Receipt>()
        .and::<crate::report::Report>()
        .and::<Signed<crate::report::Report>>()
        .and::<crate::settlement::Settlement>()
        .and::<crate::settlement::SignedSettlement>()
        .and::<crate::statement::Statement>()
        .and::<crate::terms::Authorisation>()
        .and::<crate::terms::Terms>()
}

#[test]
fn no_text_but_the_signers_own() {
    assert_allowed(&walked().places, ALLOWED);
}

/// A schema that is not walked is one that may say anything.
#[test]
fn every_schema_of_this_crate_is_walked() {
    let walked = walked().schemas;
    let mut found = BTreeSet::new();
    let mut left = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.extend(schemas_in(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let is_product = |name: &&String| !name.starts_with("sealbid.test.");
    let missing: Vec<_> = found
        .iter()
        .filter(is_product)
        .filter(|name| !walked.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "not walked: {missing:?}");
    assert!(
        found.len() >= walked.len(),
        "the sources are read: {found:?}"
    );
}

/// The names that stand in invocations of `schema!`.
fn schemas_in(source: &str) -> Vec<String> {
    let invocations = source.split("schema!(").skip(1);
    invocations
        .filter_map(|rest| rest.split('"').nth(1))
        .filter(|name| name.starts_with("sealbid."))
        .map(str::to_owned)
        .collect()
}
