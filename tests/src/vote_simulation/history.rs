//! What happened in a run, as far as the invariants ask.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_protocol::vote::{Certified, Evidence, Message, Position, Value};
use sealbid_types::id::{MemberIndex, ValueDigest, View};

/// What a message says: a value or nil, and the valid view of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said(pub Option<ValueDigest>, pub Option<View>);

/// What happened in a run.
#[derive(Debug, Default)]
pub struct History {
    /// What each member that means to be honest has let out, by view and step.
    pub signed: BTreeMap<(MemberIndex, Position), BTreeSet<Said>>,
    /// Messages that left before the state they follow from was on disk.
    pub hasty: Vec<(MemberIndex, Position)>,
    /// Right signature shares for a close that honest members have let out, by view.
    pub shares: BTreeMap<(View, ValueDigest), BTreeSet<MemberIndex>>,
    /// Every close that was proposed.
    pub values: BTreeMap<ValueDigest, Value>,
    /// Who decided what, and when, each time a member said so.
    pub decisions: Vec<(u64, MemberIndex, Certified)>,
    /// Who was named, by whom.
    pub evidence: Vec<(MemberIndex, Evidence)>,
    /// Who saw two certificates.
    pub forked: Vec<MemberIndex>,
    /// Who fell silent because its own later vote came back.
    pub abstained: BTreeSet<MemberIndex>,
    /// How often each planned fault came about, by its name.
    pub faults: BTreeMap<String, u64>,
    /// The highest view of an honest member.
    pub highest: View,
    /// When the last fault was over.
    pub last_fault: u64,
    /// When the run ended.
    pub ended: u64,
    /// When the last honest member had decided.
    pub settled: Option<u64>,
}

impl History {
    /// Notes a message that its honest signer lets out; `durable` is how far its disk has come.
    pub fn left(&mut self, message: &Message, durable: Option<Position>) {
        let (member, position) = (message.member(), message.position());
        let content = match message {
            Message::Proposal(full) => {
                Said(Some(full.header.body.value), full.header.body.valid_view)
            }
            Message::Header(signed) => Said(Some(signed.body.value), signed.body.valid_view),
            Message::Prevote(signed) => Said(signed.body.value, None),
            Message::Precommit(signed) => {
                Said(signed.body.commitment.map(|value| value.value), None)
            }
        };
        self.signed
            .entry((member, position))
            .or_default()
            .insert(content);
        if durable.is_none_or(|durable| durable < position) {
            self.hasty.push((member, position));
        }
        self.note_value(message);
        if let Message::Precommit(signed) = message
            && let Some(value) = signed.body.commitment
        {
            self.shares
                .entry((signed.body.view, value.value))
                .or_default()
                .insert(member);
        }
    }

    /// Notes a close that was proposed, by whomever.
    pub fn note_value(&mut self, message: &Message) {
        if let Message::Proposal(full) = message {
            self.values
                .entry(full.header.body.value)
                .or_insert_with(|| full.value.clone());
        }
    }
}
