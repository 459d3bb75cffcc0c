//! A whole house: every step of the input delivers, repeats, loses or forges a message, brings an envelope, lets time pass or
//! kills a member. One member lies, with its own keys.

use linear_protocol::member::Input;
use linear_protocol::member::message::PeerMessage;
use linear_protocol::vote::{FullProposal, Message as Ballot};
use linear_types::codec::{PREFIX_BYTES, Schema, decode, encode};
use linear_types::id::MemberIndex;
use linear_types::keys::Signed;

use crate::Target;
use crate::house::{House, LIAR, Mail, envelopes, fixture};
use crate::program::Program;

/// A value changed somewhere, and signed by the liar.
fn forge<T: Schema>(signed: &Signed<T>, program: &mut Program<'_>) -> Option<Signed<T>> {
    let body = decode(&program.edit(&encode(&signed.body), PREFIX_BYTES)).ok()?;
    Some(Signed::new(body, LIAR, &fixture().secrets(LIAR).identity))
}

/// Somebody's message as the liar could say it.
fn forged(message: PeerMessage, program: &mut Program<'_>) -> Option<PeerMessage> {
    Some(match message {
        PeerMessage::Report(report) => PeerMessage::Report(Box::new(forge(&report, program)?)),
        PeerMessage::Shares(shares) => PeerMessage::Shares(Box::new(forge(&shares, program)?)),
        PeerMessage::SignatureShare(share) => {
            PeerMessage::SignatureShare(Box::new(forge(&share, program)?))
        }
        PeerMessage::Acknowledgements(batch) => {
            let forged = batch.iter().filter_map(|signed| forge(signed, program));
            PeerMessage::Acknowledgements(forged.collect())
        }
        PeerMessage::Vote(ballot) => PeerMessage::Vote(Box::new(match *ballot {
            Ballot::Proposal(full) => Ballot::Proposal(Box::new(FullProposal {
                header: forge(&full.header, program)?,
                ..*full
            })),
            Ballot::Header(header) => Ballot::Header(forge(&header, program)?),
            Ballot::Prevote(prevote) => Ballot::Prevote(forge(&prevote, program)?),
            Ballot::Precommit(precommit) => Ballot::Precommit(forge(&precommit, program)?),
        })),
        // Nobody signs these as a whole.
        other => decode(&program.edit(&encode(&other), PREFIX_BYTES)).ok()?,
    })
}

fn member(bytes: &[u8]) {
    play(bytes);
}

fn play(bytes: &[u8]) -> House {
    let mut program = Program::new(bytes, 220);
    let mut house = House::new();
    while let Some(step) = program.step() {
        let somebody = MemberIndex(step % 4);
        match step {
            0..60 => {
                if let Some(at) = program.index(house.mail.len()) {
                    let mail = house.mail.remove(at).unwrap();
                    house.deliver(mail);
                }
            }
            60..80 => {
                if let Some(at) = program.index(house.mail.len()) {
                    house.deliver(house.mail[at].clone());
                }
            }
            80..90 => {
                if let Some(at) = program.index(house.mail.len()) {
                    house.mail.remove(at);
                }
            }
            90..120 => house.flush(usize::from(program.byte())),
            120..150 => house.wait(u64::from(program.byte()) * 16),
            150..166 => {
                let known = &envelopes()[usize::from(program.byte()) % envelopes().len()];
                house.submit(somebody, encode(known));
            }
            166..170 => {
                let known = encode(&envelopes()[usize::from(program.byte()) % envelopes().len()]);
                let changed = program.edit(&known, PREFIX_BYTES);
                house.submit(somebody, changed);
            }
            170..200 => {
                if let Some(at) = program.index(house.mail.len())
                    && let Ok(message) = decode::<PeerMessage>(&house.mail[at].bytes)
                    && let Some(forged) = forged(message, &mut program)
                {
                    house.deliver(Mail {
                        from: LIAR,
                        to: MemberIndex(step % 3),
                        bytes: encode(&forged),
                    });
                }
            }
            200..210 => garbage(&mut house, MemberIndex(step % 3), program.bytes()),
            210..220 => ask(&mut house, somebody, &mut program),
            220..240 => serve(&mut house, &mut program),
            240..248 => house.restart(somebody),
            _ => {
                // A slot, with all that is said in it.
                for _ in 0..40 {
                    house.wait(50);
                    house.flush(400);
                }
            }
        }
    }
    house
}

/// Bytes that are no message change nothing but a note for the operator.
fn garbage(house: &mut House, to: MemberIndex, bytes: &[u8]) {
    let bytes = [PeerMessage::SCHEMA.prefix().as_slice(), bytes].concat();
    // Whatever is due is done before.
    house.step(to, Input::Tick);
    let before = decode::<PeerMessage>(&bytes)
        .is_err()
        .then(|| house.state(to));
    house.deliver(Mail {
        from: LIAR,
        to,
        bytes,
    });
    if let Some(before) = before {
        assert_eq!(house.state(to), before);
    }
}

fn ask(house: &mut House, member: MemberIndex, program: &mut Program<'_>) {
    let request = house.request();
    let envelope = envelopes()[usize::from(program.byte()) % envelopes().len()].id();
    let input = match program.byte() % 3 {
        0 => Input::AskHead { request },
        1 => Input::AskStatus { request, envelope },
        _ => Input::Gone { request },
    };
    house.step(member, input);
}

/// Answers a member that wants a record: with the true one, a changed one, or none.
fn serve(house: &mut House, program: &mut Program<'_>) {
    use linear_protocol::disk::{Recall as _, Table};
    let Some(at) = program.index(house.fetches.len()) else {
        return;
    };
    let (to, round, from) = house.fetches.remove(at);
    let row = house.disk(from).get(Table::Records, &round.0.to_be_bytes());
    match (row, program.byte() % 3) {
        (Some(row), 0) => {
            let changed = program.edit(&row, PREFIX_BYTES);
            house.bring_record(to, from, round, &changed);
        }
        (Some(row), 1) => house.bring_record(to, from, round, &row),
        _ => house.step(to, Input::NoRecord { from }),
    }
}

/// A round as it should be; one with a member that is killed; two with a liar. Each begins with a slot in which the members
/// hear of each other: before that they take nothing.
fn seeds() -> Vec<Vec<u8>> {
    const SLOT: [u8; 1] = [255];
    const FLUSH: [u8; 2] = [90, 255];
    const LIE: [u8; 8] = [170, 3, 0, 0, 9, 0, 1, 1];
    const WAIT: [u8; 2] = [120, 6];
    const KILL: [u8; 1] = [241];
    const SERVE: [u8; 4] = [230, 0, 0, 1];
    let some: Vec<u8> = (0..4).flat_map(|at| [150, at]).collect();
    let lies = [&WAIT[..], &LIE, &LIE, &FLUSH].concat().repeat(12);
    let mut seeds = vec![
        [&SLOT[..], &some, &SLOT, &SLOT].concat(),
        [&SLOT[..], &some, &FLUSH, &SLOT, &KILL, &SLOT, &SERVE, &SLOT].concat(),
        [&SLOT[..], &some, &LIE, &FLUSH, &SLOT, &LIE, &LIE, &SLOT].concat(),
        [&SLOT[..], &some, &lies, &SLOT, &SLOT].concat(),
    ];
    // A change at one place makes few lies that are read at all: many at places that are drawn make some.
    let mut draw = drawn(1);
    seeds.extend((0..16).map(|_| {
        let lies = (0..12).flat_map(|_| lies_in_a_pause(&mut draw));
        let lies: Vec<u8> = lies.collect();
        [&SLOT[..], &some, &lies, &SLOT].concat()
    }));
    seeds
}

/// A pause, three messages of somebody's as the liar says them, each changed somewhere, and time to hear them.
fn lies_in_a_pause(draw: &mut impl FnMut() -> u8) -> Vec<u8> {
    let mut bytes = vec![120, draw() % 40];
    for _ in 0..3 {
        let (to, message, more) = (170 + draw() % 3, draw() % 16, draw() % 2);
        let (place, value, way) = (draw(), draw() % 3, 1 + draw() % 3);
        bytes.extend([to, message, 0, more, place, 0, value, way]);
    }
    bytes.extend([90, 60]);
    bytes
}

/// Bytes without a pattern, the same for the same `state` (a linear congruence of Knuth's).
fn drawn(mut state: u64) -> impl FnMut() -> u8 {
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    }
}

pub(crate) const TARGETS: &[Target] = &[Target::new("member", member, seeds).with_cases(256)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_inputs_settle_a_round() {
        // But for the last, whose liar is given no pause.
        for (at, seed) in seeds().iter().enumerate().take(3) {
            assert!(
                play(seed).newest() >= linear_types::id::Round(1),
                "seed {at}"
            );
        }
    }

    #[test]
    fn the_liar_of_an_input_is_accused() {
        assert!(seeds().iter().any(|seed| play(seed).accused));
    }
}
