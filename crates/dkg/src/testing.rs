//! Ceremonies within a test.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::net::Ipv4Addr;

use ed25519_dalek::SigningKey;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::committee::{ClearingRule, Member, Rules};
use sealbid_types::id::SessionId;
use sealbid_types::keys::PublicKey;
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use crate::board::Board;
use crate::message::{Commitment, Dealing, FORMAT, Invitation, Message, Purpose};
use crate::participant::{CeremonyOutcome, Participant, Step};
use crate::secret::SessionSecret;
use crate::session::Session;
use crate::signed::Signed;

/// When everything here happens: the invitation is written then, an hour before its deadline.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A key of `seed`'s: `what` is 1 for its identity, 2 for its house, 3 for its door.
pub(crate) fn key(seed: u8, what: u8) -> SigningKey {
    let mut bytes = [what; 32];
    bytes[0] = seed;
    SigningKey::from_bytes(&bytes)
}

pub(crate) fn identity(seed: u8) -> SigningKey {
    key(seed, 1)
}

/// Ports are ten apart, since no two members may share an address.
pub(crate) fn member(seed: u8) -> Member {
    let at = |port: u16| (Ipv4Addr::LOCALHOST, port + 10 * u16::from(seed)).into();
    Member {
        identity: PublicKey::of(&identity(seed)),
        house: PublicKey::of(&key(seed, 2)),
        house_addresses: vec![at(7400)],
        relay: format!("http://127.0.0.1:{}", 7402 + 10 * u16::from(seed)),
        door: PublicKey::of(&key(seed, 3)),
        door_addresses: vec![at(7401)],
    }
}

/// Of fixed entropy: what comes of it is frozen in `snapshots.txt`.
pub(crate) fn secret(seed: u8) -> SessionSecret {
    SessionSecret::from_entropy(&[seed ^ 0xa5; 32])
}

pub(crate) fn invitation(members: u8, quorum: u8) -> Signed<Invitation> {
    let invitation = Invitation {
        format: FORMAT,
        purpose: Purpose::NewKey,
        name: "test".to_owned(),
        members,
        quorum,
        period_ms: 5000,
        quote_window_ms: 3000,
        rules: Rules {
            clearing: ClearingRule::BestQuote,
            fee_pips: 1,
            verifying_contract: AccountId::intents_near(),
            most_intents: 1000,
            most_quotes: 500,
        },
        created: NOW,
        deadline: Timestamp(NOW.0 + 3_600_000),
        meeting: None,
        nonce: FixedBytes([9; 32]),
    };
    Signed::new(invitation, &identity(0))
}

pub(crate) fn participant(seed: u8, accepted: Option<SessionId>) -> Participant {
    Participant::new(identity(seed), member(seed), secret(seed), accepted)
}

/// What `seed` says when it commits to `dealing`.
pub(crate) fn commitment(seed: u8, dealing: &Dealing) -> Message {
    let commitment = Commitment {
        session: dealing.session,
        dealer: dealing.dealer,
        dealing: dealing.digest(),
    };
    Message::Commitment(Signed::new(commitment, &identity(seed)))
}

/// A ceremony that all take part in honestly, on one board.
pub(crate) struct Ceremony {
    pub(crate) board: Board,
}

impl Ceremony {
    pub(crate) fn new(members: u8, quorum: u8) -> Self {
        Self {
            board: Board::new(invitation(members, quorum)).unwrap(),
        }
    }

    /// One who has accepted the session that there is.
    pub(crate) fn participant(&self, seed: u8) -> Participant {
        participant(
            seed,
            self.board
                .session()
                .map(|session| session.as_ref().unwrap().id()),
        )
    }

    /// What `seed` does next, made anew for each step: what it says must not depend on what a
    /// process remembers.
    pub(crate) fn step(&self, seed: u8) -> Step {
        self.participant(seed).next(&self.board, NOW)
    }

    pub(crate) fn post(&mut self, message: Message) {
        self.board.post(message).unwrap();
    }

    /// Lets `seed` post what it has to post now.
    pub(crate) fn post_next(&mut self, seed: u8) {
        match self.step(seed) {
            Step::Post(message) => self.post(*message),
            other => panic!("nothing to post for {seed}: {other:?}"),
        }
    }

    /// All seats taken and the roster called.
    pub(crate) fn called(members: u8, quorum: u8) -> Self {
        let mut ceremony = Self::new(members, quorum);
        for seed in 0..members {
            ceremony.post_next(seed);
        }
        assert!(matches!(ceremony.step(0), Step::CallRoster));
        let roster = ceremony.participant(0).call_roster(&ceremony.board, NOW);
        ceremony.post(roster);
        ceremony
    }

    pub(crate) fn session(&self) -> &Session {
        self.board.session().unwrap().as_ref().unwrap()
    }

    /// All have committed to their dealings, and nobody has dealt.
    pub(crate) fn committed(members: u8, quorum: u8) -> Self {
        let mut ceremony = Self::called(members, quorum);
        for seed in 0..members {
            ceremony.post_next(seed);
        }
        ceremony
    }

    /// All dealings there.
    pub(crate) fn dealt(members: u8, quorum: u8) -> Self {
        let mut ceremony = Self::committed(members, quorum);
        for seed in 0..members {
            ceremony.post_next(seed);
        }
        ceremony
    }

    /// All confirmations there.
    pub(crate) fn confirmed(members: u8, quorum: u8) -> Self {
        let mut ceremony = Self::dealt(members, quorum);
        for seed in 0..members {
            ceremony.post_next(seed);
        }
        ceremony
    }

    pub(crate) fn outcome(&self, seed: u8) -> CeremonyOutcome {
        match self.step(seed) {
            Step::Done(outcome) => *outcome,
            other => panic!("{seed} is not done: {other:?}"),
        }
    }
}
