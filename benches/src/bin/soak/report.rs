//! What was measured, for people and for programs.
//!
//! Marks stand beside the numbers. Nothing fails by them: how busy this machine is otherwise, the
//! benchmark cannot know.

use core::fmt;

use sealbid_benches::statistics::{median, slope};
use sealbid_benches::table;
use serde::Serialize;

use crate::sample::{Quantity, SHOWN, Sample};

/// The mark, for all that is to be flat: how much of it a member may take more in a thousand rounds.
const MOST_GROWTH: f64 = 1.0;

/// How a quantity went, of the member whose growth is largest.
#[derive(Debug, Serialize)]
pub(crate) struct Course {
    quantity: &'static str,
    /// Medians of a tenth of all looks.
    first: f64,
    middle: f64,
    last: f64,
    /// By the second half: what a process takes as it warms up is not growth.
    per_1000_rounds: f64,
    /// Whether the growth is within the mark; none for what is meant to grow.
    is_flat: Option<bool>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    period: String,
    orders: u32,
    seconds: f64,
    courses: Vec<Course>,
    pub(crate) samples: Vec<Sample>,
}

impl Course {
    fn of(
        (name, what, is_to_be_flat): (&'static str, Quantity, bool),
        samples: &[Sample],
    ) -> Option<Self> {
        let members = samples.first()?.members.len();
        let courses = (0..members).filter_map(|member| {
            let points: Vec<(f64, f64)> = samples
                .iter()
                .filter_map(|sample| {
                    Some((sample.round.0 as f64, what(sample.members.get(member)?)))
                })
                .collect();
            let tenth = points.len().div_ceil(10);
            let value = |from: usize| {
                let values = points
                    .iter()
                    .skip(from)
                    .take(tenth)
                    .map(|(_, value)| *value);
                median(&values.collect::<Vec<_>>())
            };
            let per_1000_rounds = slope(points.get(points.len() / 2..)?)? * 1e3;
            Some(Self {
                quantity: name,
                first: value(0)?,
                middle: value(points.len().saturating_sub(tenth) / 2)?,
                last: value(points.len().saturating_sub(tenth))?,
                per_1000_rounds,
                is_flat: is_to_be_flat.then_some(per_1000_rounds <= MOST_GROWTH),
            })
        });
        courses.max_by(|one, other| one.per_1000_rounds.total_cmp(&other.per_1000_rounds))
    }
}

impl Report {
    pub(crate) fn of(period: String, orders: u32, seconds: f64, samples: Vec<Sample>) -> Self {
        let courses = SHOWN.into_iter();
        let courses = courses.filter_map(|shown| Course::of(shown, &samples));
        Self {
            period,
            orders,
            seconds,
            courses: courses.collect(),
            samples,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.samples.last();
        let (rounds, members) = last.map_or((0, 0), |last| (last.round.0, last.members.len()));
        writeln!(
            f,
            "{members} members, slots of {}: {rounds} rounds and {} orders in {:.0} s\n",
            self.period, self.orders, self.seconds
        )?;
        let header = [
            "the member that grows most",
            "at first",
            "in the middle",
            "at last",
        ];
        let mut table = table(&[&header[..], &["per 1,000 rounds", "mark 1"]].concat());
        for course in &self.courses {
            table.add_row(vec![
                course.quantity.to_owned(),
                format!("{:.1}", course.first),
                format!("{:.1}", course.middle),
                format!("{:.1}", course.last),
                format!("{:+.2}", course.per_1000_rounds),
                match course.is_flat {
                    Some(true) => "holds",
                    Some(false) => "missed",
                    None => "",
                }
                .to_owned(),
            ]);
        }
        write!(f, "{table}")
    }
}
