//! Evidence verifies, and names liars only; and only a member with an old disk falls silent.
//!
//! Against the member whose disk is wiped evidence may well be right: it has signed twice, and
//! knows nothing of it.

use sealbid_types::id::MemberIndex;

use super::super::history::History;
use super::super::keys::signers;
use super::super::scenario::Scenario;

pub(super) fn check(scenario: &Scenario, history: &History) -> Result<(), String> {
    let anybody = signers(MemberIndex(0), scenario.quorum);
    for (by, evidence) in &history.evidence {
        let accused = evidence.member();
        if !evidence.verify(&anybody) {
            return Err(format!(
                "{by} has evidence that does not verify: {evidence:?}"
            ));
        }
        if !scenario.liars.contains_key(&accused) && scenario.forgets != Some(accused) {
            return Err(format!("{by} accuses honest {accused}: {evidence:?}"));
        }
    }
    match history
        .abstained
        .iter()
        .find(|member| scenario.forgets != Some(**member))
    {
        Some(member) if !scenario.liars.contains_key(member) => {
            Err(format!("{member} fell silent, with its memory intact"))
        }
        _ => Ok(()),
    }
}
