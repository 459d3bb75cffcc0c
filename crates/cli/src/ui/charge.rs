//! What evidence has shown, for scripts.

use sealbid_client::evidence::{Charge, Exhibit, Subject};
use sealbid_types::id::{MemberIndex, Round, View};
use serde::Serialize;

/// The fields that every command has for it. All of them are there in any case; of what proves
/// nothing, none names anybody.
#[derive(Debug, Serialize)]
pub(crate) struct ChargeFields<'a> {
    offence: Option<&'static str>,
    what: Option<String>,
    member: Option<String>,
    index: Option<MemberIndex>,
    round: Option<Round>,
    vote: Option<Subject>,
    view: Option<View>,
    statements: &'a [Exhibit],
}

impl<'a> ChargeFields<'a> {
    pub(crate) fn of(charge: Option<&'a Charge>) -> Self {
        Self {
            offence: charge.map(|charge| charge.offence.name()),
            what: charge.map(|charge| charge.offence.to_string()),
            member: charge.and_then(|charge| Some(charge.member?.to_string())),
            index: charge.and_then(|charge| charge.member),
            round: charge.map(|charge| charge.round),
            vote: charge.and_then(|charge| charge.vote),
            view: charge.and_then(|charge| charge.view),
            statements: charge.map_or(&[], |charge| &charge.statements),
        }
    }
}
