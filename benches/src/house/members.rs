//! What the members leave in their directories: timings, and the memory of their processes.
//!
//! The timings are their own (`timings.jsonl`), and memory is what the system says of their
//! processes: nothing is measured from outside.

use std::path::Path;

use sealbid_keygen::{HouseDir, MemberDir};
use sealbid_node::timings::RoundTimings;
use sealbid_types::id::{MemberIndex, Round};
use serde::Serialize;

use crate::Fallible;
use crate::statistics::median;

/// What a member's process takes: memory in MiB, and files.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Memory {
    /// The member.
    pub member: MemberIndex,
    /// What it has now, the pages of its program that were used among it.
    pub resident_mib: f64,
    /// Of that, what is its own: heap and stacks.
    pub own_mib: f64,
    /// The most it ever had.
    pub peak_mib: f64,
    /// Its file handles, sockets among them.
    pub open_files: u32,
}

fn directories(root: &Path) -> Fallible<Vec<(MemberIndex, MemberDir)>> {
    let house = HouseDir::new(root);
    let members = house.members()?;
    Ok(members
        .into_iter()
        .map(|member| (member, house.member(member)))
        .collect())
}

/// The memory of every member's process.
///
/// # Errors
/// If one does not run, or the system does not tell.
pub fn memory(root: &Path) -> Fallible<Vec<Memory>> {
    let directories = directories(root)?;
    directories
        .iter()
        .map(|(member, directory)| of_process(*member, directory))
        .collect()
}

fn of_process(member: MemberIndex, directory: &MemberDir) -> Fallible<Memory> {
    // Each member writes its process's id beside its other files.
    let pid: u32 = std::fs::read_to_string(directory.pid())?.trim().parse()?;
    // Linux alone has this: elsewhere the benchmark fails here.
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let mib = |name: &str| -> Fallible<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        let kib: f64 = kib.ok_or("a process status without memory")?.parse()?;
        Ok(kib / 1024.0)
    };
    Ok(Memory {
        member,
        resident_mib: mib("VmRSS:")?,
        own_mib: mib("RssAnon:")?,
        peak_mib: mib("VmHWM:")?,
        open_files: u32::try_from(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())?,
    })
}

/// What the members measured of a round. Times are medians of the members that took part.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// From the close to each stage, in milliseconds, in their order: the certificate, terms and
    /// quotes open, the allocation signed, the authorisations open. None if nobody reached it.
    pub stages_ms: [Option<f64>; 4],
    /// From the close to the settlement, in milliseconds.
    pub close_to_settlement_ms: f64,
    /// The processor time of openings, clearing and checks, in milliseconds: of all members
    /// together, divided by this machine's cores.
    pub arithmetic_ms: f64,
    /// The former divided by the latter.
    pub times_the_arithmetic: f64,
}

/// What the members measured of a round; none if nobody settled it.
///
/// # Errors
/// If a member's timings cannot be read.
pub fn measured(root: &Path, round: Round) -> Fallible<Option<Measured>> {
    // Those of every member. One that fetched the round from others has none of it.
    let mut lines = Vec::new();
    for (_, directory) in directories(root)? {
        let timings = RoundTimings::read(&directory.path().join("timings.jsonl"))?;
        lines.extend(timings.into_iter().filter(|timing| timing.round == round));
    }
    let middle = |stage: fn(&RoundTimings) -> Option<u64>| {
        let times = lines.iter().filter_map(stage);
        let times = times.filter_map(|ms| u32::try_from(ms).ok().map(f64::from));
        median(&times.collect::<Vec<_>>())
    };
    let cores = u32::try_from(std::thread::available_parallelism()?.get())?;
    let arithmetic = lines
        .iter()
        .map(|line| line.work.arithmetic().as_secs_f64());
    // By the cores, since all members run here: so long it would take if every core did nothing
    // else.
    let arithmetic_ms = arithmetic.sum::<f64>() * 1e3 / f64::from(cores);
    let stages_ms = [
        middle(|line| line.certified_ms),
        middle(|line| line.terms_opened_ms),
        middle(|line| line.cleared_ms),
        middle(|line| line.authorised_ms),
    ];
    let settled = middle(|line| line.settled_ms);
    Ok(settled.map(|close_to_settlement_ms| Measured {
        stages_ms,
        close_to_settlement_ms,
        arithmetic_ms,
        times_the_arithmetic: close_to_settlement_ms / arithmetic_ms,
    }))
}
