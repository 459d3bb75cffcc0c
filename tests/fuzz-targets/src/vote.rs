//! One member of a vote, and three that say whatever the input has them say, in any order, with restarts in between.
//!
//! Signatures are the vote simulation's hashes, so that the input may sign for anybody.

use std::collections::BTreeMap;

use linear::vote_simulation::Scenario;
use linear::vote_simulation::keys::signers;
use linear::vote_simulation::node::{self, SLOT, schedule};
use linear::vote_simulation::world::close_named;
use linear_protocol::time::Clock;
use linear_protocol::vote::{
    Commitment, Config, FullProposal, Message, Output, Position, Precommit, Prevote, Proposal,
    Signers, Step, Subject, Value, Verdict, Vote, VoteState,
};
use linear_types::bytes::FixedBytes;
use linear_types::close::CertificateBytes;
use linear_types::codec::{Schema, decode, digest, encode};
use linear_types::id::{AllocationDigest, MemberIndex, Slot, View, context};
use linear_types::keys::Signed;
use linear_types::time::Timestamp;

use crate::Target;
use crate::program::Program;

const ME: MemberIndex = MemberIndex(0);
const QUORUM: u8 = 3;

/// More than it takes to keep what four members may have said of as many views as are kept.
const MOST_STATE_BYTES: usize = 400_000;

/// Four members, of round 4.
fn scenario() -> Scenario {
    Scenario::calm(3, 4)
}

fn config(subject: Subject) -> Config {
    Config {
        subject,
        ..node::config(&scenario(), ME)
    }
}

fn sign<T: Schema>(body: T, member: MemberIndex) -> Signed<T> {
    let digest = digest(context::MEMBER_SIGNATURE, &body);
    let signature = signers(member, QUORUM).identity.sign(&digest);
    Signed {
        body,
        member,
        signature,
    }
}

/// What was seen of the member.
struct Watch {
    subject: Subject,
    vote: Vote,
    now: u64,
    /// The newest state that was written.
    written: Option<VoteState>,
    /// What it has signed for each step of each view.
    signed: BTreeMap<(View, Step), Vec<u8>>,
    /// Proposals that it was asked to make.
    turns: Vec<View>,
    /// Values that it asked about.
    asked: Vec<Value>,
    /// How many messages it has heard.
    heard: u32,
}

impl Watch {
    fn new(subject: Subject) -> Self {
        Self {
            subject,
            vote: Vote::new(config(subject), own()).unwrap(),
            now: schedule().end_of(SLOT).0 + 100,
            written: None,
            signed: BTreeMap::new(),
            turns: Vec::new(),
            asked: Vec::new(),
            heard: 0,
        }
    }

    fn clock(&self) -> Clock {
        Clock::steady(Timestamp(self.now))
    }

    fn value(&self, number: u8) -> Value {
        match self.subject {
            Subject::Allocation => Value::Allocation(AllocationDigest::from([number % 4; 32])),
            Subject::Close => {
                let slot = Slot(SLOT.0 - u64::from(number % 4 == 3));
                close_named(&scenario(), [number % 4; 32], slot)
            }
        }
    }

    /// A precommit to nothing.
    fn nil(&self, view: View) -> Precommit {
        let Config {
            auction,
            epoch,
            round,
            subject,
            ..
        } = config(self.subject);
        Precommit {
            auction,
            epoch,
            round,
            subject,
            view,
            commitment: None,
        }
    }

    fn took(&mut self, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Persist(state) => {
                    let bytes = encode(&*state);
                    assert!(bytes.len() <= VoteState::SCHEMA.max_bytes);
                    assert_eq!(decode::<VoteState>(&bytes).as_ref(), Ok(&*state));
                    let before = self.written.as_ref().and_then(VoteState::position);
                    assert!(state.position() >= before, "forgets what it signed");
                    self.written = Some(*state);
                }
                Output::Broadcast(message) => self.said(&message),
                Output::Propose { view } => self.turns.push(view),
                Output::Validate { value, .. } => self.asked.push(*value),
                Output::Evidence(evidence) => assert!(evidence.verify(&own()), "{evidence:?}"),
                Output::Decided(certified) => {
                    let nil = self.nil(certified.certificate.view);
                    let statement = nil.statement(certified.value.digest());
                    let signature = &certified.certificate.signature;
                    assert!(own().threshold.verify(&statement, signature));
                }
                Output::Abstains => assert!(self.vote.abstains()),
                // Three of four lie here.
                Output::Forked { .. } => {}
            }
        }
    }

    /// Of what it says itself: once a step, and not before it is written.
    fn said(&mut self, message: &Message) {
        if message.member() != ME {
            return;
        }
        let Position { view, step } = message.position();
        let written = self.written.as_ref().and_then(VoteState::position);
        assert!(
            written >= Some(message.position()),
            "{message:?} is not written"
        );
        // A proposal may travel whole or as its header.
        let bytes = match message {
            Message::Proposal(full) => encode(&full.header.body),
            Message::Header(header) => encode(&header.body),
            Message::Prevote(signed) => encode(&signed.body),
            Message::Precommit(signed) => encode(&signed.body),
        };
        let known = self
            .signed
            .entry((view, step))
            .or_insert_with(|| bytes.clone());
        assert_eq!(*known, bytes, "signed twice: {message:?}");
    }

    fn hear(&mut self, message: Message) {
        // One message in eight: it is most of what a run costs.
        self.heard += 1;
        let before = self
            .heard
            .is_multiple_of(8)
            .then(|| format!("{:?}", self.vote));
        let clock = self.clock();
        let mut out = Vec::new();
        // Shown as it travels.
        let bytes = encode(&message);
        assert_eq!(decode::<Message>(&bytes).as_ref(), Ok(&message));
        if self.vote.receive(message, clock, &mut out).is_err() {
            assert!(out.is_empty(), "{out:?} of what is refused");
            if let Some(before) = before {
                assert_eq!(format!("{:?}", self.vote), before);
            }
        }
        self.took(out);
    }

    fn restart(&mut self) {
        self.vote = match &self.written {
            None => Vote::new(config(self.subject), own()).unwrap(),
            Some(state) => {
                let state = decode(&encode(state)).unwrap();
                Vote::restore(config(self.subject), own(), state).unwrap()
            }
        };
        self.turns.clear();
        self.asked.clear();
        self.begin();
    }

    fn begin(&mut self) {
        let (clock, mut out) = (self.clock(), Vec::new());
        match self.subject {
            Subject::Close => self.vote.start(clock, &mut out),
            Subject::Allocation => {
                let [own, void] = [1, 2].map(|number: u8| AllocationDigest::from([number; 32]));
                self.vote.assume(own, void, clock, &mut out);
            }
        }
        self.took(out);
    }
}

fn own() -> Signers {
    signers(ME, QUORUM)
}

/// A message that the input makes up.
fn message(kind: u8, program: &mut Program<'_>, watch: &Watch) -> Message {
    let Config {
        auction,
        epoch,
        round,
        subject,
        ..
    } = config(watch.subject);
    // Nobody but the member itself signs for it.
    let member = MemberIndex(1 + program.byte() % 3);
    let view = view(program);
    let number = program.byte();
    let value = watch.value(number);
    match kind % 4 {
        0 | 1 => {
            let valid_view = program
                .byte()
                .is_multiple_of(3)
                .then(|| self::view(program));
            let body = Proposal {
                auction,
                epoch,
                round,
                subject,
                view,
                value: value.digest(),
                valid_view,
            };
            let header = sign(body, member);
            if kind % 4 == 1 {
                return Message::Header(header);
            }
            let prevote = |member: u8| {
                let body = Prevote {
                    auction,
                    epoch,
                    round,
                    subject,
                    view: valid_view.unwrap_or_default(),
                    value: Some(value.digest()),
                };
                sign(body, MemberIndex(member))
            };
            let polka = match valid_view {
                Some(_) => (0..program.byte() % 5).map(prevote).collect(),
                None => Vec::new(),
            };
            Message::Proposal(Box::new(FullProposal {
                header,
                value,
                polka,
            }))
        }
        2 => {
            let value = (number < 200).then(|| value.digest());
            let body = Prevote {
                auction,
                epoch,
                round,
                subject,
                view,
                value,
            };
            Message::Prevote(sign(body, member))
        }
        _ => {
            let nil = watch.nil(view);
            let commitment = (number < 200).then(|| {
                let statement = nil.statement(value.digest());
                let right = signers(member, QUORUM).threshold.sign(&statement).unwrap();
                Commitment {
                    value: value.digest(),
                    share: if number % 16 == 15 {
                        FixedBytes([number; 96])
                    } else {
                        right
                    },
                }
            });
            let body = Precommit { commitment, ..nil };
            Message::Precommit(sign(body, member))
        }
    }
}

fn view(program: &mut Program<'_>) -> View {
    match program.byte() {
        byte @ 0..240 => View(u32::from(byte % 8)),
        byte => View(u32::MAX - u32::from(byte % 4)),
    }
}

fn vote(bytes: &[u8]) {
    play(bytes);
}

fn play(bytes: &[u8]) -> Watch {
    let mut program = Program::new(bytes, 160);
    let subject = match program.step() {
        Some(byte) if byte % 2 == 1 => Subject::Allocation,
        _ => Subject::Close,
    };
    let mut watch = Watch::new(subject);
    watch.begin();
    while let Some(step) = program.step() {
        let clock = watch.clock();
        let mut out = Vec::new();
        match step {
            0..150 => {
                let message = message(step, &mut program, &watch);
                watch.hear(message);
            }
            150..190 => {
                watch.now += u64::from(program.byte()) * 40;
                let clock = watch.clock();
                watch.vote.tick(clock, &mut out);
            }
            190..205 => {
                if let Some(view) = watch.turns.pop() {
                    let value = watch.value(program.byte());
                    watch.vote.propose(view, value, clock, &mut out);
                }
            }
            205..230 => {
                if let Some(value) = watch.asked.pop() {
                    let verdict = if program.byte().is_multiple_of(8) {
                        Verdict::Invalid
                    } else {
                        Verdict::Valid
                    };
                    watch
                        .vote
                        .validated(value.digest(), verdict, clock, &mut out);
                }
            }
            230..240 => {
                // Bytes of a channel.
                if let Ok(message) = decode::<Message>(program.bytes()) {
                    watch.hear(message);
                }
            }
            240..246 => {
                let value = watch.value(program.byte());
                let certificate = CertificateBytes {
                    view: view(&mut program),
                    signature: FixedBytes([program.byte(); 96]),
                };
                assert!(
                    watch
                        .vote
                        .learn(value, certificate, clock, &mut out)
                        .is_err()
                        || watch.vote.decided().is_some()
                );
            }
            246..252 => watch.restart(),
            _ => {
                for message in watch.vote.resend() {
                    watch.said(&message);
                }
            }
        }
        watch.took(out);
    }
    let size = format!("{:?}", watch.vote).len();
    assert!(size <= MOST_STATE_BYTES, "{size} bytes are kept");
    watch
}

/// A round as it should be, and one that takes two views.
fn seeds() -> Vec<Vec<u8>> {
    // Round 4 of four: member 0 proposes in view 0, member 1 in view 1.
    let proposal = |member: u8, view: u8| vec![0, member, view, 1, 1];
    let prevote = |member: u8, view: u8| vec![2, member, view, 1];
    let precommit = |member: u8, view: u8| vec![3, member, view, 1];
    let (turn, verdict, wait, restart) = (vec![190, 1], vec![205, 1], vec![150, 60], vec![246]);
    let all = |ballot: &dyn Fn(u8, u8) -> Vec<u8>, view: u8| {
        (0..3)
            .flat_map(|member| ballot(member, view))
            .collect::<Vec<_>>()
    };
    let good = [turn, all(&prevote, 0), all(&precommit, 0)].concat();
    let second = [
        wait.clone(),
        wait.clone(),
        wait,
        proposal(0, 1),
        verdict,
        all(&prevote, 1),
        restart,
        all(&precommit, 1),
    ]
    .concat();
    let of = |subject: u8, steps: &[u8]| [&[subject], steps].concat();
    vec![of(0, &good), of(1, &good), of(0, &second), of(1, &second)]
}

pub(crate) const TARGETS: &[Target] = &[Target::new("vote", vote, seeds).with_cases(512)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_first_inputs_decides() {
        for (at, seed) in seeds().iter().enumerate() {
            assert!(play(seed).vote.decided().is_some(), "seed {at}");
        }
    }
}
