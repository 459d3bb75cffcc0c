//! The ledger and the second checker, one against the other.

use super::fill::sign;
use super::spoilt::{lend, spoilt, unspoilt};
use super::state::ours;

#[test]
fn each_way_to_spoil_a_bundle_is_refused_for_its_reason() {
    let (mut state, mut drafts) = unspoilt();
    assert_eq!(ours(&state, &sign(&drafts)).refused, None);
    lend(&mut state, &mut drafts);
    assert_eq!(ours(&state, &sign(&drafts)).refused, None);
    for spoilt in spoilt() {
        let said = ours(&spoilt.state, &spoilt.bundle).refused;
        let reason = said.unwrap_or_else(|| panic!("{} is executed", spoilt.name));
        assert!(reason.contains(spoilt.reason), "{}: {reason}", spoilt.name);
    }
}
