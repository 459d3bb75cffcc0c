//! A member that has precommitted a value prevotes no other, unless q members have prevoted that
//! one in the same view or a later one (lines 28 and 29 of the paper that docs/protocol.md 4.2
//! follows).
//!
//! On it rests that two views never certify two values. That takes a rare mix to show; a lock that
//! is broken shows at once.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::{Message, Step, Subject};
use sealbid_types::id::{MemberIndex, Round, ValueDigest, View};

use super::{Invariant, Promise, Said, Scene, Verdict};

type Instance = (Round, Subject);

#[derive(Default)]
pub(super) struct Locks {
    /// The newest value that a member has precommitted, and in which view.
    locks: BTreeMap<(MemberIndex, Instance), (View, ValueDigest)>,
    /// Who has prevoted what, of those that keep the rules.
    prevotes: BTreeMap<(Instance, View, ValueDigest), BTreeSet<MemberIndex>>,
}

impl Locks {
    /// Whether q members may have prevoted a value in a view from `since` on and before `view`.
    /// What liars have prevoted, and to whom, is not followed: each of them may have.
    fn is_unlocked(
        &self,
        scene: &Scene,
        instance: Instance,
        value: ValueDigest,
        since: View,
        view: View,
    ) -> bool {
        let unseen: BTreeSet<_> = scene.liars.union(&scene.doubtful).copied().collect();
        let quorum = scene.house.committee.quorum();
        (since.0..view.0).any(|earlier| {
            let seen = self.prevotes.get(&(instance, View(earlier), value));
            let mut all = unseen.clone();
            all.extend(seen.into_iter().flatten());
            all.len() >= quorum
        })
    }
}

impl Invariant for Locks {
    fn name(&self) -> &'static str {
        "locks are kept"
    }

    fn said(&mut self, scene: &Scene, said: &Said<'_>) -> Verdict {
        let PeerMessage::Vote(vote) = said.message else {
            return Ok(());
        };
        if vote.member() != said.by {
            return Ok(());
        }
        let (instance, view) = ((vote.round(), vote.subject()), vote.view());
        match &**vote {
            Message::Precommit(signed) => {
                if let Some(commitment) = signed.body.commitment {
                    let lock = (view, commitment.value);
                    let newest = self.locks.entry((said.by, instance)).or_insert(lock);
                    if newest.0 < view {
                        *newest = lock;
                    }
                }
            }
            Message::Prevote(signed) => {
                let Some(value) = signed.body.value else {
                    return Ok(());
                };
                if let Some((since, locked)) = self.locks.get(&(said.by, instance)).copied()
                    && locked != value
                    && since < view
                    && !self.is_unlocked(scene, instance, value, since, view)
                {
                    let (round, subject) = instance;
                    return Err(format!(
                        "a prevote for {} in view {view} of the {subject:?} of round {round}, locked on {} since view {since}",
                        value.short(),
                        locked.short()
                    ));
                }
                let key = (instance, view, value);
                self.prevotes.entry(key).or_default().insert(said.by);
            }
            _ => {}
        }
        Ok(())
    }

    fn gone(&mut self, by: MemberIndex, promise: Promise) {
        if let Promise::Vote(round, subject, view, Step::Precommit) = promise
            && let Some((since, _)) = self.locks.get(&(by, (round, subject)))
            && *since == view
        {
            self.locks.remove(&(by, (round, subject)));
        }
    }
}
