#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]
//! Members of a committee of four (q = 3) with cheap keys, and what they answer, exactly.

mod allocation;
mod evidence;
mod locking;
mod refusals;
mod restart;
mod transitions;
mod two_versions;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::id::{Epoch, MemberIndex, Round, Slot, ValueDigest, View};
use sealbid_types::keys::{Signature, Signed};
use sealbid_types::schedule::Schedule;
use sealbid_types::statement::Statement;
use sealbid_types::time::Timestamp;

use super::message::sign;
use super::*;
use crate::time::Clock;

/// Round 4 of four members: member `v` proposes in view `v`.
const ROUND: Round = Round(4);
/// T0, far from zero so that times before it can be tried.
const START: u64 = 1_000_000;
/// A moment in slot 11: slot 10 is the newest that has ended.
const NOW: Clock = Clock::steady(Timestamp(START + 10 * 5_000 + 100));

/// So many milliseconds after [`NOW`], by both clocks.
const fn after(millis: u64) -> Clock {
    Clock::steady(Timestamp(NOW.wall.0 + millis))
}

/// Keys that anybody can forge: BLAKE3 of who signs what.
struct Mock(MemberIndex);

fn tag<const N: usize>(who: u8, what: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    blake3::Hasher::new()
        .update(&[who])
        .update(what)
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

const COMMITTEE: u8 = 255;

impl IdentityKeys for Mock {
    fn sign(&self, digest: &[u8; 32]) -> Signature {
        Signature(FixedBytes(tag(self.0.0, digest)))
    }

    fn verify(&self, member: MemberIndex, digest: &[u8; 32], signature: &Signature) -> bool {
        signature.0.0 == tag(member.0, digest)
    }
}

impl ThresholdSigner for Mock {
    fn sign(&self, statement: &Statement) -> Option<FixedBytes<96>> {
        Some(share(self.0.0, statement))
    }

    fn verify_share(
        &self,
        member: MemberIndex,
        statement: &Statement,
        given: &FixedBytes<96>,
    ) -> bool {
        *given == share(member.0, statement)
    }

    fn combine(
        &self,
        statement: &Statement,
        shares: &BTreeMap<MemberIndex, FixedBytes<96>>,
    ) -> Combination {
        let wrong = |(member, given): &(&MemberIndex, &FixedBytes<96>)| {
            !self.verify_share(**member, statement, given)
        };
        let liars = shares
            .iter()
            .filter(wrong)
            .map(|(member, _)| *member)
            .collect();
        let right = shares.iter().filter(|entry| !wrong(entry)).count();
        let signature = (right >= 3).then(|| share(COMMITTEE, statement));
        Combination { signature, liars }
    }

    fn verify(&self, statement: &Statement, signature: &FixedBytes<96>) -> bool {
        *signature == share(COMMITTEE, statement)
    }
}

fn share(who: u8, statement: &Statement) -> FixedBytes<96> {
    FixedBytes(tag(who, &statement.digest()))
}

fn signers(member: u8) -> Signers {
    let mock = Arc::new(Mock(MemberIndex(member)));
    Signers {
        identity: mock.clone(),
        threshold: mock,
    }
}

fn config(member: u8) -> Config {
    Config {
        auction: [7; 32].into(),
        epoch: Epoch(0),
        round: ROUND,
        subject: Subject::Close,
        member: MemberIndex(member),
        members: 4,
        quorum: 3,
        schedule: Schedule::usual(Timestamp(START)),
        times: VoteTimes::default(),
        abstain: false,
        may_prevote: |is_free| is_free,
    }
}

fn vote(member: u8) -> Vote {
    Vote::new(config(member), signers(member)).unwrap()
}

/// A started member.
fn started(member: u8) -> Vote {
    let mut vote = vote(member);
    let mut out = Vec::new();
    vote.start(NOW, &mut out);
    vote
}

/// A close of the newest slot; `name` tells one from another.
fn close(name: u8) -> Value {
    close_of(name, Slot(10))
}

fn close_of(name: u8, slot: Slot) -> Value {
    Value::Close(Close {
        auction: [7; 32].into(),
        round: ROUND,
        slot,
        closed_at: Schedule::usual(Timestamp(START)).end_of(slot),
        key: [1; 32].into(),
        epoch: Epoch(0),
        rules: [2; 32].into(),
        previous: [3; 32].into(),
        reports: vec![[name; 32].into()],
        intents: vec![[name; 32].into()],
        quotes: Vec::new(),
    })
}

fn identity(member: u8) -> Mock {
    Mock(MemberIndex(member))
}

fn header(view: u32, value: ValueDigest, valid_view: Option<u32>) -> Signed<Proposal> {
    let member = proposer(4, ROUND, View(view));
    let valid_view = valid_view.map(View);
    let body = Proposal {
        auction: [7; 32].into(),
        epoch: Epoch(0),
        round: ROUND,
        subject: Subject::Close,
        view: View(view),
        value,
        valid_view,
    };
    sign(body, member, &identity(member.0))
}

/// A fresh proposal by the proposer of the view.
fn proposal(view: u32, close: &Value) -> Message {
    let header = header(view, close.digest(), None);
    Message::Proposal(Box::new(FullProposal {
        header,
        value: close.clone(),
        polka: Vec::new(),
    }))
}

/// A proposal with the prevotes of members 0 to 2 in `valid_view`.
fn proposal_again(view: u32, close: &Value, valid_view: u32) -> Message {
    let header = header(view, close.digest(), Some(valid_view));
    let polka = (0..3)
        .map(|member| signed_prevote(member, valid_view, Some(close)))
        .collect();
    Message::Proposal(Box::new(FullProposal {
        header,
        value: close.clone(),
        polka,
    }))
}

fn signed_prevote(member: u8, view: u32, value: Option<&Value>) -> Signed<Prevote> {
    let body = Prevote {
        auction: [7; 32].into(),
        epoch: Epoch(0),
        round: ROUND,
        subject: Subject::Close,
        view: View(view),
        value: value.map(Value::digest),
    };
    sign(body, MemberIndex(member), &identity(member))
}

fn prevote(member: u8, view: u32, value: Option<&Value>) -> Message {
    Message::Prevote(signed_prevote(member, view, value))
}

fn statement(view: u32, close: &Value) -> Statement {
    config(0).instance().statement(View(view), close.digest())
}

fn signed_precommit(member: u8, view: u32, value: Option<Commitment>) -> Signed<Precommit> {
    let body = Precommit {
        auction: [7; 32].into(),
        epoch: Epoch(0),
        round: ROUND,
        subject: Subject::Close,
        view: View(view),
        commitment: value,
    };
    sign(body, MemberIndex(member), &identity(member))
}

fn precommit(member: u8, view: u32, value: Option<&Value>) -> Message {
    let value = value.map(|close| Commitment {
        value: close.digest(),
        share: share(member, &statement(view, close)),
    });
    Message::Precommit(signed_precommit(member, view, value))
}

/// A precommit whose share is not the member's.
fn bad_precommit(member: u8, view: u32, close: &Value) -> Signed<Precommit> {
    let value = Commitment {
        value: close.digest(),
        share: FixedBytes([member; 96]),
    };
    signed_precommit(member, view, Some(value))
}

fn certificate(view: u32, close: &Value) -> CertificateBytes {
    CertificateBytes {
        view: View(view),
        signature: share(COMMITTEE, &statement(view, close)),
    }
}

/// What comes out, with the state left out: it has tests of its own.
#[derive(Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a test's")]
enum Seen {
    Persist,
    Send(Message),
    Propose(u32),
    Validate(ValueDigest, u8),
    Evidence(Evidence),
    Decided(ValueDigest, CertificateBytes),
    Abstains,
    Forked,
}

fn seen(out: Vec<Output>) -> Vec<Seen> {
    let see = |output| match output {
        Output::Persist(_) => Seen::Persist,
        Output::Broadcast(message) => Seen::Send(message),
        Output::Propose { view } => Seen::Propose(view.0),
        Output::Validate { value, proposer } => Seen::Validate(value.digest(), proposer.0),
        Output::Evidence(evidence) => Seen::Evidence(*evidence),
        Output::Decided(c) => Seen::Decided(c.value.digest(), c.certificate),
        Output::Abstains => Seen::Abstains,
        Output::Forked { .. } => Seen::Forked,
    };
    out.into_iter().map(see).collect()
}

/// Calls and answers, for tests that read as a conversation.
trait Talk {
    fn hear(&mut self, message: Message) -> Vec<Seen>;
    fn hear_all(&mut self, messages: impl IntoIterator<Item = Message>) -> Vec<Seen>;
    fn judge(&mut self, close: &Value, verdict: Verdict) -> Vec<Seen>;
    fn wait(&mut self, until: Clock) -> Vec<Seen>;
    /// Waits for the next deadline.
    fn time_out(&mut self) -> Vec<Seen>;
}

impl Talk for Vote {
    fn hear(&mut self, message: Message) -> Vec<Seen> {
        let mut out = Vec::new();
        self.receive(message, NOW, &mut out).unwrap();
        seen(out)
    }

    fn hear_all(&mut self, messages: impl IntoIterator<Item = Message>) -> Vec<Seen> {
        messages
            .into_iter()
            .flat_map(|message| self.hear(message))
            .collect()
    }

    fn judge(&mut self, close: &Value, verdict: Verdict) -> Vec<Seen> {
        let mut out = Vec::new();
        self.validated(close.digest(), verdict, NOW, &mut out);
        seen(out)
    }

    fn wait(&mut self, until: Clock) -> Vec<Seen> {
        let mut out = Vec::new();
        self.tick(until, &mut out);
        seen(out)
    }

    fn time_out(&mut self) -> Vec<Seen> {
        let due = self.wake_at(NOW).expect("a deadline");
        self.wait(Clock::steady(Timestamp(due.0)))
    }
}

/// Member `member` (not 0) locked on `value` in view 0, and gone on to view 1 without a decision.
fn locked_in_view_0(member: u8, value: &Value) -> Vote {
    let mut vote = started(member);
    let others = (0..4).filter(|m| *m != member);
    vote.hear(proposal(0, value));
    vote.judge(value, Verdict::Valid);
    vote.hear_all(
        (0..3)
            .filter(|m| *m != member)
            .map(|m| prevote(m, 0, Some(value))),
    );
    vote.hear_all(others.take(2).map(|m| precommit(m, 0, None)));
    vote.time_out();
    assert_eq!(vote.view(), View(1));
    vote
}
