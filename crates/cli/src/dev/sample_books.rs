//! Price books for development houses: the same three pairs, each solver with its own prices.

/// A pair that development houses trade, in whole units.
pub(crate) struct SamplePair {
    /// What the trader gives.
    pub(crate) give: &'static str,
    /// What it wants.
    pub(crate) want: &'static str,
    /// For people: what kind of order it stands for.
    kind: &'static str,
    /// A fair price of one, in ten-millionths.
    pub(crate) price: u64,
    /// The most of the given asset that a solver takes in a round.
    pub(crate) capacity: u64,
}

/// The pairs.
pub(crate) const PAIRS: [SamplePair; 3] = [
    SamplePair {
        give: "usdc.near",
        want: "wrap.near",
        kind: "swap",
        price: 9_850_000,
        capacity: 400_000,
    },
    SamplePair {
        give: "usdc.near",
        want: "weth",
        kind: "bridge",
        price: 3_200,
        capacity: 400_000,
    },
    SamplePair {
        give: "wrap.near",
        want: "stnear",
        kind: "staking",
        price: 7_410_000,
        capacity: 300_000,
    },
];

/// What a price in ten-millionths is divided by.
pub(crate) const SCALE: u64 = 10_000_000;

/// The book of a development house's solver, counted from 1.
pub(crate) fn text(solver: u8) -> String {
    let number = u64::from(solver);
    // 0.05 to 0.29 percent: with the tiers' discounts less than the half of a percent that the
    // limits of a demo leave.
    let spread = 5 + 6 * (number * 3 % 5);
    let mut text = format!(
        "# The price book of solver {number}, made for a development house. Edit it as you like.\n\
         # Prices and sizes are in whole units, by the decimals in ../tokens.toml.\n\n\
         # What is kept of every price, in percent.\nspread = 0.{spread:02}\n",
    );
    for (place, pair) in (0..).zip(&PAIRS) {
        // The third, sixth … solver is a specialist: it leaves one pair to the others.
        if number.is_multiple_of(3) && place == number / 3 % 3 {
            continue;
        }
        text.push_str(&section(pair, number + place));
    }
    text
}

/// One pair, a little different for each `variant`.
fn section(pair: &SamplePair, variant: u64) -> String {
    // The better price is for one to three hundredths of the capacity.
    let first = pair.capacity / 100 * (1 + variant % 3);
    let price = |discount: u64| {
        let price = pair.price - pair.price * discount / 10_000;
        format!("0.{price:07}")
    };
    // Up to 0.03 percent below the fair price, and up to 0.19 beyond the first tier.
    let (better, worse) = (price(variant % 4), price(10 + variant % 4 * 3));
    // Wide enough for edits, and too narrow for a point in the wrong place.
    let bound = |percent: u64| {
        let price = pair.price * percent / 100;
        format!("{}.{:07}", price / SCALE, price % SCALE)
    };
    let (lowest, highest) = (bound(50), bound(150));
    let SamplePair {
        give,
        want,
        capacity,
        kind,
        ..
    } = pair;
    format!(
        "\n# {kind}\n[[pair]]\ngive = \"{give}\"\nwant = \"{want}\"\nmin_rate = \"{lowest}\"\n\
         max_rate = \"{highest}\"\ncapacity = \"{capacity}\"\nminimum = \"0.01\"\n\
         tiers = [\n    {{ up_to = \"{first}\", rate = \"{better}\" }},\n    \
         {{ up_to = \"{capacity}\", rate = \"{worse}\" }},\n]\n"
    )
}
