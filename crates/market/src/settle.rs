//! Settlement: of the fills, those whose authorisations the chain will take.

use std::collections::BTreeMap;

use rayon::prelude::*;
use sealbid_near::authorisation::check_authorisation;
use sealbid_near::bundle::execute_intents_json;
use sealbid_types::allocation::{Allocation, Fill, Outflow, Void, VoidReason};
use sealbid_types::amount::Amount;
use sealbid_types::committee::Rules;
use sealbid_types::id::EnvelopeId;
use sealbid_types::settlement::{SettledFill, Settlement};
use sealbid_types::terms::{Authorisation, Terms};
use sealbid_types::text::AssetId;

use crate::Opened;
use crate::clear::gained_with;
use crate::intent::outflows;

/// The settlement of an allocation: a fill stays if its authorisation signs exactly its terms, and
/// is void otherwise.
///
/// `intents` are the opened terms that the allocation was made from; `authorisations` are the
/// opened authorisations of its fills. Whatever is missing counts as void.
#[must_use]
pub fn settle(
    allocation: &Allocation,
    intents: &Opened<Terms>,
    authorisations: &Opened<Authorisation>,
    rules: &Rules,
) -> Settlement {
    let mut fills = Vec::new();
    let mut void: BTreeMap<EnvelopeId, VoidReason> = BTreeMap::new();
    void.extend(
        allocation
            .void
            .iter()
            .map(|entry| (entry.envelope, entry.reason.clone())),
    );
    // A fill whose authorisation fails is void, and the clearing is not run again without it: that
    // would take the authorisations of other fills, and each bad one among those another opening.
    //
    // One signature a fill is nearly all the work.
    let checked: Vec<_> = allocation
        .fills
        .par_iter()
        .map(|fill| authorised(fill, intents, authorisations, rules))
        .collect();
    for (fill, checked) in allocation.fills.iter().zip(checked) {
        match checked {
            Ok(authorisation) => fills.push(SettledFill {
                fill: fill.clone(),
                authorisation,
            }),
            Err(reason) => {
                void.insert(fill.intent, reason);
            }
        }
    }
    Settlement {
        auction: allocation.auction,
        epoch: allocation.epoch,
        round: allocation.round,
        close: allocation.close,
        allocation: allocation.digest(),
        terms: allocation.terms,
        flow: flow(&fills),
        fills,
        unfilled: allocation.unfilled.clone(),
        void: void
            .into_iter()
            .map(|(envelope, reason)| Void { envelope, reason })
            .collect(),
    }
}

/// What authorises a fill, if its opened authorisation signs exactly its terms. The fill was
/// computed from terms that nobody had signed for yet: this is where a signature is asked for.
fn authorised(
    fill: &Fill,
    intents: &Opened<Terms>,
    authorisations: &Opened<Authorisation>,
    rules: &Rules,
) -> Result<Authorisation, VoidReason> {
    let missing = VoidReason::NotOpened;
    let terms = intents.get(&fill.intent).ok_or(missing.clone())?;
    let opened = authorisations.get(&fill.intent).ok_or(missing)?;
    let terms = terms.as_ref().map_err(Clone::clone)?;
    let authorisation = opened.as_ref().map_err(Clone::clone)?;
    check_authorisation(authorisation, terms, &rules.verifying_contract)?;
    Ok(authorisation.clone())
}

/// For each asset, the sum of what the fills' accounts gain. The clearing makes no fill that takes
/// the sums of all of them out of range.
fn flow(fills: &[SettledFill]) -> Vec<Outflow> {
    let mut gained: BTreeMap<AssetId, Amount> = BTreeMap::new();
    for settled in fills {
        if let Some(sums) = gained_with(&gained, &settled.fill.movements) {
            gained.extend(sums);
        }
    }
    outflows(&gained)
}

/// The settlement as the argument of the Verifier's `execute_intents`: the fills' signed payloads.
///
/// The solvers' side, their counter-intents and transfers of surplus, is theirs to sign and is not
/// part of it.
#[must_use]
pub fn near_json(settlement: &Settlement) -> String {
    execute_intents_json(
        settlement
            .fills
            .iter()
            .map(|settled| &settled.authorisation),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::clear;
    use crate::testing::{any_round, authorisations, id, quote, round, signed, swap, transfer};
    use proptest::prelude::*;

    fn settled_ids(settlement: &Settlement) -> Vec<EnvelopeId> {
        settlement
            .fills
            .iter()
            .map(|settled| settled.fill.intent)
            .collect()
    }

    #[test]
    fn fills_with_bad_or_missing_authorisations_are_void_and_the_rest_settles() {
        let intents = vec![
            swap(1, 0, 10, 1),
            swap(2, 0, 10, 1),
            swap(3, 0, 10, 1),
            transfer(4, 0, 5, 7),
        ];
        let input = round(intents, vec![signed(quote(), 200)]);
        let allocation = clear(&input);
        assert_eq!(allocation.fills.len(), 4);
        let mut opened = authorisations(&input);
        opened.insert(id(0), Err(VoidReason::Cipher));
        opened.insert(id(1), opened[&id(2)].clone());
        let settlement = settle(&allocation, &input.intents, &opened, &input.rules);
        let mut settled = settled_ids(&settlement);
        settled.sort_unstable();
        assert_eq!(settled, [id(2), id(3)]);
        let reasons: Vec<_> = settlement
            .void
            .iter()
            .map(|void| void.reason.clone())
            .collect();
        assert_eq!(reasons, [VoidReason::Cipher, VoidReason::Account]);
        opened.remove(&id(3));
        let settlement = settle(&allocation, &input.intents, &opened, &input.rules);
        assert_eq!(settled_ids(&settlement), [id(2)]);
        assert_eq!(settlement.void[2].reason, VoidReason::NotOpened);
    }

    #[test]
    fn the_bundle_is_of_the_settled_fills_in_their_order() {
        let input = round(vec![transfer(1, 0, 2, 7), transfer(2, 0, 1, 9)], vec![]);
        let opened = authorisations(&input);
        let settlement = settle(&clear(&input), &input.intents, &opened, &input.rules);
        let json: serde_json::Value = serde_json::from_str(&near_json(&settlement)).unwrap();
        let payloads: Vec<_> = json["signed"].as_array().unwrap().iter().collect();
        assert_eq!(payloads.len(), 2);
        for (payload, id) in payloads.iter().zip(settled_ids(&settlement)) {
            let Ok(Authorisation::RawEd25519 { payload: text, .. }) = &opened[&id] else {
                panic!("not opened")
            };
            assert_eq!(payload["payload"].as_str(), Some(text.as_str()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn with_all_authorisations_everything_settles_and_the_flow_is_what_is_gained(input in any_round()) {
            let allocation = clear(&input);
            let opened = authorisations(&input);
            let settlement = settle(&allocation, &input.intents, &opened, &input.rules);
            let fills: Vec<_> = settlement.fills.iter().map(|settled| settled.fill.clone()).collect();
            prop_assert_eq!(&fills, &allocation.fills);
            prop_assert_eq!(&settlement.void, &allocation.void);
            let mut gained: BTreeMap<AssetId, i128> = BTreeMap::new();
            for movement in fills.iter().flat_map(|fill| &fill.movements) {
                if movement.delta.units() > 0 {
                    *gained.entry(movement.asset.clone()).or_default() += movement.delta.units();
                }
            }
            let flow: BTreeMap<_, _> =
                settlement.flow.iter().map(|o| (o.asset.clone(), o.amount.units())).collect();
            prop_assert_eq!(flow, gained);
        }
    }
}
