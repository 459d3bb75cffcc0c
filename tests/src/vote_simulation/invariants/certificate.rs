//! What is decided comes with a certificate that anybody can verify.
//!
//! The keys of member 0 do for everybody: those of a simulation verify alike, whosever they are.

use sealbid_types::id::{CloseDigest, MemberIndex};
use sealbid_types::statement::Statement;

use super::super::history::History;
use super::super::keys::signers;
use super::super::node::config;
use super::super::scenario::Scenario;

pub(super) fn check(scenario: &Scenario, history: &History) -> Result<(), String> {
    let anybody = signers(MemberIndex(0), scenario.quorum);
    let instance = config(scenario, MemberIndex(0));
    for (_, member, certified) in &history.decisions {
        let statement = Statement::Close {
            auction: instance.auction,
            epoch: instance.epoch,
            round: instance.round,
            view: certified.certificate.view,
            close: CloseDigest(certified.value.digest().0),
        };
        if !anybody
            .threshold
            .verify(&statement, &certified.certificate.signature)
        {
            return Err(format!(
                "{member} decided by a certificate that does not verify"
            ));
        }
    }
    Ok(())
}
