//! Frozen encodings. A change here is a change of the wire: it needs a new schema version.

use crate::codec::{Schema, SchemaName};
use crate::keys::Signed;

fn schemas() -> Vec<SchemaName> {
    vec![
        crate::allocation::Allocation::SCHEMA,
        crate::close::Close::SCHEMA,
        crate::committee::Rules::SCHEMA,
        crate::door::PublicIntent::SCHEMA,
        crate::door::Request::SCHEMA,
        crate::door::Response::SCHEMA,
        crate::envelope::Envelope::SCHEMA,
        crate::envelope::SealedPart::SCHEMA,
        crate::quote::Quote::SCHEMA,
        crate::quote::SignedQuote::SCHEMA,
        crate::record::RoundRecord::SCHEMA,
        crate::report::Acknowledgement::SCHEMA,
        crate::report::Receipt::SCHEMA,
        crate::report::Report::SCHEMA,
        crate::settlement::Settlement::SCHEMA,
        crate::settlement::SignedSettlement::SCHEMA,
        crate::statement::Statement::SCHEMA,
        crate::terms::Authorisation::SCHEMA,
        crate::terms::Terms::SCHEMA,
        Signed::<crate::report::Report>::SCHEMA,
        Signed::<crate::report::Acknowledgement>::SCHEMA,
        Signed::<crate::door::PublicIntent>::SCHEMA,
    ]
}

#[test]
fn no_two_schemas_share_a_prefix() {
    let prefixes: std::collections::BTreeSet<_> =
        schemas().iter().map(SchemaName::prefix).collect();
    assert_eq!(prefixes.len(), schemas().len());
}
