//! What becomes of a packet: late, lost, twice, or stopped at a cut.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::id::MemberIndex;

use crate::world::Draws;

/// A chance, and one packet that is hit whatever the draw.
/// Without the second, a run with a small chance would often have no fault to survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In a thousand.
    pub permille: u64,
    /// The number of that packet.
    pub surely: u64,
}

/// Nothing gets from one side to the other for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// From these.
    pub from: BTreeSet<MemberIndex>,
    /// To these.
    pub to: BTreeSet<MemberIndex>,
    /// From this time.
    pub begins: u64,
    /// Until this time.
    pub ends: u64,
}

/// What is wrong with the network until it heals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkPlan {
    /// Packets are lost.
    pub loss: Option<Rate>,
    /// Packets take up to two seconds, and so overtake each other.
    pub late: Option<Rate>,
    /// Packets arrive twice.
    pub twice: Option<Rate>,
    /// Cuts.
    pub cuts: Vec<Cut>,
}

/// The network of a run. It heals when it is time, but every planned fault strikes once at least,
/// late if need be.
pub struct Network {
    plan: NetworkPlan,
    heal: u64,
    draws: Draws,
    packets: u64,
    /// How often each fault has struck, by its name; those that are planned are all there.
    pub struck: BTreeMap<String, u64>,
    /// When a fault last struck.
    pub last_fault: u64,
}

impl Network {
    /// A network that is as bad as `plan` until `heal`.
    #[must_use]
    pub fn new(plan: NetworkPlan, heal: u64, seed: u64) -> Self {
        let rates = [
            ("loss", plan.loss),
            ("late", plan.late),
            ("twice", plan.twice),
        ];
        let rates = rates.into_iter().filter(|(_, rate)| rate.is_some());
        let names = rates.map(|(name, _)| name.to_owned());
        let cuts = (0..plan.cuts.len()).map(|number| format!("cut {number}"));
        let struck = names.chain(cuts).map(|name| (name, 0)).collect();
        Self {
            plan,
            heal,
            draws: Draws::new(seed, "vote network"),
            packets: 0,
            struck,
            last_fault: 0,
        }
    }

    /// When a packet that is sent now arrives: never, once or twice.
    pub fn deliver(&mut self, from: MemberIndex, to: MemberIndex, now: u64) -> Vec<u64> {
        // Never in the moment in which it is sent: what follows from it comes after.
        let mut delay = 2 + self.draws.below(60);
        if self.is_cut(from, to, now) {
            return Vec::new();
        }
        self.packets += 1;
        if self.strikes("loss", self.plan.loss, now) {
            return Vec::new();
        }
        if self.strikes("late", self.plan.late, now) {
            // Up to more than the first view waits for a proposal (`VoteTimes::default`): such a
            // one is lost for its view, and comes into a later one.
            delay += self.draws.below(2_000);
        }
        let twice = self.strikes("twice", self.plan.twice, now);
        let again = twice.then(|| now + delay + self.draws.below(500));
        [Some(now + delay), again].into_iter().flatten().collect()
    }

    fn is_cut(&mut self, from: MemberIndex, to: MemberIndex, now: u64) -> bool {
        let through = |cut: &Cut| cut.from.contains(&from) && cut.to.contains(&to);
        let cuts = self
            .plan
            .cuts
            .iter()
            .enumerate()
            .filter(|(_, cut)| through(cut));
        let cuts: Vec<_> = cuts
            .map(|(n, cut)| (format!("cut {n}"), cut.begins, cut.ends))
            .collect();
        let mut stopped = false;
        // All of them and not the first that stops it: each planned cut has to strike by itself.
        for (name, begins, ends) in cuts {
            if now >= begins && (now < ends || self.has_not_struck(&name)) {
                self.strike(&name, now);
                stopped = true;
            }
        }
        stopped
    }

    fn strikes(&mut self, name: &str, rate: Option<Rate>, now: u64) -> bool {
        let Some(rate) = rate else { return false };
        // After the heal no chance counts. A fault that has not struck by then does so once, and
        // the time in which everybody must decide begins anew with it.
        let strikes = if now < self.heal {
            self.draws.permille(rate.permille) || self.packets == 1 + rate.surely
        } else {
            self.has_not_struck(name)
        };
        if strikes {
            self.strike(name, now);
        }
        strikes
    }

    fn has_not_struck(&self, name: &str) -> bool {
        self.struck.get(name) == Some(&0)
    }

    fn strike(&mut self, name: &str, now: u64) {
        *self.struck.entry(name.to_owned()).or_default() += 1;
        self.last_fault = now;
    }
}
