//! `sealbid send` and `sealbid submit`: bringing envelopes to the house.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use sealbid_client::Trader;
use sealbid_types::codec::{Schema, decode};
use sealbid_types::envelope::Envelope;
use sealbid_types::text::BYTE_ORDER_MARK;

use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::orders::args::{SealingArgs, WaitArgs};
use crate::orders::files::OrderFile;
use crate::orders::session::{TradingSession, now};

/// The most bytes of a signed intent's JSON.
const MOST_SIGNED: u64 = 65_536;

/// Send a sealed envelope
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid seal swap.json --out swap.envelope
  sealbid send swap.envelope --wait

Sending the same envelope again does no harm: it counts once, and once a round lists it, sending it
tells what became of it.")]
pub(crate) struct SendArgs {
    /// The envelope's file
    #[arg(value_name = "ENV")]
    envelope: PathBuf,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Seal a signed intent and send it
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid intent swap 1000 usdc.near wrap.near --min 950 | sealbid submit - --wait")]
pub(crate) struct SubmitArgs {
    /// The signed intent's JSON; - reads it from standard input
    #[arg(value_name = "FILE|-")]
    intent: PathBuf,
    /// The account's key file, instead of the house's own accounts/default.json
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    #[command(flatten)]
    sealing: SealingArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Runs `send`.
pub(crate) async fn run(args: SendArgs, context: &Context) -> Result<(), Failure> {
    // Before the house is looked for: what is no envelope needs none.
    let envelope = read_envelope(&args.envelope)?;
    let session = TradingSession::open(context).await?;
    // With its terms, if it was sealed here: nothing on the outside tells them.
    let known = session.orders.read(envelope.id())?;
    let order = known.unwrap_or_else(|| OrderFile::of_envelope(&envelope, now()));
    session.send(envelope, order, &args.wait).await
}

/// Runs `submit`.
pub(crate) async fn run_submit(args: SubmitArgs, context: &Context) -> Result<(), Failure> {
    let text = read_signed(args.intent).await?;
    let session = TradingSession::open(context).await?;
    let intent = session.parse(&text)?;
    let trader = Trader::new(context.account(args.account).await?);
    let standing = session.standing().await?;
    let (envelope, order) = session.seal(&trader, &intent, &args.sealing, &standing)?;
    session.send(envelope, order, &args.wait).await
}

/// Reads an envelope's file.
///
/// # Errors
/// Storage, if it cannot be read; usage, if it holds no envelope.
pub(crate) fn read_envelope(path: &Path) -> Result<Envelope, Failure> {
    let bytes = read_bytes(path)?;
    decode(&bytes).map_err(|error| {
        Failure::usage(format!("{} holds no envelope: {error}", path.display()))
            .advise("`sealbid seal` makes one")
            .with_code(sealbid_types::door::RefusalCode::from(&error))
    })
}

/// Reads a file of an envelope's size; a longer one is cut where it is too long for one.
///
/// # Errors
/// Storage.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let most = Envelope::SCHEMA.max_bytes as u64;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(|error| Failure::storage(format!("cannot read {}: {error}", path.display())))?;
    Ok(bytes)
}

/// Reads a signed intent's text, from standard input if the path is `-`.
///
/// # Errors
/// Storage or usage.
pub(crate) async fn read_signed(path: PathBuf) -> Result<String, Failure> {
    let name = path.display().to_string();
    let read = move || {
        let mut text = String::new();
        let reader: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin())
        } else {
            Box::new(std::fs::File::open(&path)?)
        };
        reader
            // One byte more than is read, so that what is too long shows.
            .take(MOST_SIGNED.saturating_add(1))
            .read_to_string(&mut text)?;
        Ok::<_, std::io::Error>(text)
    };
    let text = blocking(read).await?;
    let text = text.map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            Failure::usage(format!("{name} holds no signed intent: it is not text"))
                .advise("`sealbid intent` makes one")
        }
        _ => Failure::storage(format!("cannot read {name}: {error}")),
    })?;
    if text.len() as u64 > MOST_SIGNED {
        return Err(Failure::usage(format!(
            "{name} is too long for a signed intent"
        )));
    }
    let unmarked = text.strip_prefix(BYTE_ORDER_MARK).map(str::to_owned);
    Ok(unmarked.unwrap_or(text))
}
