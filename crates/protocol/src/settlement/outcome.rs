//! What became of the entries of a settled round, and a round in brief.

use std::collections::BTreeMap;

use sealbid_types::allocation::FillKind;
use sealbid_types::door::{EnvelopeStatus, RoundSummary};
use sealbid_types::id::EnvelopeId;
use sealbid_types::record::RoundRecord;
use sealbid_types::settlement::Settlement;
use serde::{Deserialize, Serialize};

/// An envelope's outcome as it rests on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredOutcome(pub EnvelopeStatus);
sealbid_types::schema!(StoredOutcome, "sealbid.outcome", 2, 4096);

/// What became of each entry of a settled round.
#[must_use]
pub fn outcomes(record: &RoundRecord) -> BTreeMap<EnvelopeId, EnvelopeStatus> {
    let Settlement {
        round,
        fills,
        unfilled,
        void,
        ..
    } = &record.settlement.settlement;
    let round = *round;
    let mut outcomes = BTreeMap::new();
    for quote in &record.close.quotes {
        outcomes.insert(
            *quote,
            EnvelopeStatus::Quoted {
                round,
                fills: Vec::new(),
            },
        );
    }
    for settled in fills {
        let fill = settled.fill.kind.clone();
        if let FillKind::Swap { quote, .. } = &fill
            && let Some(EnvelopeStatus::Quoted { fills, .. }) = outcomes.get_mut(quote)
        {
            fills.push(settled.fill.intent);
        }
        outcomes.insert(settled.fill.intent, EnvelopeStatus::Filled { round, fill });
    }
    for entry in unfilled {
        let reason = entry.reason.clone();
        outcomes.insert(entry.intent, EnvelopeStatus::Unfilled { round, reason });
    }
    for entry in void {
        let reason = entry.reason.clone();
        outcomes.insert(entry.envelope, EnvelopeStatus::Void { round, reason });
    }
    outcomes
}

/// A settled round in brief.
#[must_use]
pub fn summary(record: &RoundRecord) -> RoundSummary {
    let count = |list: usize| u32::try_from(list).unwrap_or(u32::MAX);
    let Settlement {
        round,
        fills,
        unfilled,
        void,
        ..
    } = &record.settlement.settlement;
    RoundSummary {
        round: *round,
        closed_at: record.close.closed_at,
        intents: count(record.close.intents.len()),
        quotes: count(record.close.quotes.len()),
        filled: count(fills.len()),
        unfilled: count(unfilled.len()),
        void: count(void.len()),
    }
}
