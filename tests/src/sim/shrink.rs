//! Making a failing run smaller: what can be left out, and fails all the same, is left out.

use std::collections::BTreeSet;

use super::campaign::{Found, Player, play};
use crate::house::Swarm;

/// What is left of a failing run.
#[derive(Debug, Clone)]
pub struct Smaller {
    /// The run.
    pub found: Found,
    /// How many runs it took.
    pub tried: u64,
}

/// Leaves out ingredient by ingredient, as long as the same thing fails. One that fails in another
/// way is another fault: it is not followed.
#[must_use]
pub fn shrink(found: Found, player: Player<'_>) -> Smaller {
    let mut smaller = Smaller { found, tried: 0 };
    loop {
        let kept = smaller.found.swarm.kept().clone();
        let next = kept.iter().find_map(|number| {
            smaller.tried += 1;
            let fewer: BTreeSet<usize> = kept.iter().copied().filter(|it| it != number).collect();
            let swarm = smaller.found.swarm.clone().keeping(&fewer);
            let found = play(&swarm, player).err()?;
            (found.name == smaller.found.name).then_some(*found)
        });
        match next {
            Some(found) => smaller.found = found,
            None => return smaller,
        }
    }
}

/// The options that replay a run, and show what happens in it.
#[must_use]
pub fn replay_line(swarm: &Swarm, group: Option<&str>, sabotage: Option<&str>) -> String {
    let group = group.map_or_else(String::new, |name| format!(" --group {name}"));
    let sabotage = sabotage.map_or_else(String::new, |name| format!(" --sabotage {name}"));
    let numbers: Vec<_> = swarm.kept().iter().map(ToString::to_string).collect();
    let keep = if swarm.kept().len() == swarm.len() {
        String::new()
    } else {
        format!(" --keep {}", numbers.join(","))
            .trim_end()
            .to_owned()
    };
    let seed = swarm.seed;
    format!(
        "cargo run --release -p sealbid-tests --bin sim -- --seed {seed}{keep}{group}{sabotage} --trace"
    )
}
