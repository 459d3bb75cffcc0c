//! The house as everybody sees it: committee file, tokens, members' doors and clocks, tickets.

use core::time::Duration;
use std::path::Path;
use std::time::SystemTime;

use sealbid_client::{Client, ClientError, CommitteeFile, CommitteeFileError, Standing};
use sealbid_keygen::{Exit, HouseDir};
use sealbid_net::ticket::Ticket;
use sealbid_types::committee::{Committee, Provenance};
use sealbid_types::door::Head;
use sealbid_types::time::Timestamp;

use super::check::Check;
use crate::commands::operate::clocks::{Heads, ahead, seconds_apart};
use crate::commands::operate::node::phase_name;
use crate::exit::Failure;
use crate::tokens::Tokens;
use crate::ui::text::date_and_clock;

/// A ticket that is valid for less is about to run out.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);

/// The committee file, and whose key it has.
pub(super) fn committee(path: &Path, loaded: Result<&CommitteeFile, &CommitteeFileError>) -> Check {
    const SUBJECT: &str = "committee file";
    let committee = match loaded {
        Ok(file) => file.committee(),
        Err(error) => {
            let check = Check::fail(SUBJECT, Failure::from(error).kind(), error.to_string());
            return check.next(match error {
                CommitteeFileError::NotFound { .. } => {
                    "name the house's directory with --dir, or make a house: sealbid up".to_owned()
                }
                _ => format!("get {} from the house again", path.display()),
            });
        }
    };
    let (name, n, q) = (&committee.name, committee.members(), committee.quorum);
    let house = format!("{name}: {n} members, quorum {q}");
    match &committee.provenance {
        Provenance::Ceremony(_) => Check::ok(
            SUBJECT,
            format!("{house}; its members made the key in a ceremony"),
        ),
        Provenance::DevelopmentDealer => {
            let text = "a dealer made the key and could have kept it: development only";
            Check::warn(SUBJECT, format!("{house}; {text}"))
                .next("hold a ceremony for a house of your own: sealbid keygen invite --help")
        }
    }
}

/// The names of tokens.
pub(super) fn tokens(house: &HouseDir) -> Check {
    let (subject, path) = ("token file", house.tokens());
    match Tokens::load(&path).map_err(Failure::from) {
        Ok(_) if path.exists() => Check::ok(subject, path.display().to_string()),
        Ok(_) => Check::ok(
            subject,
            "none of its own: the tokens that come with the program",
        ),
        Err(failure) => Check::fail(subject, failure.kind(), failure.message())
            .next(format!("mend {}, or move it away", path.display())),
    }
}

/// The members' doors, and the clocks behind them.
///
/// # Errors
/// If this machine gives no socket to ask from.
pub(super) async fn network(file: &CommitteeFile, dir: &Path) -> Result<Vec<Check>, Failure> {
    let committee = file.committee();
    let client = Client::connect(file.clone()).await?;
    let before = Timestamp::from(SystemTime::now());
    let heads = client.heads().await;
    let after = Timestamp::from(SystemTime::now());
    client.close().await;
    let mut checks: Vec<Check> = doors(committee, &heads, dir);
    checks.push(quorum(committee, &heads));
    checks.extend(own_clock(&heads, before, after));
    checks.extend(clocks(&heads));
    checks.extend(waits(&heads));
    checks.extend(versions(&heads));
    Ok(checks)
}

/// `dir` is the house's directory here, and most likely has that name at each member.
fn doors(committee: &Committee, heads: &Heads, dir: &Path) -> Vec<Check> {
    let door = |(member, head): (_, &Result<Head, ClientError>)| {
        let subject = format!("{member} door");
        match head {
            Ok(head) => {
                let (round, phase) = (head.round, phase_name(head.phase));
                let (settled, hears) = (head.settled, head.alive.len());
                Check::ok(
                    subject,
                    format!(
                        "round {round}, {phase}; {settled} settled; hears {hears} of {}; \
                         version {}",
                        committee.members(),
                        head.version,
                    ),
                )
            }
            // A quorum goes on without it; whether there is one is said below.
            Err(error) => Check::warn(subject, format!("does not answer: {error}")).next(format!(
                "on its machine: sealbid doctor {dir}/{member}, then sealbid node run --config \
                 {dir}/{member}/member.toml",
                dir = dir.display(),
            )),
        }
    };
    heads.iter().map(door).collect()
}

fn quorum(committee: &Committee, heads: &Heads) -> Check {
    let (subject, answer) = ("quorum", heads.values().flatten().count());
    let (n, q) = (committee.members(), committee.quorum());
    match answer >= q {
        true => Check::ok(
            subject,
            format!("{answer} of {n} members answer, {q} are needed"),
        ),
        false => Check::fail(
            subject,
            Exit::NoQuorum,
            format!("{answer} of {n} members answer, {q} are needed: no round can close"),
        )
        .next("start members: sealbid up, or sealbid node run --config FILE on each machine"),
    }
}

/// This machine's clock against the median of the members'.
fn own_clock(heads: &Heads, before: Timestamp, after: Timestamp) -> Option<Check> {
    let subject = "clock here";
    let mut said: Vec<Timestamp> = heads.values().flatten().map(|head| head.now).collect();
    said.sort_unstable();
    let middle = *said.get(said.len().checked_sub(1)? / 2)?;
    // An answer was given at some time between the two.
    let off = match (seconds_apart(before, middle), seconds_apart(after, middle)) {
        (early, late) if early <= 0 && late >= 0 => 0,
        (early, late) if early.abs() < late.abs() => early,
        (_, late) => late,
    };
    Some(match off {
        -1..=1 => Check::ok(subject, "within a second of the members'"),
        off => Check::warn(subject, format!("{} the members'", apart(off)))
            .next("set this machine's clock: timedatectl set-ntp true"),
    })
}

/// `65 s ahead of`.
fn apart(seconds: i64) -> String {
    let what = if seconds > 0 { "ahead of" } else { "behind" };
    let length = Duration::from_secs(seconds.unsigned_abs());
    format!("{} {what}", humantime::format_duration(length))
}

/// The members' clocks against each other's.
fn clocks(heads: &Heads) -> Vec<Check> {
    let off = |member| {
        let seconds = ahead(member, heads)?;
        Some(
            Check::warn(
                format!("{member} clock"),
                format!("{} the others'", apart(seconds)),
            )
            .next("on its machine: timedatectl set-ntp true"),
        )
    };
    let found: Vec<Check> = heads.keys().filter_map(|member| off(*member)).collect();
    if !found.is_empty() || heads.values().flatten().count() < 2 {
        return found;
    }
    vec![Check::ok(
        "members' clocks",
        "within a second of each other",
    )]
}

/// Whether rounds wait for a time that clocks have been at already: by the median of what members
/// say, since one of them may lie.
fn waits(heads: &Heads) -> Option<Check> {
    let answers = heads
        .iter()
        .filter_map(|(member, head)| Some((*member, head.as_ref().ok()?.clone())));
    let until = Standing::of(answers.collect())?.waits_until?;
    let text = format!(
        "no round closes before {} UTC: the last one closed while the members' clocks were ahead",
        date_and_clock(until)
    );
    Some(Check::warn("rounds", text).next("check the members' clocks, and wait until then"))
}

fn versions(heads: &Heads) -> Option<Check> {
    let own = env!("CARGO_PKG_VERSION");
    let others: Vec<String> = heads
        .values()
        .flatten()
        .filter(|head| head.version != own)
        .map(|head| format!("{} {}", head.member, head.version))
        .collect();
    if others.is_empty() {
        return None;
    }
    let text = format!("this is {own}; {}", others.join(", "));
    Some(Check::warn("versions", text).next("run the same version everywhere"))
}

/// The tickets of a house's own relayer and solvers.
pub(super) fn tickets(house: &HouseDir) -> Vec<Check> {
    let entries = std::fs::read_dir(house.root())
        .into_iter()
        .flatten()
        .flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path().join("ticket")).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    paths.iter().map(|path| ticket(path)).collect()
}

fn ticket(path: &Path) -> Check {
    let name = path.parent().and_then(Path::file_name);
    let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let subject = format!("{name} ticket");
    let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
    let ticket: Result<Ticket, String> = read.and_then(|text| {
        let parsed = text.trim().parse();
        parsed.map_err(|error: sealbid_net::ticket::TicketError| error.to_string())
    });
    let again = |role: &str, peer: &str| {
        let path = path.display();
        format!("sealbid node ticket --role {role} --peer {peer} > {path}")
    };
    let ticket = match ticket {
        Ok(ticket) => ticket,
        Err(error) => {
            let text = format!("{}: {error}", path.display());
            let role = if name == "relayer" {
                "relayer"
            } else {
                "solver"
            };
            return Check::fail(subject, Exit::Authentication, text).next(again(role, "ID"));
        }
    };
    let (expires, now) = (
        Timestamp(ticket.expires_ms),
        Timestamp::from(SystemTime::now()),
    );
    let when = date_and_clock(expires);
    let next = again(&ticket.role.to_string(), &ticket.peer.to_string());
    if expires <= now {
        let text = format!("has run out, on {when} UTC");
        return Check::fail(subject, Exit::Authentication, text).next(next);
    }
    if expires < now.plus(SOON) {
        return Check::warn(subject, format!("runs out on {when} UTC")).next(next);
    }
    Check::ok(subject, format!("valid until {when} UTC"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sealbid_types::id::MemberIndex;

    use super::*;
    use crate::commands::operate::clocks::tests::head;

    #[test]
    fn one_member_alone_makes_no_round_wait() {
        let mut heads: Heads = (0..4)
            .map(|index| head(index, [(1, 0), (2, 0), (3, 0)]))
            .collect();
        let mut say = |index: u8, until| {
            let head = heads.get_mut(&MemberIndex(index)).unwrap();
            head.as_mut().unwrap().waits_until = Some(Timestamp(until));
            waits(&heads).map(|check| check.message)
        };
        assert_eq!(say(3, u64::MAX), None);
        assert_eq!(say(1, 86_400_000), None);
        let told = say(2, 86_400_000).unwrap();
        assert!(told.contains("before 1970-01-02 00:00:00 UTC"), "{told}");
    }

    #[test]
    fn a_clock_here_that_is_off_is_told_whatever_the_answers_took() {
        let heads = Heads::from([head(0, [(1, 0), (2, 0), (3, 0)])]);
        let check = |before, after| {
            own_clock(&heads, Timestamp(before), Timestamp(after))
                .unwrap()
                .message
        };
        // The head says zero.
        assert_eq!(check(0, 3_000), "within a second of the members'");
        assert_eq!(check(65_000, 68_000), "1m 5s ahead of the members'");
        assert_eq!(own_clock(&Heads::new(), Timestamp(0), Timestamp(0)), None);
    }
}
