#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use ed25519_dalek::SigningKey;
use sealbid_net::PeerId;
use sealbid_net::ticket::Role;
use sealbid_types::id::MemberIndex;

use super::*;

fn ticket_until(until: Timestamp) -> Ticket {
    let identity = SigningKey::from_bytes(&[3; 32]);
    let peer = PeerId::of_secret(&[4; 32]);
    let signer = MemberIndex(0);
    Ticket::issue(&[5; 32], Role::Solver, peer, until.0, signer, &identity)
}

#[test]
fn a_ticket_is_good_then_running_out_then_over() {
    let (until, hour) = (Timestamp(1_800_000_000_000), Duration::from_secs(3600));
    let ticket = ticket_until(until);
    let before = |time: Duration| Timestamp(until.0 - u64::try_from(time.as_millis()).unwrap());
    let state = |now| TicketState::of(&ticket, now);
    assert_eq!(state(before(13 * hour)), TicketState::Good { until });
    assert_eq!(state(before(12 * hour)), TicketState::RunningOut { until });
    let moment = Duration::from_millis(1);
    assert_eq!(state(before(moment)), TicketState::RunningOut { until });
    assert_eq!(state(until), TicketState::RanOut { since: until });
    assert!(!state(until).is_served());
    // The end is met on time, and not with the next look.
    assert_eq!(state(before(hour)).pause(before(hour)), LOOK);
    let second = Duration::from_secs(1);
    assert_eq!(state(before(second)).pause(before(second)), second);
}

/// A solver that nobody told went on without a feed, and without a word.
#[tokio::test]
async fn a_ticket_that_runs_out_is_told_and_another_one_is_shown() {
    let first = ticket_until(now().plus(Duration::from_millis(400)));
    let (issuer, tickets) = watch::channel(first);
    let (watchman, mut state) = Watchman::new(TicketSource::Watch(tickets), first);
    let shown = Arc::new(Mutex::new(Vec::new()));
    let task = tokio::spawn({
        let shown = Arc::clone(&shown);
        watchman.run(move |ticket| shown.lock().unwrap().push(ticket))
    });
    assert!(matches!(
        *state.borrow_and_update(),
        TicketState::RunningOut { .. }
    ));
    state.changed().await.unwrap();
    assert!(matches!(
        *state.borrow_and_update(),
        TicketState::RanOut { .. }
    ));
    assert!(shown.lock().unwrap().is_empty());

    let second = ticket_until(now().plus(Duration::from_secs(7 * 24 * 3600)));
    issuer.send_replace(second);
    state.changed().await.unwrap();
    assert!(matches!(
        *state.borrow_and_update(),
        TicketState::Good { .. }
    ));
    assert_eq!(*shown.lock().unwrap(), [second]);
    task.abort();
}

#[test]
fn a_file_is_read_whatever_an_editor_put_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ticket");
    let ticket = ticket_until(Timestamp(1_800_000_000_000));
    let source = TicketSource::file(&path);
    for text in [format!("{ticket}\n"), format!("\u{feff}{ticket}\r\n")] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(source.read().unwrap(), ticket);
    }
    std::fs::write(&path, "sealbid-ticket1:").unwrap();
    assert!(matches!(
        source.read(),
        Err(TicketFileError::Invalid { .. })
    ));
}
