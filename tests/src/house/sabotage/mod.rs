//! Members that break one rule. An invariant has to notice: a protection that nobody would miss is
//! none.
//!
//! `rules` turns decisions of the engine; a world turns what stands around it: what it has written,
//! in which order, and by which clock (`world/bugs.rs`). The stand-in for the group has switches of its
//! own (`sealbid_linear_crypto::group`): what is computed with it is computed wrongly by all.
//!
//! What a type forbids no sabotage can do: shares leave after a certificate, the tie-break is drawn
//! after the close and of nothing but the close, and only what the gate has checked is admitted
//! (`sealbid_crypto::certificate`, `sealbid_protocol::admission`). Where that is turned all the same,
//! the members say it with keys of their own, as liars do, and are trusted. A draw of each view is not
//! among these: members would have to settle by it too, and nothing but a certified close can be
//! signed for it. Nor is a second statement of one round (`Rules::may_state`): no run comes to one.

mod list;
pub mod rules;

pub use self::list::{ALL, LABELS_UNCHECKED, SUBGROUP_UNCHECKED, Sabotage};
pub use self::rules::{
    ClearsOtherwise, ContentWithLess, KeepsWhatIsOver, LeavesOut, Omits, RefusesNothing,
    TakesEveryone,
};
