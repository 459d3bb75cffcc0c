//! `sealbid solver check`: a price book as the solver reads it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use sealbid_client::tokens::Tokens;
use sealbid_solver::book::{Book, PairPrices};
use sealbid_types::amount::Amount;
use serde_json::{Value, json};

use crate::commands::operate::solver::load_book;
use crate::context::Context;
use crate::exit::Failure;
use crate::ui::output::Columns;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The price book
    #[arg(value_name = "BOOK")]
    book: PathBuf,
}

/// Runs it.
pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<(), Failure> {
    let tokens = context.tokens()?;
    let book = load_book(&args.book, &tokens)?;
    let console = context.console();
    console.result(&object(&book, &tokens), || text(&book, &tokens));
    // On stderr as well with --json: a slip that nobody sees is paid.
    for warning in book.warnings() {
        console.note(format_args!("warning: {warning}"));
    }
    Ok(())
}

/// The sizes that say most: the least fill, each tier's end, and the most.
fn sizes(prices: &PairPrices) -> BTreeSet<Amount> {
    let ends = prices.tiers().iter().map(|tier| tier.quoted.up_to);
    let sizes = ends.chain([prices.minimum(), prices.most()]);
    sizes
        .filter(|size| !size.is_zero() && *size <= prices.most())
        .collect()
}

fn text(book: &Book, tokens: &Tokens) -> String {
    let sections = book.pairs().iter().map(|prices| section(prices, tokens));
    sections.collect::<Vec<_>>().join("\n\n")
}

fn section(prices: &PairPrices, tokens: &Tokens) -> String {
    let (give, want) = (&prices.give().asset, &prices.want().asset);
    let shown = |amount| tokens.show(amount, give);
    let mut table = Columns::new(&[">for", ">pays"]);
    for size in sizes(prices) {
        let pays = prices.pays(size).map(|pays| tokens.show(pays, want));
        table.row([shown(size), pays.unwrap_or_else(|| "nothing".to_owned())]);
    }
    format!(
        "{} → {}\n  rates    {prices}\n  a fill   {} to {}\n  a round  {} at most\n{table}",
        prices.give().name,
        prices.want().name,
        shown(prices.minimum()),
        shown(prices.most()),
        shown(prices.capacity()),
    )
}

fn object(book: &Book, tokens: &Tokens) -> Value {
    let pairs: Vec<Value> = book.pairs().iter().map(|one| pair(one, tokens)).collect();
    let warnings: Vec<String> = book.warnings().iter().map(ToString::to_string).collect();
    json!({ "pairs": pairs, "warnings": warnings })
}

fn pair(prices: &PairPrices, tokens: &Tokens) -> Value {
    let (give, want) = (&prices.give().asset, &prices.want().asset);
    let tiers = prices
        .tiers()
        .iter()
        .map(|tier| json!({ "up_to": tier.up_to.to_string(), "rate": tier.rate.to_string() }));
    let pays = sizes(prices).into_iter().map(|size| {
        let pays = prices.pays(size);
        json!({
            "for": size,
            "pays": pays,
            "text": pays.map(|pays| tokens.show(pays, want)),
        })
    });
    json!({
        "give": { "name": prices.give().name, "asset": give },
        "want": { "name": prices.want().name, "asset": want },
        "minimum": prices.minimum(),
        "capacity": prices.capacity(),
        "tiers": tiers.collect::<Vec<_>>(),
        "pays": pays.collect::<Vec<_>>(),
    })
}
