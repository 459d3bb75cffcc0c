//! All sabotages, by name.

use sealbid_protocol::disk::{Table, Write};
use sealbid_types::id::MemberIndex;

use super::rules;
use crate::house::adversary::{
    Adversary, BelievesMemory, DoubleVoter, EarlyReleaser, FalseAcknowledgements,
};
use crate::house::adversary::{OpensAuthorisations, ReportsAhead, SignsNoView, TwoReports};
use crate::house::world::World;

/// A small bug in all members of a run, and what is to notice it.
pub struct Sabotage {
    /// Its name on the command line.
    pub name: &'static str,
    /// What the members do.
    pub does: &'static str,
    /// The invariants that may notice. Any other that fails first is a surprise.
    pub invariants: &'static [&'static str],
    apply: fn(&mut World),
}

impl Sabotage {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|sabotage| sabotage.name == name)
    }

    /// Puts it on all members of a world that has not run yet.
    pub fn apply(&self, world: &mut World) {
        (self.apply)(world);
    }
}

fn all_lie(world: &mut World, way: fn() -> Box<dyn Adversary>) {
    let members: Vec<MemberIndex> = world.house.members().collect();
    for member in members {
        world.let_lie(member, way());
    }
}

fn puts(table: Table) -> impl Fn(&Write) -> bool {
    move |write| matches!(write, Write::Put { table: of, .. } if *of == table)
}

const PROMISE: &str = "one digest a promise";
const REPORT: &str = "no report leaves out what is acknowledged";
const RECEIPT: &str = "receipts are honoured";
const LATE: &str = "no acknowledgement for a round that is reported without it";
const SEALED: &str = "sealed until closed";
const CHAIN: &str = "rounds form a chain";
const RECORDS: &str = "records are equal to the byte";
const SLOTS: &str = "no close is older than its reports";
const PLACES: &str = "no more is acknowledged for a round than a report of it may list";
const BLAME: &str = "only liars are named";
const HEARTBEAT: &str = "a running member is heard of";
const LOCKS: &str = "locks are kept";
const EVIDENCE: &str = "evidence convinces a third party";
const GO_ON: &str = "rounds go on";
const UNHEARD: &str = "orders get receipts";
const NAMED: &str = "who reports what fails is named";
const PROVED: &str = "nothing is proved again and again";
const ADMITTED: &str = "no share of what fails the gate";

/// All of them.
pub const ALL: &[Sabotage] = &[
    Sabotage {
        name: "votes-not-stored",
        does: "forget at a restart what they have voted",
        // Whom the others remind of votes that it has forgotten abstains, as from a disk of old.
        invariants: &[PROMISE, GO_ON],
        apply: |world| world.lose_writes(puts(Table::Votes)),
    },
    Sabotage {
        name: "reports-not-stored",
        does: "forget at a restart what they have reported",
        invariants: &[PROMISE, REPORT, LATE, GO_ON, PLACES],
        apply: |world| world.lose_writes(puts(Table::Promises)),
    },
    Sabotage {
        name: "acknowledgements-not-stored",
        does: "forget at a restart what they have acknowledged",
        invariants: &[PROMISE, REPORT, LATE, RECEIPT, GO_ON, PLACES],
        apply: |world| world.lose_writes(puts(Table::Acknowledgements)),
    },
    Sabotage {
        name: "envelopes-not-stored",
        does: "forget at a restart the envelopes they have acknowledged",
        invariants: &[PROMISE, REPORT, LATE, RECEIPT, GO_ON, PLACES],
        apply: |world| world.lose_writes(puts(Table::Envelopes)),
    },
    Sabotage {
        name: "points-not-stored",
        does: "forget at a restart which points earlier rounds have used",
        invariants: &[CHAIN, RECORDS, SEALED, GO_ON, BLAME],
        apply: |world| world.lose_writes(puts(Table::Points)),
    },
    Sabotage {
        name: "sends-before-it-writes",
        does: "send what a step makes before its writes are on disk",
        invariants: &[PROMISE, REPORT, LATE, RECEIPT, GO_ON, PLACES],
        apply: World::send_first,
    },
    Sabotage {
        name: "restored-unsaid",
        does: "vote and report with an old disk as if it were the newest",
        invariants: &[PROMISE, REPORT, LATE, PLACES],
        apply: World::ignore_restored,
    },
    Sabotage {
        name: "timers-by-the-wall-clock",
        does: "wait by a clock that may jump",
        invariants: &[HEARTBEAT],
        apply: World::time_by_the_wall,
    },
    Sabotage {
        name: "less-than-a-quorum",
        does: "are content with one report, ballot and acknowledgement less",
        invariants: &[RECEIPT, RECORDS, CHAIN, GO_ON, BLAME],
        apply: |world| {
            let (members, quorum) = (
                world.house.committee.members(),
                world.house.committee.quorum,
            );
            // Less than a majority the vote would not take.
            if 2 * (quorum - 1) > members {
                world.put_under::<rules::ContentWithLess>();
            }
        },
    },
    Sabotage {
        name: "lock-ignored",
        does: "prevote another value than the one they are locked on",
        invariants: &[LOCKS],
        // Where little is lost, a value that has a quorum's prevotes is decided in their view, and nobody
        // stays locked on it.
        apply: |world| {
            let links = &mut world.faults.links;
            links.loss = links.loss.max(300);
            world.put_under::<rules::IgnoresItsLock>();
        },
    },
    Sabotage {
        name: "proposers-believed",
        does: "find whatever is proposed right",
        invariants: &[RECEIPT, CHAIN, SLOTS, SEALED, RECORDS, GO_ON],
        apply: World::put_under::<rules::BelievesProposers>,
    },
    Sabotage {
        name: "proposals-leave-out",
        does: "leave an intent out of what they propose, and find that right",
        invariants: &[RECEIPT, CHAIN],
        apply: World::put_under::<rules::Omits>,
    },
    Sabotage {
        name: "no-reports-named",
        does: "propose closes that name no reports, and find that right",
        invariants: &[CHAIN, RECEIPT, GO_ON],
        apply: World::put_under::<rules::NamesNoReports>,
    },
    Sabotage {
        name: "slot-of-before",
        does: "propose the slot before, and find that right",
        invariants: &[CHAIN, SLOTS, GO_ON],
        apply: World::put_under::<rules::ClosesInTheSlotBefore>,
    },
    Sabotage {
        name: "reports-leave-out",
        does: "leave an intent out of their reports",
        invariants: &[REPORT],
        apply: World::put_under::<rules::LeavesOut>,
    },
    Sabotage {
        name: "reports-empty",
        does: "report nothing of what they have acknowledged",
        invariants: &[REPORT],
        apply: World::put_under::<rules::ReportsNothing>,
    },
    Sabotage {
        name: "reports-what-is-not",
        does: "report an envelope that does not exist",
        invariants: &[GO_ON, BLAME],
        apply: World::put_under::<rules::ReportsWhatIsNot>,
    },
    Sabotage {
        name: "acknowledges-late",
        does: "acknowledge for a round that they have reported",
        invariants: &[LATE, REPORT, PLACES],
        apply: World::put_under::<rules::AcknowledgesLate>,
    },
    Sabotage {
        name: "acknowledges-for-later",
        does: "acknowledge for a later round than the next that has room",
        invariants: &[RECEIPT, UNHEARD],
        apply: World::put_under::<rules::PromisesFarRounds>,
    },
    Sabotage {
        name: "fills-nothing",
        does: "clear otherwise than an auditor does",
        invariants: &[CHAIN],
        apply: World::put_under::<rules::ClearsOtherwise>,
    },
    Sabotage {
        name: "shares-before-the-certificate",
        does: "send decryption shares as soon as they hear a proposal",
        invariants: &[SEALED, PROMISE],
        apply: |world| all_lie(world, || Box::new(EarlyReleaser)),
    },
    Sabotage {
        name: "authorisations-before-the-allocation",
        does: "send shares of authorisations as soon as a round is certified",
        invariants: &[SEALED],
        apply: |world| all_lie(world, || Box::new(OpensAuthorisations)),
    },
    Sabotage {
        name: "votes-twice",
        does: "tell one half what they do not tell the other",
        invariants: &[PROMISE, BLAME],
        apply: |world| all_lie(world, || Box::new(DoubleVoter)),
    },
    Sabotage {
        name: "reports-twice",
        does: "sign two reports of one round",
        invariants: &[PROMISE, REPORT, BLAME],
        apply: |world| all_lie(world, || Box::<TwoReports>::default()),
    },
    Sabotage {
        name: "reports-ahead",
        does: "tell before a slot has ended what they hold",
        invariants: &[SLOTS, PROMISE, BLAME],
        apply: |world| all_lie(world, || Box::new(ReportsAhead)),
    },
    Sabotage {
        name: "acknowledges-for-the-last",
        does: "acknowledge for the last round of an envelope's range",
        invariants: &[RECEIPT, UNHEARD],
        apply: |world| all_lie(world, || Box::new(FalseAcknowledgements(None))),
    },
    Sabotage {
        name: "view-left-out",
        does: "sign in each view what they would sign in the first",
        invariants: &[EVIDENCE, GO_ON, BLAME],
        apply: |world| all_lie(world, || Box::new(SignsNoView)),
    },
    Sabotage {
        name: "purges-what-is-owed",
        does: "forget what they have acknowledged when a round is settled",
        invariants: &[REPORT, RECEIPT, LATE, PROMISE, PLACES],
        apply: World::put_under::<rules::ForgetsWhatIsOwed>,
    },
    Sabotage {
        name: "takes-everyone",
        does: "acknowledge more for a round than they may report",
        invariants: &[PLACES],
        apply: World::put_under::<rules::TakesEveryone>,
    },
    Sabotage {
        name: "refuses-nothing",
        does: "take an envelope that has failed for one that has not come",
        invariants: &[NAMED, PROVED],
        apply: World::put_under::<rules::RefusesNothing>,
    },
    Sabotage {
        name: "leaves-it-to-the-pool",
        does: "keep on disk no envelope that the pool has",
        invariants: &[PROMISE, REPORT, LATE, RECEIPT, GO_ON, PLACES],
        apply: World::leave_to_pool,
    },
    Sabotage {
        name: "memory-believed",
        does: "give up a round's vote if a peer shows a ballot in their name",
        invariants: &[GO_ON],
        apply: |world| all_lie(world, || Box::<BelievesMemory>::default()),
    },
    Sabotage {
        name: LABELS_UNCHECKED,
        does: "take what was sealed under another label",
        invariants: &[ADMITTED],
        // It is turned in the stand-in for the group, by whoever plays the run.
        apply: |_| {},
    },
    Sabotage {
        name: SUBGROUP_UNCHECKED,
        does: "take points with torsion for points of the subgroup",
        invariants: &[BLAME, CHAIN, RECORDS, GO_ON],
        // Likewise.
        apply: |_| {},
    },
];

/// A sabotage of the proof: only the stand-in for the group has a switch for it.
pub const LABELS_UNCHECKED: &str = "labels-unchecked";
/// A sabotage of the group itself: likewise.
pub const SUBGROUP_UNCHECKED: &str = "subgroup-unchecked";
