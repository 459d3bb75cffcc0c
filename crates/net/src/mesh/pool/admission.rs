//! Whom mosaik may bond with: the one place where the pool's nodes are held at arm's length.
//!
//! mosaik asks its ticket validator at every step that could do harm, so the validator is where
//! harm is bounded. What it may do otherwise, in mosaik 0.4.2:
//!
//! - `Bond::create` answers a peer's `UnknownPeer` by syncing catalogs and calling itself, one
//!   level deeper each time, without end. A peer whose clock is off gives that answer for ever, and
//!   one that lies can give it at will: the stack overflows and the process dies. Each level asks
//!   the validator about the same version of the same entry: so a version is admitted
//!   [`A_VERSION`] times, and no chain of calls is longer.
//! - Every change of the catalog starts one more bond to every peer that has none, whatever became
//!   of those before. Peers that are not heard are not bonded with, and each has a [`Budget`].
//! - Entries are believed for whoever announces them. Only the key that a member has named over its
//!   own authenticated connection is admitted.
//!
//! A bond that stands is left alone: its peer's newer entries are admitted as they come.

use core::fmt;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use mosaik::UniqueId;
use mosaik::discovery::{PeerEntry, PeerEntryVersion};
use mosaik::tickets::{Expiration, InvalidTicket, Ticket, TicketClass, TicketValidator};
use sealbid_types::id::MemberIndex;

use super::budget::Budget;
use crate::PeerId;

/// The class of the tickets of the pool's nodes. They say nothing: what counts is the key.
const CLASS: &str = "sealbid.pool.v2";
/// How often one version of an entry is admitted, and so the depth of any chain of calls.
const A_VERSION: u32 = 64;
/// How often a member that is not bonded is admitted at once, and after how long once more.
const UNBONDED: u32 = 256;
const REFILL: Duration = Duration::from_secs(10);
/// After how many admissions of one member the pool is joined anew, which ends whatever they have
/// left behind.
const WORN: u32 = 4096;
/// How many keys a member may name, and after how long one more: mosaik keeps an entry for each.
const KEYS: u32 = 64;
const KEY_REFILL: Duration = Duration::from_secs(3600);

/// The empty ticket that every node of the pool shows.
pub(super) fn ticket() -> Ticket {
    Ticket::new(TicketClass::from(CLASS), Bytes::new())
}

/// Says whom mosaik may bond with.
#[derive(Clone)]
pub(super) struct Admission(Arc<Inner>);

/// Whether there is a bond with a node.
type IsBonded = Box<dyn Fn(&mosaik::PeerId) -> bool + Send + Sync>;

struct Inner {
    state: Mutex<BTreeMap<MemberIndex, Member>>,
    /// Whether a member is heard, by its own connection.
    is_heard: Box<dyn Fn(MemberIndex) -> bool + Send + Sync>,
    /// Known once the group has been joined.
    is_bonded: OnceLock<IsBonded>,
    /// The roster, as part of the group's id.
    signature: UniqueId,
}

/// What is known of one member's nodes.
struct Member {
    /// The key that it names now.
    key: Option<PeerId>,
    /// Those that it named before. None comes back: its count would begin anew.
    former: BTreeSet<PeerId>,
    /// The newest versions of its entry, and how often each was admitted. Two, for an update over
    /// a bond may come after a newer one by another way.
    versions: BTreeMap<PeerEntryVersion, u32>,
    unbonded: Budget,
    keys: Budget,
}

impl Default for Member {
    fn default() -> Self {
        Self {
            key: None,
            former: BTreeSet::new(),
            versions: BTreeMap::new(),
            unbonded: Budget::new(UNBONDED, REFILL),
            keys: Budget::new(KEYS, KEY_REFILL),
        }
    }
}

impl Member {
    /// Whether a version has not had all its admissions, and is no old one.
    fn may_admit(&self, version: PeerEntryVersion) -> bool {
        let is_old = |(oldest, _): (&PeerEntryVersion, &u32)| version < *oldest;
        if self.versions.len() > 1 && self.versions.first_key_value().is_some_and(is_old) {
            return false;
        }
        self.versions
            .get(&version)
            .is_none_or(|admitted| *admitted < A_VERSION)
    }

    fn count(&mut self, version: PeerEntryVersion) {
        let admitted = self.versions.entry(version).or_insert(0);
        *admitted = admitted.saturating_add(1);
        while self.versions.len() > 2 {
            self.versions.pop_first();
        }
    }

    /// Counts an admission of a version, if it may be admitted. The budget last: what is refused
    /// for its version must not use up what the next version needs.
    fn admit(&mut self, version: PeerEntryVersion, is_bonded: bool) -> bool {
        let admits = self.may_admit(version) && (is_bonded || self.unbonded.take());
        if admits {
            self.count(version);
        }
        admits
    }
}

impl Admission {
    /// For a group of the members of this roster.
    pub(super) fn new(
        signature: UniqueId,
        is_heard: impl Fn(MemberIndex) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            is_heard: Box::new(is_heard),
            is_bonded: OnceLock::new(),
            signature,
        }))
    }

    /// Lets it see the group's bonds.
    pub(super) fn watch_bonds(
        &self,
        is_bonded: impl Fn(&mosaik::PeerId) -> bool + Send + Sync + 'static,
    ) {
        // There is one group for one admission.
        let _ = self.0.is_bonded.set(Box::new(is_bonded));
    }

    /// Notes the key that a member names; false if it has named too many, or this one before.
    pub(super) fn name_key(&self, member: MemberIndex, key: PeerId) -> bool {
        let mut state = self.0.state();
        let known = state.entry(member).or_default();
        if known.key == Some(key) {
            return true;
        }
        if known.former.contains(&key) || !known.keys.take() {
            return false;
        }
        known.former.extend(known.key.replace(key));
        // Another node: its versions are told apart by its own clock, whatever the last one's was.
        known.versions.clear();
        true
    }

    /// The member that names this key.
    pub(super) fn member_of(&self, key: PeerId) -> Option<MemberIndex> {
        let state = self.0.state();
        let mut named = state.iter().filter(|(_, member)| member.key == Some(key));
        named.next().map(|(index, _)| *index)
    }

    /// Members that are heard and have named a key, with it.
    pub(super) fn present(&self) -> Vec<(MemberIndex, PeerId)> {
        let named: Vec<_> = {
            let state = self.0.state();
            let key = |(index, member): (&MemberIndex, &Member)| Some((*index, member.key?));
            state.iter().filter_map(key).collect()
        };
        named
            .into_iter()
            .filter(|(index, _)| (self.0.is_heard)(*index))
            .collect()
    }

    /// Whether some member has been admitted so often that what it left behind is to be ended.
    pub(super) fn is_worn(&self) -> bool {
        let state = self.0.state();
        state.values().any(|member| member.unbonded.spent() >= WORN)
    }

    fn admits(&self, node: mosaik::PeerId, version: PeerEntryVersion) -> bool {
        let key = PeerId::from(node);
        let Some(index) = self.member_of(key) else {
            return false;
        };
        let is_bonded = self.0.is_bonded.get().is_some_and(|bonded| bonded(&node));
        if !is_bonded && !(self.0.is_heard)(index) {
            return false;
        }
        let mut state = self.0.state();
        let Some(member) = state.get_mut(&index).filter(|known| known.key == Some(key)) else {
            return false;
        };
        member.admit(version, is_bonded)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, BTreeMap<MemberIndex, Member>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TicketValidator for Admission {
    fn class(&self) -> TicketClass {
        TicketClass::from(CLASS)
    }

    fn signature(&self) -> UniqueId {
        self.0.signature
    }

    fn validate(&self, _: &[u8], peer: &PeerEntry) -> Result<Expiration, InvalidTicket> {
        if self.admits(*peer.id(), peer.update_version()) {
            Ok(Expiration::Never)
        } else {
            Err(InvalidTicket)
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admission")
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicBool, Ordering};
    use std::thread::sleep;

    use super::*;

    const ONE: MemberIndex = MemberIndex(1);

    fn node(secret: u8) -> mosaik::PeerId {
        iroh::SecretKey::from_bytes(&[secret; 32]).public()
    }

    /// Versions are dates in milliseconds: each is newer than those before it.
    fn newer() -> PeerEntryVersion {
        sleep(Duration::from_millis(2));
        PeerEntryVersion::default()
    }

    /// An admission whose one member is heard or not, and bonded or not.
    fn admission() -> (Admission, Arc<[AtomicBool; 2]>) {
        let state = Arc::new([AtomicBool::new(true), AtomicBool::new(false)]);
        let (heard, bonded) = (Arc::clone(&state), Arc::clone(&state));
        let signature = UniqueId::from("test");
        let admission = Admission::new(signature, move |_| heard[0].load(Ordering::Relaxed));
        admission.watch_bonds(move |_| bonded[1].load(Ordering::Relaxed));
        (admission, state)
    }

    fn admitted(admission: &Admission, secret: u8, version: PeerEntryVersion) -> u32 {
        let tries = (0..1000).filter(|_| admission.admits(node(secret), version));
        u32::try_from(tries.count()).unwrap()
    }

    #[tokio::test]
    async fn a_chain_of_calls_about_one_entry_ends_whether_there_is_a_bond_or_not() {
        let (admission, state) = admission();
        assert!(admission.name_key(ONE, node(1).into()));
        let first = newer();
        assert_eq!(admitted(&admission, 1, first), A_VERSION);
        state[1].store(true, Ordering::Relaxed);
        assert_eq!(admitted(&admission, 1, first), 0);
        let (second, third) = (newer(), newer());
        assert_eq!(admitted(&admission, 1, second), A_VERSION);
        assert_eq!(admitted(&admission, 1, third), A_VERSION);
        assert_eq!(
            admitted(&admission, 1, first),
            0,
            "forgotten, and not forgiven"
        );
    }

    #[tokio::test]
    async fn who_is_not_bonded_has_so_many_and_no_more() {
        let (admission, _) = admission();
        assert!(admission.name_key(ONE, node(1).into()));
        let all: u32 = (0..20).map(|_| admitted(&admission, 1, newer())).sum();
        assert_eq!(all, UNBONDED);
    }

    #[tokio::test]
    async fn nobody_is_admitted_but_the_key_that_a_member_that_is_heard_names_now() {
        let (admission, state) = admission();
        assert_eq!(admitted(&admission, 1, newer()), 0, "nobody has named it");
        assert!(admission.name_key(ONE, node(1).into()));
        assert!(admission.name_key(ONE, node(2).into()));
        assert!(!admission.name_key(ONE, node(1).into()), "named before");
        assert_eq!(admitted(&admission, 1, newer()), 0);
        state[0].store(false, Ordering::Relaxed);
        assert_eq!(admitted(&admission, 2, newer()), 0, "not heard");
        state[0].store(true, Ordering::Relaxed);
        assert!(admitted(&admission, 2, newer()) > 0);
        let named = (3..).take_while(|key| admission.name_key(ONE, node(*key).into()));
        assert_eq!(named.count(), KEYS as usize - 2);
    }
}
