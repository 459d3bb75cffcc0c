//! The front door, the mesh and the meeting on real endpoints, in one process.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    clippy::large_futures
)]

mod door;
mod meeting;
mod mesh;

use core::future::Future;
use core::time::Duration;

/// Waits for something that must happen within `seconds`.
async fn within<T>(seconds: u64, what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(seconds), future).await;
    waited.unwrap_or_else(|_| panic!("not within {seconds} s: {what}"))
}

/// Runs a test, shows what the transport says if `RUST_LOG` asks for it, and ends in any case.
fn run(seconds: u64, test: impl Future<Output = ()>) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    // Another test of this process may have been first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_test_writer()
        .try_init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(within(seconds, "the whole test", test));
    runtime.shutdown_timeout(Duration::from_secs(2));
}
