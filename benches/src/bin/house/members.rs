//! What the members leave in their directories: timings, and the memory of their processes.

use std::path::Path;

use sealbid_benches::Outcome;
use sealbid_benches::statistics::median;
use sealbid_keygen::{HouseDir, MemberDir};
use sealbid_node::timings::RoundTimings;
use sealbid_types::id::{MemberIndex, Round};
use serde::Serialize;

/// A member's memory, in MiB.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Memory {
    pub(crate) member: MemberIndex,
    /// What it has now.
    pub(crate) resident_mib: f64,
    /// The most it ever had.
    pub(crate) peak_mib: f64,
}

fn directories(root: &Path) -> Outcome<Vec<(MemberIndex, MemberDir)>> {
    let house = HouseDir::new(root);
    let members = house.members()?;
    Ok(members
        .into_iter()
        .map(|member| (member, house.member(member)))
        .collect())
}

/// The memory of every member's process.
pub(crate) fn memory(root: &Path) -> Outcome<Vec<Memory>> {
    let directories = directories(root)?;
    directories
        .iter()
        .map(|(member, directory)| of_process(*member, directory))
        .collect()
}

fn of_process(member: MemberIndex, directory: &MemberDir) -> Outcome<Memory> {
    let pid: u32 = std::fs::read_to_string(directory.pid())?.trim().parse()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let mib = |name: &str| -> Outcome<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        let kib: f64 = kib.ok_or("a process status without memory")?.parse()?;
        Ok(kib / 1024.0)
    };
    Ok(Memory {
        member,
        resident_mib: mib("VmRSS:")?,
        peak_mib: mib("VmHWM:")?,
    })
}

/// From the close of a round to its settlement, in milliseconds: the median of the members that
/// settled it themselves.
pub(crate) fn close_to_settlement(root: &Path, round: Round) -> Outcome<Option<f64>> {
    let mut times = Vec::new();
    for (_, directory) in directories(root)? {
        let timings = RoundTimings::read(&directory.path().join("timings.jsonl"))?;
        let of_round = timings.iter().filter(|timing| timing.round == round);
        let settled = of_round.filter_map(|timing| timing.settled_ms);
        times.extend(
            settled
                .filter_map(|ms| u32::try_from(ms).ok())
                .map(f64::from),
        );
    }
    Ok(median(&times))
}
