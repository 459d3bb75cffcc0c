//! All rounds, each held against those before it.
//!
//! The computation and the question how far the house is run side by side: whoever has the records
//! waits for no member, and a house that is away costs one attempt to reach it, at the end.

use std::sync::Arc;

use sealbid_client::audit::{audit_next, audit_next_if_right, batch_secret};
use sealbid_client::{Client, ClientError, RoundAudit, Standing};
use sealbid_protocol::audit::ChainAudit;
use sealbid_types::id::Round;
use tokio::task::{JoinHandle, block_in_place};

use super::{conclude, report};
use crate::commands::rounds::at_hand;
use crate::exit::Failure;
use crate::ui::output::Console;
use crate::ui::text::count;

/// How far the house is, as the members say: asked at once, and waited for when it is needed.
struct Newest {
    asked: Option<JoinHandle<Result<Standing, ClientError>>>,
    said: Option<Result<Round, ClientError>>,
}

impl Newest {
    fn ask(house: &Arc<Client>) -> Self {
        let house = Arc::clone(house);
        Self {
            asked: Some(tokio::spawn(async move { house.standing().await })),
            said: None,
        }
    }

    /// The newest settled round. The members are asked once, whatever came of it.
    async fn get(&mut self) -> Result<Round, ClientError> {
        if let Some(asked) = self.asked.take() {
            let said = asked.await;
            let standing = said.unwrap_or(Err(ClientError::TimedOut("nobody was asked")));
            self.said = Some(standing.map(|standing| standing.settled));
        }
        self.said.clone().unwrap_or(Ok(Round(0)))
    }
}

/// Audits all rounds there are: by the records at hand, and the others by members'. With `offline`
/// no member is asked, and those at hand are all.
///
/// # Errors
/// Audit, if anything is wrong; no quorum, if nothing is and later rounds could not be asked for.
pub(super) async fn audit_all(
    house: Client,
    offline: bool,
    console: Console,
) -> Result<(), Failure> {
    let house = Arc::new(house);
    let mut newest = (!offline).then(|| Newest::ask(&house));
    let secret = batch_secret()?;
    let mut chain = ChainAudit::new(house.committee(), house.keys(), &secret);
    let mut audits: Vec<RoundAudit> = Vec::new();
    // From the first and without gaps: what a round may list depends on all before it.
    let rest = loop {
        let round = next(&audits);
        let audited = match at_hand_of(&house, &mut chain, round, console) {
            Some(audited) => Ok(Some(audited)),
            None => match &mut newest {
                None => end_at_hand(&house, round).map(|()| None),
                Some(newest) => by_members(&house, newest, &mut chain, round).await,
            },
        };
        match audited {
            // One that is wrong does not end it: every round is told, and the exit code comes last.
            Ok(Some((audit, source))) => {
                report(&audit, &source, console);
                // Large, and of no more use.
                let terms = Default::default();
                audits.push(RoundAudit { terms, ..audit });
            }
            Ok(None) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    if let Err(failure) = &rest
        && audits.iter().any(|audit| !audit.is_ok())
    {
        // A wrong round has the last word, and this would go untold.
        let round = next(&audits);
        console.note(format_args!("round {round} is not checked: {failure}"));
    }
    verdict(&audits, rest)?;
    console.line(match audits.len() {
        // No failure: there is nothing that could be wrong.
        0 => "no round is settled yet".to_owned(),
        rounds => format!(
            "{} checked, nothing is wrong",
            count(rounds as u64, "round")
        ),
    });
    Ok(())
}

fn next(audits: &[RoundAudit]) -> Round {
    audits.last().map_or(Round(1), |audit| audit.round.next())
}

/// The next round by its record at hand; none if there is none that is right.
fn at_hand_of(
    house: &Client,
    chain: &mut ChainAudit<'_>,
    round: Round,
    console: Console,
) -> Option<(RoundAudit, String)> {
    let (record, source) = at_hand::read(house, round, console)?;
    match block_in_place(|| audit_next_if_right(chain, round, &record)) {
        Ok(audit) => Some((audit, source)),
        // Most likely the disk's fault, and a member has it right. If it is the committee's own,
        // every member's is as wrong.
        Err(errors) => {
            let error = errors.first()?;
            at_hand::passed_over(source.as_ref(), error, console);
            None
        }
    }
}

/// The next round by a member's record; none if there is no such round.
async fn by_members(
    house: &Client,
    newest: &mut Newest,
    chain: &mut ChainAudit<'_>,
    round: Round,
) -> Result<Option<(RoundAudit, String)>, Failure> {
    match newest.get().await {
        Ok(newest) if round > newest => Ok(None),
        Ok(_) => {
            let shown = house.audit(round).await?;
            let audit = block_in_place(|| audit_next(chain, &shown.record));
            Ok(Some((audit, shown.member.to_string())))
        }
        Err(error) if round == Round(1) => Err(error.into()),
        Err(error) => Err(unasked(house, round, &error)),
    }
}

/// How far it came, where nobody could be asked for `round`. That there may be later rounds is no
/// fault, and not all right either.
fn unasked(house: &Client, round: Round, error: &ClientError) -> Failure {
    let checked = count(round.0.saturating_sub(1), "round");
    let missing = match later(house, round) {
        _ if at_hand::is_there(house, round) => format!("round {round} at hand is wrong"),
        Some(later) => format!("round {round} is not at hand, though round {later} is"),
        None => format!("whether there is a round {round}, no member could be asked"),
    };
    Failure::no_quorum(format!(
        "{checked} checked by the records at hand; {missing}: {error}"
    ))
    .advise("start the members, or with --offline ask nobody and check what is at hand")
}

/// With `offline` the records at hand are all there is, unless one is missing among them, or there
/// and wrong: it was passed over, and the newest of them is none less.
fn end_at_hand(house: &Client, round: Round) -> Result<(), Failure> {
    let is_amiss = later(house, round).is_some() || at_hand::is_there(house, round);
    if round == Round(1) || is_amiss {
        return Err(at_hand::absent(house, round));
    }
    Ok(())
}

/// A round at hand after this one.
fn later(house: &Client, round: Round) -> Option<Round> {
    let rounds = house.records()?.rounds().ok()?;
    rounds.into_iter().find(|later| *later > round)
}

/// What all rounds together come to, and whatever ended the audit before the last of them.
fn verdict(audits: &[RoundAudit], rest: Result<(), Failure>) -> Result<(), Failure> {
    // Before what ended it: whoever has shown a wrong round could otherwise hide it by showing no
    // later one.
    conclude(audits)?;
    rest
}

#[cfg(test)]
mod tests {
    use core::slice::from_ref;

    use sealbid_protocol::audit::AuditError;

    use super::*;

    fn audit(round: u64, errors: Vec<AuditError>) -> RoundAudit {
        RoundAudit {
            round: Round(round),
            intents: 0,
            quotes: 0,
            opened: 0,
            filled: 0,
            unfilled: 0,
            void: 0,
            terms: Default::default(),
            errors,
        }
    }

    /// A house that showed a wrong round must not get away with showing no later one.
    #[test]
    fn a_wrong_round_is_told_whatever_comes_after_it() {
        let right = audit(1, Vec::new());
        let wrong = audit(2, vec![AuditError::Close("auction")]);
        let cut = || Err(Failure::no_quorum("nobody shows round 3"));
        let code = |audits: &[RoundAudit], rest| verdict(audits, rest).map_err(|it| it.code());
        assert_eq!(code(&[right.clone(), wrong.clone()], cut()), Err(8));
        assert_eq!(code(&[right.clone(), wrong], Ok(())), Err(8));
        assert_eq!(code(from_ref(&right), cut()), Err(6));
        assert_eq!(code(from_ref(&right), Ok(())), Ok(()));
    }
}
