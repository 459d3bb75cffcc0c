//! What members have kept against one that lied: asked for at their front doors, and judged here.

use core::time::Duration;
use std::collections::BTreeSet;

use sealbid_client::Client;
use sealbid_client::evidence::{Charge, Evidence, Offence, convict};
use sealbid_types::id::MemberIndex;
use tokio::time::{Instant, sleep};

/// How long members may take to show it.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often they are asked.
const LOOK: Duration = Duration::from_millis(300);

/// Who has been named, and by whom.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The proof against the forger, and what it shows.
    pub(super) proof: Option<(Evidence, Charge)>,
    /// Who has kept such a proof.
    pub(super) by: BTreeSet<MemberIndex>,
    /// What was shown that names somebody else, or proves nothing.
    pub(super) false_ones: Vec<String>,
}

/// What all members but `liar` show, once one of them has a proof that it forged shares.
pub(super) async fn ask(client: &Client, liar: MemberIndex) -> Named {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let named = ask_once(client, liar).await;
        if named.proof.is_some() || Instant::now() >= deadline {
            return named;
        }
        sleep(LOOK).await;
    }
}

async fn ask_once(client: &Client, liar: MemberIndex) -> Named {
    let mut named = Named::default();
    let members = MemberIndex::all(client.committee().members());
    for member in members.filter(|member| *member != liar) {
        // One that does not answer now is asked again, or does not matter.
        for evidence in client.evidence_of(member).await.unwrap_or_default() {
            named.add(member, evidence, client, liar);
        }
    }
    named
}

impl Named {
    fn add(&mut self, by: MemberIndex, evidence: Evidence, client: &Client, liar: MemberIndex) {
        match convict(client, &evidence) {
            Ok(charge) if charge.member == Some(liar) => {
                if charge.offence == Offence::WrongDecryptionShare {
                    self.by.insert(by);
                    self.proof.get_or_insert((evidence, charge));
                }
            }
            Ok(charge) => {
                let whom = charge.member.map(|member| member.to_string());
                let whom = whom.as_deref().unwrap_or("several");
                let (offence, round) = (charge.offence, charge.round);
                let text = format!("{by} shows that {whom} {offence} in round {round}");
                self.false_ones.push(text);
            }
            Err(error) => self
                .false_ones
                .push(format!("{by} shows what proves nothing: {error}")),
        }
    }
}
