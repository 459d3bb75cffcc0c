//! What holds between the pairs of a book, and between a book and the one before it.

use super::error::{BookError, BookFault, Place};
use super::prices::PairPrices;
use super::rate::{Hundredths, pays_a_round_trip, rises_by_more};

/// Every pair once, and none that pays together with its way back. What is wrong comes with the
/// place of the pair in the book.
pub(super) fn check(pairs: &[PairPrices]) -> Result<(), (usize, Box<BookFault>)> {
    for (index, prices) in pairs.iter().enumerate() {
        let mut before = pairs.iter().take(index);
        let fault = before.find_map(|other| fault_of(other, prices));
        if let Some(fault) = fault {
            return Err((index, Box::new(fault)));
        }
    }
    Ok(())
}

fn fault_of(other: &PairPrices, prices: &PairPrices) -> Option<BookFault> {
    let (one, two) = (other.pair(), prices.pair());
    if one == two {
        return Some(BookFault::PairTwice);
    }
    let is_way_back = one.give == two.want && one.want == two.give;
    if !is_way_back {
        return None;
    }
    // By the best average of each way and not by what one trip of some size brings: a trader may
    // come back in several orders, each of the size that is paid best.
    let pays = pays_a_round_trip(prices.best_average()?, other.best_average()?);
    pays.then_some(BookFault::RoundTrip {
        there: prices.best()?.rate,
        back: other.best()?.rate,
    })
}

/// No best rate that is more than `percent` above the one that the pair had before.
pub(super) fn check_rise(
    before: &[PairPrices],
    after: &[PairPrices],
    percent: Hundredths,
) -> Result<(), BookError> {
    for (index, prices) in after.iter().enumerate() {
        let old = before.iter().find(|old| old.pair() == prices.pair());
        // A pair that is new to the book has its own bounds, and nothing to be compared with.
        let (Some(from), Some(to)) = (old.and_then(PairPrices::best), prices.best()) else {
            continue;
        };
        if rises_by_more(from.quoted.rate, to.quoted.rate, percent) {
            let fault = BookFault::Rise {
                from: from.rate,
                to: to.rate,
                percent: percent.percent(),
            };
            let error = fault.at(Place::default());
            return Err(error.in_pair(index, &prices.give().name, &prices.want().name));
        }
    }
    Ok(())
}
