//! What an intent takes besides time: memory while it waits, and bytes on the wire when it opens.
//!
//! Memory is counted and not estimated: an allocator that counts stands in the place of the usual
//! one. What members send is measured on encoded messages, as long as real ones are.

use clap::Parser;
use dhat::HeapStats;
use sealbid_benches::{Fallible, table};
use sealbid_protocol::admission::Readable;
use sealbid_protocol::admission::gate::{Admissible, Gate, Verdict};
use sealbid_protocol::member::message::{Opening, PeerMessage, Shares};
use sealbid_tests::house::{Fixture, Person};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::encode;
use sealbid_types::committee::Committee;
use sealbid_types::id::{Epoch, MemberIndex, Round};
use sealbid_types::keys::Signed;
use serde::Serialize;

/// Counts what the heap holds. It is slow, and nothing is timed here.
#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// A round keeps an intent's id once, both its points, and what its submitter has, in ordered maps.
const KEYS: f64 = (32 + 2 * (96 + 32)) as f64;

/// What an intent takes besides time: memory while it waits, and bytes on the wire when it opens
#[derive(Debug, Parser)]
struct Args {
    /// Intents that wait
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=8192))]
    count: u32,
    /// One object instead of the table
    #[arg(long)]
    json: bool,
}

/// Bytes, of one intent where nothing else is said.
#[derive(Debug, Serialize)]
struct Footprint {
    intents: u32,
    /// Bytes of an encoded envelope.
    envelope: f64,
    /// Bytes of the heap that a waiting intent takes over its own size.
    over_its_size: f64,
    /// Bytes that a member sends each other member for both openings, for each intent.
    sent: f64,
    /// The same for the largest message alone, in all.
    message: usize,
}

fn main() -> Fallible<()> {
    let args = Args::parse();
    let footprint = measure(args.count)?;
    if args.json {
        println!("{}", serde_json::to_string(&footprint)?);
        return Ok(());
    }
    let mut table = table(&["bytes", "", "mark"]);
    let shown = |value: f64| format!("{value:.0}");
    // Marks stand beside the numbers, and are not applied.
    let mark = "< 4096".to_owned();
    let rows = [
        (
            "an encoded intent",
            shown(footprint.envelope),
            String::new(),
        ),
        (
            "memory over its size while it waits",
            shown(footprint.over_its_size),
            mark,
        ),
        (
            "shares to each member, an intent that is filled",
            shown(footprint.sent),
            String::new(),
        ),
        (
            "the larger message of shares",
            footprint.message.to_string(),
            "< 1000000".to_owned(),
        ),
    ];
    for (name, value, mark) in rows {
        table.add_row([name.to_owned(), value, mark]);
    }
    println!("{} intents\n\n{table}", footprint.intents);
    Ok(())
}

fn measure(count: u32) -> Fallible<Footprint> {
    // Counts for as long as it lives.
    let _profiler = dhat::Profiler::builder().testing().build();
    // The committee that marks are laid down for elsewhere too.
    let house = Fixture::new(5, 4, 1);
    let (committee, keys) = (house.committee.clone(), house.keys.clone());
    let gate = Gate::new(committee, keys, house.share(MemberIndex(0)), [1; 32]);
    let mut person = Person::new(1, 1);
    let encoded: Vec<Vec<u8>> = (0..count)
        .map(|_| encode(&person.swap(&house, 10_000_000, 9, Round(1), 6)))
        .collect();
    let size = encoded.iter().map(Vec::len).sum::<usize>();
    // The gate takes the encodings, which count already.
    let before = HeapStats::get().curr_bytes - size;
    let held = admit(&house.committee, &gate, encoded)?;
    let grown = HeapStats::get().curr_bytes - before;
    let each = |bytes: usize| bytes as f64 / f64::from(count);
    // An intent that is filled is opened twice: its terms, and its authorisation.
    let messages = [Opening::First, Opening::Second]
        .map(|opening| encode(&shares(&house, opening, held.len())).len());
    Ok(Footprint {
        intents: count,
        envelope: each(size),
        // An envelope is kept decoded, the encoding is dropped: neither is over its size.
        over_its_size: each(grown) - 2.0 * each(size) + KEYS,
        sent: each(messages.iter().sum()),
        message: messages.into_iter().max().unwrap_or_default(),
    })
}

/// What passes the gate is what waits: the envelope, its checked parts, and shares that are not
/// released.
fn admit(committee: &Committee, gate: &Gate, encoded: Vec<Vec<u8>>) -> Fallible<Vec<Admissible>> {
    let read = encoded
        .into_iter()
        .map(|bytes| Readable::new(committee, bytes).map_err(|wrong| wrong.refusal.message));
    let verdicts = gate.check(read.collect::<Result<_, _>>()?).into_iter();
    let admitted = verdicts.map(|verdict| match verdict {
        Verdict::Admissible(admissible) => Ok(*admissible),
        Verdict::Refused(failed) => Err(failed.refusal.message.into()),
    });
    admitted.collect()
}

/// As long as they are, whatever they say.
fn shares(house: &Fixture, opening: Opening, parts: usize) -> PeerMessage {
    let body = Shares {
        auction: house.committee.auction,
        epoch: Epoch(0),
        round: Round(1),
        close: [0; 32].into(),
        opening,
        allocation: (opening == Opening::Second).then_some([0; 32].into()),
        parts: FixedBytes([0; 32]),
        shares: vec![FixedBytes([0; 96]); parts],
    };
    let secrets = house.secrets(MemberIndex(0));
    let signed = Signed::new(body, secrets.index, &secrets.identity);
    PeerMessage::Shares(Box::new(signed))
}
