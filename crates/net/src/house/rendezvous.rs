//! Finding the members again, and again.
//!
//! mosaik meets its bootstrap peers once, when it starts. Members that were down at that time, or
//! that were forgotten since, are met by dialling the roster from time to time.

use core::time::Duration;
use std::sync::Arc;

use iroh::EndpointAddr;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::config::RosterEntry;
use super::members::Members;

/// How often members that are silent are dialled.
const DIAL: Duration = Duration::from_secs(3);
/// One in so many rounds of dialling goes to all members, silent or not.
const ALL: u64 = 10;
/// How long a dial, or an exchange of catalogs, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Dials without a new announcement of this node's own after which the network counts as ended.
const STUCK: u32 = 10;

/// Starts dialling; the token is cancelled if the network ends by itself.
pub(super) fn start(context: &Context, members: Option<Members>) -> CancellationToken {
    let terminated = CancellationToken::new();
    tokio::spawn(run(context.clone(), members, terminated.clone()));
    terminated
}

async fn run(context: Context, members: Option<Members>, terminated: CancellationToken) {
    let mut interval = tokio::time::interval(DIAL);
    let (mut last, mut stuck) = (context.network.discovery().me().update_version(), 0);
    for tick in 0.. {
        tokio::select! {
            () = context.leaving.cancelled() => return,
            _ = interval.tick() => {}
        }
        let version = context.network.discovery().me().update_version();
        stuck = if version == last { stuck + 1 } else { 0 };
        last = version;
        if stuck >= STUCK || context.network.local().endpoint().is_closed() {
            tracing::error!("the house network has ended");
            terminated.cancel();
            return;
        }
        let targets = targets(&context, members.as_ref(), tick);
        if !targets.is_empty() {
            meet(&context, targets, tick).await;
        }
    }
}

/// Whom to dial now.
fn targets(context: &Context, members: Option<&Members>, tick: u64) -> Vec<EndpointAddr> {
    let heard = match members {
        Some(members) if !tick.is_multiple_of(ALL) => members.reachable(),
        _ => Vec::new(),
    };
    let silent = context
        .config
        .others()
        .filter(|entry| !heard.contains(&entry.index));
    silent.filter_map(RosterEntry::endpoint).collect()
}

/// Dials them, and exchanges catalogs with one of them, each in its turn.
async fn meet(context: &Context, targets: Vec<EndpointAddr>, tick: u64) {
    let turn = usize::try_from(tick).unwrap_or(0) % targets.len();
    let partner = targets.get(turn).cloned();
    let sync = partner.map(|partner| context.network.discovery().sync_with(partner));
    let sync = async {
        if let Some(sync) = sync {
            // A member that does not answer is tried again in its next turn.
            let _ = context
                .leaving
                .run_until_cancelled(timeout(PATIENCE, sync))
                .await;
        }
    };
    tokio::join!(dial(context, targets), sync);
}

async fn dial(context: &Context, targets: Vec<EndpointAddr>) {
    let (network, leaving) = (Arc::clone(&context.network), context.leaving.clone());
    let handle = Handle::current();
    // This future of mosaik's cannot be sent between threads.
    let dialled = tokio::task::spawn_blocking(move || {
        let dial = timeout(PATIENCE, network.discovery().dial(targets));
        handle.block_on(leaving.run_until_cancelled(dial))
    });
    // It panics only if the runtime ends.
    let _ = dialled.await;
}
