#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use sealbid_client::tokens::DEFAULT;
use sealbid_types::quote::Rate;

use super::*;

fn known() -> Tokens {
    Tokens::parse(DEFAULT).unwrap()
}

fn read(text: &str) -> Book {
    Book::parse(text, &known()).unwrap()
}

/// A pair with one rate for all sizes.
fn section(give: &str, want: &str, rate: &str) -> String {
    format!(
        "[[pair]]\ngive = \"{give}\"\nwant = \"{want}\"\ncapacity = \"100\"\nminimum = \"1\"\n\
         tiers = [{{ up_to = \"100\", rate = \"{rate}\" }}]\n"
    )
}

#[test]
fn the_example_is_a_book() {
    let book = read(EXAMPLE);
    let pair = book.pairs()[0].pair().clone();
    let closes = Timestamp(1_000_000);
    let offer = book.offer(&pair, Round(7), closes).unwrap();
    assert_eq!(offer.round, Round(7));
    assert_eq!(offer.capacity.units(), 50_000_000_000);
    assert_eq!(offer.minimum_fill.units(), 1_000_000);
    assert_eq!(offer.expires, Timestamp(1_060_000));
    // 0.985 less 0.2 percent is 0.98303 of 10^24, for 10^6.
    let Rate { out, per } = offer.tiers[0].rate;
    assert_eq!(
        out.units() * 100_000,
        98_303 * 10_i128.pow(18) * per.units()
    );
    let back = Pair {
        give: pair.want.clone(),
        want: pair.give,
    };
    assert_eq!(book.offer(&back, Round(7), closes), None);
    assert_eq!(book.warnings(), []);
    assert_eq!(
        book.pairs()[0].to_string(),
        "0.98303 up to 1000, 0.97804 up to 50000"
    );
}

#[test]
fn wrong_books_say_what_is_wrong_and_where() {
    let twice = format!("{EXAMPLE}{}", section("usdc.near", "near", "0.9"));
    let wrong = [
        (
            EXAMPLE.replace("usdc.near", "usdx.near"),
            "line 18: usdx.near to wrap.near: no token is named \"usdx.near\"",
        ),
        (
            EXAMPLE.replace("0.985", "9850"),
            "line 29: usdc.near to wrap.near: the rate 9850 is above max_rate 1.5",
        ),
        (
            EXAMPLE.replace("0.98\"", "0.098\""),
            "line 30: usdc.near to wrap.near: the rate 0.098 is below min_rate 0.5",
        ),
        (
            EXAMPLE
                .replace("0.985", "0")
                .replace("min_rate = \"0.5\"", ""),
            "line 29: usdc.near to wrap.near: the rate 0 is out of range",
        ),
        (
            EXAMPLE.replace("spread = 0.2", "spread = 100"),
            "line 4: a spread is at least 0 and less than 100 percent",
        ),
        (
            EXAMPLE.replace("max_rise = 10", "max_rise = -1"),
            "line 11: max_rise is at least 0 percent",
        ),
        (
            EXAMPLE.replace("\"1000\"", "\"0.0000001\""),
            "line 29: usdc.near to wrap.near: 0.0000001 is not a whole number of base units",
        ),
        (
            EXAMPLE.replace("\"1000\"", "\"60000\""),
            "line 28: usdc.near to wrap.near: a quote of it would be void",
        ),
        (
            EXAMPLE.replace("minimum", "minimal"),
            "line 26: unknown field",
        ),
        (
            EXAMPLE.replace("\"0.985\"", "0.985"),
            "line 29: invalid type",
        ),
        (EXAMPLE.replace("[[pair]]", "[[pair]"), "line 17: "),
        ("pair = []".to_owned(), "it has no pair"),
        (
            twice,
            "line 32: usdc.near to near: the pair is in the book twice",
        ),
    ];
    for (text, what) in wrong {
        let error = Book::parse(&text, &known()).unwrap_err().to_string();
        assert!(error.starts_with(what), "{error:?} and not {what:?}");
    }
}

/// Without a bound a slip is quoted, and paid.
#[test]
fn a_pair_without_a_bound_is_warned_of() {
    let book = read(&section("usdc.near", "wrap.near", "9850"));
    let warnings: Vec<String> = book.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["usdc.near to wrap.near has no max_rate: whatever rate is written there would be paid"]
    );
}

#[test]
fn a_way_back_that_pays_is_refused() {
    let both = |there: &str, back: &str| {
        section("usdc.near", "wrap.near", there) + &section("near", "usdc", back)
    };
    let refused = Book::parse(&both("0.985", "1.02"), &known()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "line 7: near to usdc: with the way back it pays a trader who goes both ways: \
         1.02 there and 0.985 back"
    );
    // Each way one per cent worse than the middle.
    assert_eq!(read(&both("0.975", "1.005")).pairs().len(), 2);
    // Exactly nothing gained.
    assert_eq!(read(&both("0.5", "2")).pairs().len(), 2);
    // The spread is what is quoted: with it the same rates gain nothing.
    let spread = format!("spread = 1\n{}", both("0.985", "1.02"));
    assert_eq!(read(&spread).pairs().len(), 2);
}

#[test]
fn a_rise_is_bounded_and_a_fall_is_not() {
    let before = read(&section("usdc.near", "wrap.near", "0.985"));
    let follows = |text: &str| {
        read(text)
            .may_follow(&before)
            .map_err(|error| error.to_string())
    };
    assert_eq!(follows(&section("usdc.near", "wrap.near", "1.08")), Ok(()));
    assert_eq!(
        follows(&section("usdc.near", "wrap.near", "0.0985")),
        Ok(())
    );
    let slip = section("usdc.near", "wrap.near", "9850");
    assert_eq!(
        follows(&slip).unwrap_err(),
        "usdc.near to wrap.near: the best rate rises from 0.985 to 9850, by more than 10 percent: \
         if that is meant, raise max_rise in the book"
    );
    assert_eq!(follows(&format!("max_rise = 1000000\n{slip}")), Ok(()));
    assert_eq!(
        follows(&section("usdc.near", "weth", "9850")),
        Ok(()),
        "it is new"
    );
}

#[test]
fn what_is_paid_is_what_a_quote_would_pay() {
    let book = read(EXAMPLE);
    let prices = &book.pairs()[0];
    let usdc = |text: &str| prices.give().amount(text).unwrap();
    let near = |text: &str| Some(prices.want().amount(text).unwrap());
    assert_eq!(prices.pays(usdc("1000")), near("983.03"));
    assert_eq!(prices.pays(usdc("2000")), near("1961.07"));
    assert_eq!(prices.pays(usdc("0.5")), None, "less than the least");
    assert_eq!(prices.pays(usdc("50001")), None, "more than there is");
    assert_eq!(prices.most(), usdc("50000"));
}
