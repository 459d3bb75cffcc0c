//! One whole ceremony, and what its last participant spends on it.
//!
//! The steps are those that `Participant::next` asks for, one after another. Beside them stand what
//! anybody does who verifies the transcript, and the same work by `threshold_crypto`.

use core::hint::black_box;
use std::time::Instant;

use ed25519_dalek::SigningKey;
use sealbid_benches::Fallible;
use sealbid_dkg::message::FORMAT;
use sealbid_dkg::{
    Board, Invitation, Message, Participant, Purpose, SessionSecret, Signed, Step, Transcript,
};
use sealbid_keygen::usual_rules;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::committee::Member;
use sealbid_types::keys::PublicKey;
use sealbid_types::time::Timestamp;

use crate::peers;

/// Any time will do, since nobody waits here.
const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// Times in microseconds.
pub(crate) struct Run {
    /// Its encryption key, and its enrolment.
    enrol: f64,
    /// Commitments in both groups, proofs, everybody's payload; and the digest of all that.
    commit: f64,
    /// The same dealing, shown: it has been made up before.
    deal: f64,
    /// All dealings, by their points and proofs and in both groups, and its own share of them.
    confirm: f64,
    /// Everybody's confirmation, its share, the committee.
    finish: f64,
    /// What anybody does who checks the ceremony.
    verify: f64,
    /// Without proofs, encryption, and keys in G2; the next one too.
    feldman: f64,
    bivariate: f64,
}

/// The name of a line, its mark for n members, and its time in a run.
type Phase = (&'static str, fn(u8) -> Option<f64>, fn(&Run) -> f64);

/// What is shown, in this order.
pub(crate) const PHASES: [Phase; 9] = [
    ("enrol", |_| None, |run| run.enrol),
    ("make up a dealing and commit", |_| None, |run| run.commit),
    ("deal", |_| None, |run| run.deal),
    ("check and confirm", |_| None, |run| run.confirm),
    ("finish", |_| None, |run| run.finish),
    ("all of it", mark, Run::total),
    ("verify a transcript", |_| None, |run| run.verify),
    ("threshold_crypto, Feldman", |_| None, |run| run.feldman),
    ("threshold_crypto, bivariate", |_| None, |run| run.bivariate),
];

/// Units for the five steps together, where they are laid down (benches/README.md).
const fn mark(members: u8) -> Option<f64> {
    match members {
        5 => Some(100.0),
        16 => Some(800.0),
        _ => None,
    }
}

impl Run {
    fn total(&self) -> f64 {
        self.enrol + self.commit + self.deal + self.confirm + self.finish
    }

    /// Runs a ceremony of `members`; the last one's steps are timed.
    pub(crate) fn measure(members: u8, quorum: u8) -> Fallible<Self> {
        let mut board = Board::new(invitation(members, quorum))?;
        let mut all: Vec<Participant> = (0..members).map(participant).collect();
        let enrol = post_all(&mut board, &mut all)?;
        // By the first, who has called the ceremony.
        let roster = all.first().map(|inviter| inviter.call_roster(&board, NOW));
        board.post(roster.ok_or("no members")?)?;
        let session = match board.session() {
            Some(Ok(session)) => session.id(),
            _ => return Err("no session".into()),
        };
        // In a real ceremony people compare words before they say yes.
        for participant in &mut all {
            participant.accept(session);
        }
        // In the order of the ceremony: nobody deals before all have committed.
        let commit = post_all(&mut board, &mut all)?;
        let deal = post_all(&mut board, &mut all)?;
        let confirm = post_all(&mut board, &mut all)?;
        let last = all.last_mut().ok_or("no members")?;
        let (finish, step) = timed(|| last.next(&board, NOW));
        let Step::Done(outcome) = step else {
            return Err(format!("not done: {step:?}").into());
        };
        let (verify, verified) = timed(|| Transcript::verify(&outcome.transcript));
        black_box(verified?);
        Ok(Self {
            enrol,
            commit,
            deal,
            confirm,
            finish,
            verify,
            feldman: timed(|| peers::feldman(members, quorum)).0,
            bivariate: timed(|| peers::bivariate(members, quorum)).0,
        })
    }
}

/// Lets everybody post once; what the last one took for it.
fn post_all(board: &mut Board, all: &mut [Participant]) -> Fallible<f64> {
    let mut last = 0.0;
    for participant in all {
        // What it makes up is timed, and not the posting, which verifies its signature for the
        // others.
        let (time, step) = timed(|| participant.next(board, NOW));
        let Step::Post(message) = step else {
            return Err(format!("nothing to post: {step:?}").into());
        };
        post(board, *message)?;
        last = time;
    }
    Ok(last)
}

fn post(board: &mut Board, message: Message) -> Fallible<()> {
    board.post(message)?;
    Ok(())
}

/// Microseconds, and the result, which must not be left out because nobody uses it.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let result = black_box(work());
    (began.elapsed().as_secs_f64() * 1e6, result)
}

/// Fixed keys, all of them different, since a roster refuses two that are the same.
fn key(seed: u8, what: u8) -> SigningKey {
    let mut bytes = [what; 32];
    if let Some(first) = bytes.first_mut() {
        *first = seed;
    }
    SigningKey::from_bytes(&bytes)
}

fn invitation(members: u8, quorum: u8) -> Signed<Invitation> {
    let invitation = Invitation {
        format: FORMAT,
        purpose: Purpose::NewKey,
        name: "bench".to_owned(),
        members,
        quorum,
        period_ms: 5000,
        quote_window_ms: 3000,
        rules: usual_rules(quorum),
        created: NOW,
        // All of it happens at one moment.
        deadline: Timestamp(NOW.0 + 1),
        meeting: None,
        nonce: FixedBytes([0; 32]),
    };
    Signed::new(invitation, &key(0, 1))
}

fn participant(seed: u8) -> Participant {
    let member = Member {
        identity: PublicKey::of(&key(seed, 1)),
        house: PublicKey::of(&key(seed, 2)),
        // Nobody is dialled.
        house_addresses: Vec::new(),
        relay: String::new(),
        door: PublicKey::of(&key(seed, 3)),
        door_addresses: Vec::new(),
    };
    // Nothing here is secret: runs are to repeat.
    let secret = SessionSecret::from_entropy(&[seed; 32]);
    Participant::new(key(seed, 1), member, secret, None)
}
