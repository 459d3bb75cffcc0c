//! The attackers' process: this program once more.

use core::time::Duration;
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use clap::Args;
use sealbid_benches::Fallible;
use sealbid_client::{Client, CommitteeFile};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::attack::{Answers, Attack};
use crate::envelopes::Envelopes;

/// How long it may take to seal what is sent, and how long to count what came of it.
const READY: Duration = Duration::from_secs(300);
const COUNTED: Duration = Duration::from_secs(60);
/// What it says once everything is sealed.
const IS_READY: &str = "ready";

/// Whom to attack, and how.
#[derive(Debug, Args)]
pub(crate) struct AttackersArgs {
    /// The house's committee file
    #[arg(long)]
    pub(crate) committee: PathBuf,
    /// Envelopes a second
    #[arg(long)]
    pub(crate) rate: u32,
    /// Attackers
    #[arg(long)]
    pub(crate) attackers: u32,
    /// Keys
    #[arg(long)]
    pub(crate) keys: u32,
}

/// The process, seen from the one that measures.
pub(crate) struct Attackers {
    child: Child,
    orders: ChildStdin,
    says: Lines<BufReader<ChildStdout>>,
}

impl Attackers {
    /// Starts the process, and waits until it has sealed what it is to send.
    pub(crate) async fn make_ready(args: &AttackersArgs, nice: u8) -> Fallible<Self> {
        let mut child = Command::new("nice")
            .args(["-n", &nice.to_string()])
            .arg(std::env::current_exe()?)
            .args(["attackers", "--committee"])
            .arg(&args.committee)
            .args(["--rate", &args.rate.to_string()])
            .args(["--attackers", &args.attackers.to_string()])
            .args(["--keys", &args.keys.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (orders, says) = (child.stdin.take(), child.stdout.take());
        let (Some(orders), Some(says)) = (orders, says) else {
            return Err("the attackers have no pipes".into());
        };
        let mut says = BufReader::new(says).lines();
        let first = timeout(READY, says.next_line()).await??;
        if first.as_deref() != Some(IS_READY) {
            return Err(format!("the attackers are not ready: {first:?}").into());
        }
        Ok(Self {
            child,
            orders,
            says,
        })
    }

    /// Has them begin.
    pub(crate) async fn begin(&mut self) -> Fallible<()> {
        self.orders.write_all(b"\n").await?;
        Ok(self.orders.flush().await?)
    }

    /// Has them end, and says what came of it.
    pub(crate) async fn end(self) -> Fallible<Answers> {
        let Self {
            mut child,
            orders,
            mut says,
        } = self;
        drop(orders);
        let counted = timeout(COUNTED, says.next_line()).await??;
        child.wait().await?;
        let counted = counted.ok_or("the attackers do not say what came of it")?;
        Ok(serde_json::from_str(&counted)?)
    }
}

/// Runs this process as the attackers.
pub(crate) fn run(args: &AttackersArgs) -> Fallible<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let committee = CommitteeFile::load(&args.committee)?;
    let attack = runtime.block_on(async {
        let client = Arc::new(Client::connect(committee.clone()).await?);
        let envelopes = Envelopes::sealed(&client, args.keys).await?;
        client.close().await;
        Attack::of(&committee, envelopes, args.attackers, args.rate).await
    })?;
    say(IS_READY)?;
    let mut orders = std::io::stdin().lock().lines();
    orders.next().transpose()?;
    let attack = runtime.block_on(async { attack.start() });
    // To the end of the input.
    for order in orders {
        order?;
    }
    let answers = runtime.block_on(attack.stop())?;
    say(&serde_json::to_string(&answers)?)
}

fn say(line: &str) -> Fallible<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
