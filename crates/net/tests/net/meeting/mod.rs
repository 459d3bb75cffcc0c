//! Meetings of a few participants, as they should go.

mod hostile;
mod lying;
mod process;
mod relay;

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use sealbid_net::bind::BindAddresses;
use sealbid_net::meeting::{
    GuestConfig, HostConfig, HostError, MAX_MESSAGE, MeetingAddress, MeetingError, MeetingEvent,
    MeetingGuest, MeetingHost, MeetingLimits, Noticeboard, PostRefusal, fetch,
};
use sealbid_net::{PeerId, door::DoorRefusal};
use tokio::sync::mpsc::Receiver;
use zeroize::Zeroizing;

use crate::{run, within};

const HOST: [u8; 32] = [1; 32];
/// What these boards refuse: words that begin so.
const BAD: &str = "bad";
/// What they refuse until they hold the rest of the word.
const AFTER: &str = "after ";

/// A board of words.
#[derive(Default)]
struct Words {
    list: Mutex<Vec<Vec<u8>>>,
    /// How often its ids were asked for.
    asked: AtomicUsize,
    /// Takes anything.
    careless: bool,
}

impl Words {
    fn of(words: &[&str]) -> Arc<Self> {
        let board = Self::default();
        for word in words {
            board.put(word);
        }
        Arc::new(board)
    }

    /// Puts a word there, whatever it is.
    fn put(&self, word: impl AsRef<[u8]>) {
        self.list.lock().unwrap().push(word.as_ref().to_vec());
    }

    fn all(&self) -> BTreeSet<Vec<u8>> {
        self.list.lock().unwrap().iter().cloned().collect()
    }
}

impl Noticeboard for Words {
    fn ids(&self) -> Vec<[u8; 32]> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let list = self.list.lock().unwrap();
        list.iter().map(|word| id(word)).collect()
    }

    fn message(&self, wanted: &[u8; 32]) -> Option<Vec<u8>> {
        let list = self.list.lock().unwrap();
        list.iter().find(|word| id(word) == *wanted).cloned()
    }

    fn post(&self, word: Vec<u8>) -> Result<bool, PostRefusal> {
        let mut list = self.list.lock().unwrap();
        if list.contains(&word) {
            return Ok(false);
        }
        let text = String::from_utf8_lossy(&word);
        if text.starts_with(BAD) && !self.careless {
            return Err(PostRefusal::new(7, "a bad word"));
        }
        let first = text.strip_prefix(AFTER);
        if first.is_some_and(|first| !list.iter().any(|word| word == first.as_bytes())) {
            return Err(PostRefusal::new(9, "too early"));
        }
        list.push(word);
        Ok(true)
    }
}

fn id(word: &[u8]) -> [u8; 32] {
    *blake3::hash(word).as_bytes()
}

fn config() -> HostConfig {
    HostConfig::new(Zeroizing::new(HOST))
}

async fn open(board: &Arc<Words>) -> MeetingHost {
    open_with(config(), board).await
}

async fn open_with(config: HostConfig, board: &Arc<Words>) -> MeetingHost {
    let opened = MeetingHost::open(config, Arc::clone(board));
    within(10, "open", opened).await.unwrap()
}

async fn join(
    address: MeetingAddress,
    board: &Arc<Words>,
) -> (MeetingGuest, Receiver<MeetingEvent>) {
    let joined = MeetingGuest::join(GuestConfig::new(address), Arc::clone(board));
    within(5, "join", joined).await.unwrap()
}

/// Waits until all boards hold the same, and so many words.
async fn converge(boards: &[&Arc<Words>], words: usize) {
    let started = Instant::now();
    let equal = async {
        loop {
            let all: Vec<_> = boards.iter().map(|board| board.all()).collect();
            if all.iter().all(|one| one.len() == words && one == &all[0]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(30, "the boards are equal", equal).await;
    println!("equal after {:?}", started.elapsed());
}

/// The next event that is none of these changes.
async fn event(events: &mut Receiver<MeetingEvent>) -> MeetingEvent {
    loop {
        match within(20, "event", events.recv()).await.unwrap() {
            MeetingEvent::Changed { .. } => {}
            event => return event,
        }
    }
}

#[test]
fn boards_converge() {
    run(60, async {
        let board = Words::of(&["invitation"]);
        let host = open(&board).await;
        let mut boards = vec![Arc::clone(&board)];
        let mut guests = Vec::new();
        for number in 0..5 {
            let own = Words::of(&[&format!("enrolment {number}")]);
            guests.push(join(host.local_address(), &own).await);
            boards.push(own);
        }
        let boards: Vec<_> = boards.iter().collect();
        converge(&boards, 6).await;
        within(2, "changed", host.changed()).await;
        // What the host adds goes to all, what a guest adds too: at once.
        board.put("roster");
        host.announce();
        converge(&boards, 7).await;
        let started = Instant::now();
        for (number, (guest, _)) in guests.iter().enumerate() {
            boards[number + 1].put(format!("dealing {number}"));
            guest.announce();
        }
        converge(&boards, 12).await;
        assert!(started.elapsed() < Duration::from_secs(4), "no long poll");
        within(5, "delivered to the guests", host.delivered(5)).await;
        assert!(host.guests().iter().all(|guest| guest.lacks == 0));
        for (guest, mut events) in guests {
            assert_eq!(event(&mut events).await, MeetingEvent::Connected);
            within(2, "delivered to the host", guest.delivered()).await;
            within(2, "guest closes", guest.close()).await;
            while let Ok(other) = events.try_recv() {
                assert!(matches!(other, MeetingEvent::Changed { .. }), "{other:?}");
            }
        }
        within(5, "host closes", host.close()).await;
    });
}

#[test]
fn a_guest_brings_a_whole_board_and_takes_one() {
    run(60, async {
        let (board, own) = (Words::of(&[]), Words::of(&[]));
        for number in 0..60_u8 {
            let side = if number % 2 == 0 { &board } else { &own };
            side.put([vec![number], vec![b'x'; 30_000]].concat());
        }
        let host = open(&board).await;
        let (_guest, _events) = join(host.local_address(), &own).await;
        converge(&[&board, &own], 60).await;
        let fetched = fetch(&host.local_address(), Duration::from_secs(10)).await;
        let fetched: BTreeSet<_> = fetched.unwrap().into_iter().collect();
        assert_eq!(fetched, board.all());
    });
}

#[test]
fn a_refused_post_is_reported_once() {
    run(60, async {
        let board = Words::of(&[]);
        let host = open(&board).await;
        let own = Words::of(&["bad word", "after noon", "good"]);
        let (guest, mut events) = join(host.local_address(), &own).await;
        let mut refused = BTreeSet::new();
        for _ in 0..2 {
            if let MeetingEvent::Refused { id, refusal } = event(&mut events).await {
                refused.insert((id, refusal.code, refusal.text));
            }
        }
        let (bad, early) = ("a bad word".to_owned(), "too early".to_owned());
        let expected = [(id(b"bad word"), 7, bad), (id(b"after noon"), 9, early)];
        assert_eq!(refused, BTreeSet::from(expected));
        assert_eq!(event(&mut events).await, MeetingEvent::Connected);
        // A refusal is an answer.
        within(5, "delivered", guest.delivered()).await;
        // When the board has changed, what it refused is offered again.
        board.put("noon");
        host.announce();
        let taken = async {
            while !board.all().contains(b"after noon".as_slice()) {
                host.changed().await;
            }
        };
        within(5, "taken", taken).await;
        assert_eq!(board.all().len(), 3);
        assert!(
            events
                .try_recv()
                .is_ok_and(|e| matches!(e, MeetingEvent::Changed { new: 1 }))
        );
        assert!(events.try_recv().is_err(), "nothing is said twice");
    });
}

#[test]
fn what_needs_another_first_comes_in_any_order() {
    run(30, async {
        let board = Words::of(&["after after noon", "after noon", "noon"]);
        let own = Words::of(&["after after dusk", "after dusk", "dusk"]);
        let host = open(&board).await;
        let (_guest, _events) = join(host.local_address(), &own).await;
        converge(&[&board, &own], 6).await;
    });
}

#[test]
fn a_full_board_refuses_by_itself() {
    run(60, async {
        let board = Words::of(&[]);
        for number in 0..256 {
            board.put(format!("word {number}"));
        }
        let host = open(&board).await;
        let own = Words::of(&["one more"]);
        let (_guest, mut events) = join(host.local_address(), &own).await;
        match event(&mut events).await {
            MeetingEvent::Refused { refusal, .. } => {
                assert_eq!(refusal.code, PostRefusal::BOARD_FULL);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(board.all().len(), 256);
        // Nor does a message travel that is too large.
        let large = Words::of(&[]);
        large.put(vec![b'x'; MAX_MESSAGE + 1]);
        let (_guest, mut events) = join(host.local_address(), &large).await;
        match event(&mut events).await {
            MeetingEvent::Refused { refusal, .. } => {
                assert_eq!(refusal.code, PostRefusal::TOO_LARGE);
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn too_many_guests_are_told_so() {
    run(60, async {
        let limits = MeetingLimits {
            connections: 2,
            ..MeetingLimits::default()
        };
        let board = Words::of(&["invitation"]);
        let host = open_with(HostConfig { limits, ..config() }, &board).await;
        let (one, two, three) = (Words::of(&["1"]), Words::of(&["2"]), Words::of(&["3"]));
        let (first, _) = join(host.local_address(), &one).await;
        let (_second, _) = join(host.local_address(), &two).await;
        converge(&[&board, &one, &two], 3).await;
        let (_third, mut events) = join(host.local_address(), &three).await;
        match event(&mut events).await {
            MeetingEvent::Unreachable { why, .. } => {
                assert_eq!(why, MeetingError::Refused(DoorRefusal::Busy));
            }
            other => panic!("{other:?}"),
        }
        within(2, "the first leaves", first.close()).await;
        assert_eq!(event(&mut events).await, MeetingEvent::Connected);
        converge(&[&board, &two, &three], 4).await;
    });
}

#[test]
fn fetching_has_an_end() {
    run(60, async {
        let nobody = MeetingAddress {
            peer: PeerId::of_secret(&HOST),
            addresses: vec!["127.0.0.1:9".parse().unwrap()],
            relay: None,
        };
        let fetched = within(5, "fetch", fetch(&nobody, Duration::from_secs(1))).await;
        assert!(fetched.unwrap_err().is_temporary());
        let host = open(&Words::of(&[])).await;
        let address = host.local_address();
        let fetched = within(5, "fetch", fetch(&address, Duration::from_secs(5))).await;
        assert_eq!(fetched, Ok(Vec::new()));
        let other = MeetingAddress {
            relay: Some("no url".to_owned()),
            ..address
        };
        let fetched = within(5, "fetch", fetch(&other, Duration::from_secs(5))).await;
        assert!(matches!(fetched, Err(MeetingError::RelayUrl { .. })));
    });
}

#[test]
fn a_port_in_use_is_named() {
    run(30, async {
        let board = Words::of(&[]);
        let host = open(&board).await;
        let taken = host.local_address().addresses;
        let taken = taken
            .into_iter()
            .find(std::net::SocketAddr::is_ipv4)
            .unwrap();
        let twin = HostConfig {
            bind: BindAddresses::loopback(taken.port(), 0),
            ..config()
        };
        match within(5, "open", MeetingHost::open(twin, board)).await {
            Err(HostError::PortInUse { address }) => assert_eq!(address, taken),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn secrets_are_not_shown() {
    let config = HostConfig::new(Zeroizing::new([77; 32]));
    let shown = format!("{config:?}");
    assert!(shown.contains("bind") && !shown.contains("77"), "{shown}");
    let guest = GuestConfig {
        secret: Some(Zeroizing::new([77; 32])),
        ..GuestConfig::new(MeetingAddress {
            peer: PeerId::of_secret(&HOST),
            addresses: Vec::new(),
            relay: None,
        })
    };
    let shown = format!("{guest:?}");
    assert!(
        shown.contains("address") && !shown.contains("77, 77"),
        "{shown}"
    );
}
