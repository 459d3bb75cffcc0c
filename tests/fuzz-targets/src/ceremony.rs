//! A key ceremony of three: what its board takes, in any order, and what two honest participants make of it. The third lies,
//! with its own keys.
//!
//! The seats and the invitation are those of `crates/dkg/src/testing.rs` once more: it is of the crate's own unit tests, and no
//! other crate can reach it, least of all the stand-in that is tried here.

use std::net::Ipv4Addr;
use std::sync::OnceLock;

use linear_dkg::board::MOST_BOARD_BYTES;
use linear_dkg::message::{
    Commitment, Complaint, Confirmed, Dealing, Enrolment, FORMAT, Invitation, Purpose, Roster,
};
use linear_dkg::{
    Board, CeremonyOutcome, Culprit, Message, Participant, Posted, SessionSecret, Signable, Signed,
    Step, Transcript, Void,
};
use linear_ed25519::SigningKey;
use linear_types::bytes::FixedBytes;
use linear_types::codec::{PREFIX_BYTES, Schema, decode, encode};
use linear_types::committee::{ClearingRule, Member, Rules};
use linear_types::id::{MemberIndex, SessionId};
use linear_types::keys::PublicKey;
use linear_types::text::AccountId;
use linear_types::time::Timestamp;

use crate::Target;
use crate::program::{Program, whole};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const MEMBERS: u8 = 3;
/// It is not the inviter, who chooses who takes part.
const LIAR: u8 = 2;

fn key(seed: u8, what: u8) -> SigningKey {
    let mut bytes = [what; 32];
    bytes[0] = seed;
    SigningKey::from_bytes(&bytes)
}

fn identity(seed: u8) -> SigningKey {
    key(seed, 1)
}

fn seat(seed: u8) -> Member {
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

fn invitation() -> Signed<Invitation> {
    let invitation = Invitation {
        format: FORMAT,
        purpose: Purpose::NewKey,
        name: "test".to_owned(),
        members: MEMBERS,
        quorum: 2,
        period_ms: 5_000,
        quote_window_ms: 3_000,
        rules: Rules {
            clearing: ClearingRule::BestQuote,
            fee_pips: 1,
            verifying_contract: AccountId::intents_near(),
            most_intents: 1_000,
            most_quotes: 500,
        },
        created: NOW,
        deadline: Timestamp(NOW.0 + 3_600_000),
        meeting: None,
        nonce: FixedBytes([9; 32]),
    };
    Signed::new(invitation, &identity(0))
}

fn participant(seed: u8, accepted: Option<SessionId>) -> Participant {
    let secret = SessionSecret::from_entropy(&[seed ^ 0xa5; 32]);
    Participant::new(identity(seed), seat(seed), secret, accepted)
}

fn session(board: &Board) -> Option<SessionId> {
    board.session()?.as_ref().ok().map(linear_dkg::Session::id)
}

/// What a participant does next. It is made anew for each step: nothing depends on what a process remembers.
fn next(seed: u8, board: &Board) -> Step {
    participant(seed, session(board)).next(board, NOW)
}

/// The messages of a ceremony as it should be, in their order, and what came of it.
struct Honest {
    messages: Vec<Message>,
    board: Vec<u8>,
    transcript: Transcript,
}

fn honest() -> &'static Honest {
    static HONEST: OnceLock<Honest> = OnceLock::new();
    HONEST.get_or_init(|| {
        let mut board = Board::new(invitation()).unwrap();
        let mut messages: Vec<Message> = board.messages().collect();
        let mut outcome = None;
        while outcome.is_none() {
            for seed in 0..MEMBERS {
                match next(seed, &board) {
                    Step::Post(message) => {
                        assert_eq!(board.post((*message).clone()), Ok(Posted::New));
                        messages.push(*message);
                    }
                    Step::CallRoster => {
                        let roster = participant(0, None).call_roster(&board, NOW);
                        board.post(roster.clone()).unwrap();
                        messages.push(roster);
                    }
                    Step::Done(done) => outcome = Some(done),
                    Step::Wait(_) | Step::Accept(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        let CeremonyOutcome { transcript, .. } = *outcome.unwrap();
        Honest {
            messages,
            board: board.to_bytes(),
            transcript,
        }
    })
}

fn forge<T: Schema + Signable>(signed: &Signed<T>, program: &mut Program<'_>) -> Option<Signed<T>> {
    let body = decode(&program.edit(&encode(&signed.body), PREFIX_BYTES)).ok()?;
    Some(Signed::new(body, &identity(LIAR)))
}

/// A message of somebody as the liar could say it.
fn forged(message: &Message, program: &mut Program<'_>) -> Option<Message> {
    Some(match message {
        Message::Invitation(signed) => Message::Invitation(forge::<Invitation>(signed, program)?),
        Message::Enrolment(signed) => Message::Enrolment(forge::<Enrolment>(signed, program)?),
        Message::Roster(signed) => Message::Roster(forge::<Roster>(signed, program)?),
        Message::Commitment(signed) => Message::Commitment(forge::<Commitment>(signed, program)?),
        Message::Dealing(signed) => Message::Dealing(forge::<Dealing>(signed, program)?),
        Message::Confirmation(signed) => {
            Message::Confirmation(forge::<Confirmed>(signed, program)?)
        }
        Message::Complaint(signed) => Message::Complaint(forge::<Complaint>(signed, program)?),
    })
}

/// What is refused, and what is known, changes nothing; and the board can be read again.
fn post(board: &mut Board, message: Message) {
    let before = board.to_bytes();
    let posted = board.post(message);
    let after = board.to_bytes();
    if posted != Ok(Posted::New) {
        assert!(after == before, "{posted:?} changes the board");
    }
    assert!(after.len() <= MOST_BOARD_BYTES);
}

fn blames(void: &Void) {
    assert!(!void.faults.is_empty());
    for fault in &void.faults {
        let is_honest = match fault.culprit {
            Culprit::Member(member) => member != seat_of_the_liar(),
            Culprit::Inviter => true,
            Culprit::Nobody => false,
        };
        assert!(!is_honest, "{fault}");
    }
}

/// Seats are in the order of the roster, which is that of the enrolments: every input takes the honest one.
fn seat_of_the_liar() -> MemberIndex {
    MemberIndex(LIAR)
}

fn ceremony(bytes: &[u8]) {
    play(bytes);
}

fn play(bytes: &[u8]) -> Board {
    let mut program = Program::new(bytes, 60);
    let honest = honest();
    let mut board = Board::new(invitation()).unwrap();
    while let Some(step) = program.step() {
        match step {
            0..100 => {
                // What the liar says if it does not lie. Others say here what they see here, and nothing of another ceremony.
                let own = || {
                    honest
                        .messages
                        .iter()
                        .filter(|it| it.author() == seat(LIAR).identity)
                };
                let Some(at) = program.index(own().count()) else {
                    break;
                };
                let message = own().nth(at).unwrap().clone();
                post(&mut board, message);
            }
            100..180 => {
                let Some(at) = program.index(honest.messages.len()) else {
                    break;
                };
                if let Some(message) = forged(&honest.messages[at], &mut program) {
                    post(&mut board, message);
                }
            }
            180..200 => {
                let bytes = [Message::SCHEMA.prefix().as_slice(), program.bytes()].concat();
                if let Ok(message) = decode(&bytes) {
                    post(&mut board, message);
                }
            }
            200..220 => {
                let read = Board::from_bytes(&board.to_bytes()).unwrap();
                assert!(read.to_bytes() == board.to_bytes());
                let mut other = Board::new(invitation()).unwrap();
                let (_, refused) = other.merge(&board);
                assert!(refused.is_empty() && other.to_bytes() == board.to_bytes());
            }
            _ => act(&mut board, step % LIAR),
        }
    }
    for seed in 0..LIAR {
        act(&mut board, seed);
    }
    board
}

/// An honest participant looks at the board, and does what it has to.
fn act(board: &mut Board, seed: u8) {
    match next(seed, board) {
        Step::Post(message) => post(board, *message),
        Step::CallRoster
            if board
                .enrolments()
                .iter()
                .map(|it| it.author)
                .eq((0..MEMBERS).map(|seed| seat(seed).identity)) =>
        {
            let roster = participant(0, None).call_roster(board, NOW);
            post(board, roster);
        }
        Step::Void(void) => blames(&void),
        Step::Done(outcome) => {
            let committee = outcome
                .transcript
                .verify()
                .expect("what is done can be verified");
            assert_eq!(committee, outcome.committee);
        }
        Step::CallRoster | Step::Accept(_) | Step::Wait(_) | Step::InDoubt(_) => {}
    }
}

/// A transcript, changed: it shows the same committee, or none.
fn transcript(bytes: &[u8]) {
    verifies(bytes);
}

/// Whether the transcript is read and verified.
fn verifies(bytes: &[u8]) -> bool {
    let mut program = Program::new(bytes, 1);
    let true_one = honest().transcript.to_bytes();
    let bytes = match program.byte() {
        0 => program.bytes().to_vec(),
        _ => program.edit(&true_one, PREFIX_BYTES),
    };
    let Ok(transcript) = Transcript::from_bytes(&bytes) else {
        return false;
    };
    let secret = SessionSecret::from_entropy(&[0xa5; 32]);
    let recovered = transcript.recover(&secret, &seat(0).identity);
    assert_eq!(recovered.is_ok(), transcript == honest().transcript);
    match transcript.verify() {
        Ok(committee) => {
            assert_eq!(transcript, honest().transcript, "{committee:?}");
            true
        }
        Err(_) => false,
    }
}

/// A board from a file: what is read writes itself the same way once it is in order.
fn board(bytes: &[u8]) {
    read_board(bytes);
}

fn read_board(bytes: &[u8]) -> Option<Board> {
    let mut program = Program::new(bytes, 1);
    let bytes = match program.byte() {
        0 => program.bytes().to_vec(),
        _ => program.edit(&honest().board, PREFIX_BYTES),
    };
    let board = Board::from_bytes(&bytes).ok()?;
    let written = board.to_bytes();
    assert!(written.len() <= MOST_BOARD_BYTES);
    assert!(Board::from_bytes(&written).unwrap().to_bytes() == written);
    Some(board)
}

/// The honest ceremony, and ones in which the liar says another thing at some point.
fn ceremony_seeds() -> Vec<Vec<u8>> {
    const EVERYBODY: [u8; 2] = [220, 221];
    let say = |at: u8| [0, at, 0];
    // It enrols, commits, deals and confirms.
    let until = |at: u8| {
        let said = (0..at)
            .flat_map(|at| [&EVERYBODY[..], &EVERYBODY, &say(at), &EVERYBODY, &EVERYBODY].concat());
        said.collect::<Vec<u8>>()
    };
    let count = u8::try_from(honest().messages.len()).unwrap();
    let lies = (1..count).flat_map(|of| {
        let lie = [100, of, 0, 0, 60, 0, 1, 1];
        (1..4).map(move |at| (at, lie))
    });
    let lies =
        lies.map(|(at, lie)| [&until(at)[..], &lie, &say(at), &EVERYBODY, &EVERYBODY].concat());
    let honest = [until(4), [&until(4)[..], &[200]].concat()];
    honest.into_iter().chain(lies).collect()
}

fn edits() -> Vec<Vec<u8>> {
    (0..4_u8).map(|at| vec![1, 0, at * 60, at, 1, 1]).collect()
}

fn with_edits(bytes: &[u8]) -> Vec<Vec<u8>> {
    [edits(), vec![whole(bytes)]].concat()
}

fn transcript_seeds() -> Vec<Vec<u8>> {
    with_edits(&honest().transcript.to_bytes())
}

fn board_seeds() -> Vec<Vec<u8>> {
    with_edits(&honest().board)
}

pub(crate) const TARGETS: &[Target] = &[
    Target::new("ceremony", ceremony, ceremony_seeds).with_cases(256),
    Target::new("verified-transcript", transcript, transcript_seeds).with_cases(256),
    Target::new("board", board, board_seeds).with_cases(256),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_input_ends_with_a_key() {
        let board = play(&ceremony_seeds()[0]);
        for seed in 0..LIAR {
            assert!(matches!(next(seed, &board), Step::Done(_)), "{seed}");
        }
    }

    #[test]
    fn one_that_lies_is_found_out() {
        let voids = |input: &Vec<u8>| {
            let board = play(input);
            (0..LIAR).any(|seed| matches!(next(seed, &board), Step::Void(_)))
        };
        assert!(ceremony_seeds().iter().any(voids));
    }

    #[test]
    fn the_true_transcript_is_verified() {
        assert!(transcript_seeds().iter().any(|seed| verifies(seed)));
    }

    #[test]
    fn the_true_board_is_read() {
        let true_one = |seed: &Vec<u8>| {
            read_board(seed).is_some_and(|board| board.to_bytes() == honest().board)
        };
        assert!(board_seeds().iter().any(true_one));
    }
}
