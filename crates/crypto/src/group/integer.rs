//! Linear combinations with small integer coefficients, the same ones for many lists of points.

use std::collections::BTreeSet;

use super::chords::Chords;
use super::{CurvePoint, G1Sum};

/// Fewer positions than this take less time by complete formulas than an inversion for each step.
const FEWEST: usize = 8;

/// `scale · Σ coefficients[i] · points[i]` as a list of doublings and additions, worked out once
/// for all the ciphertexts that one set of members opens. Variable time: public coefficients only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegerCombination {
    terms: usize,
    inner: Vec<Step>,
    /// Of a single term, the inner sum.
    outer: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Double,
    Add(usize),
    Subtract(usize),
}

impl IntegerCombination {
    /// Straus's method over the non-adjacent forms of the coefficients, then of the scale.
    #[must_use]
    pub fn new(coefficients: &[i64], scale: u64) -> Self {
        let digits: Vec<_> = coefficients
            .iter()
            .map(|c| non_adjacent_form(i128::from(*c)))
            .collect();
        Self {
            terms: coefficients.len(),
            inner: steps(&digits),
            outer: steps(&[non_adjacent_form(i128::from(scale))]),
        }
    }

    /// The combination of what the lists have at each position, none where it is the identity.
    /// Takes as many lists as there are coefficients, one at least and all of one length, and
    /// returns none for others.
    #[must_use]
    pub fn apply(&self, lists: &[&[CurvePoint]]) -> Option<Vec<Option<CurvePoint>>> {
        let (first, rest) = lists.split_first()?;
        if lists.len() != self.terms || rest.iter().any(|list| list.len() != first.len()) {
            return None;
        }
        let exactly = |at| self.apply_exactly(lists.iter().filter_map(|list| list.get(at)));
        if first.len() < FEWEST {
            let sums = (0..first.len()).map(|at| exactly(at).to_point());
            return Some(sums.collect());
        }
        let mut chords = Chords::default();
        let inner = Columns::after(&self.inner, lists, &mut chords);
        let outer = Columns::after(&self.outer, &[&inner.points], &mut chords);
        let sum = |at| match outer.points.get(at) {
            Some(sum) if !inner.lost.contains(&at) && !outer.lost.contains(&at) => Some(*sum),
            _ => exactly(at).to_point(),
        };
        Some((0..first.len()).map(sum).collect())
    }

    /// The combination of `points`, by complete formulas.
    fn apply_exactly<'a>(&self, points: impl Iterator<Item = &'a CurvePoint>) -> G1Sum {
        let points: Vec<G1Sum> = points.map(G1Sum::from).collect();
        follow(&self.outer, &[follow(&self.inner, &points)])
    }
}

/// A sum for each position, all of them at the same step.
#[derive(Default)]
struct Columns {
    /// Empty until something is added: identities.
    points: Vec<CurvePoint>,
    /// Positions where two points had the same x. What has become of these is of no use.
    lost: BTreeSet<usize>,
}

impl Columns {
    fn after(steps: &[Step], lists: &[&[CurvePoint]], chords: &mut Chords) -> Self {
        let (mut columns, mut negated) = (Self::default(), Vec::new());
        let list = |at: usize| lists.get(at).copied().unwrap_or_default();
        for step in steps {
            match *step {
                Step::Double => chords.double_each(&mut columns.points),
                Step::Add(at) => columns.add(list(at), chords),
                Step::Subtract(at) => {
                    negated.clear();
                    negated.extend(list(at).iter().map(|point| point.negate()));
                    columns.add(&negated, chords);
                }
            }
        }
        columns
    }

    fn add(&mut self, list: &[CurvePoint], chords: &mut Chords) {
        if self.points.is_empty() {
            self.points.extend(list);
        } else {
            let vertical = chords.add_each(&mut self.points, list);
            self.lost.extend(vertical);
        }
    }
}

/// What the steps come to, by complete formulas.
fn follow(steps: &[Step], points: &[G1Sum]) -> G1Sum {
    let point = |at: usize| points.get(at).copied().unwrap_or_else(G1Sum::identity);
    let mut sum = G1Sum::identity();
    for step in steps {
        match *step {
            Step::Double => sum.double(),
            Step::Add(at) => sum.add(&point(at)),
            Step::Subtract(at) => sum.add(&point(at).negate()),
        }
    }
    sum
}

/// The digits -1, 0, 1 of `value`, no two neighbours both set, the least significant first.
fn non_adjacent_form(mut value: i128) -> Vec<i8> {
    let mut digits = Vec::new();
    while value != 0 {
        // An odd value is 1 or -1 modulo 4: the digit that makes the next one zero.
        let digit = match value.rem_euclid(4) {
            1 => 1,
            3 => -1,
            _ => 0,
        };
        value = (value - i128::from(digit)) / 2;
        digits.push(digit);
    }
    digits
}

fn steps(digits: &[Vec<i8>]) -> Vec<Step> {
    let width = digits.iter().map(Vec::len).max().unwrap_or(0);
    let mut steps = Vec::new();
    for position in (0..width).rev() {
        if !steps.is_empty() {
            steps.push(Step::Double);
        }
        for (at, digits) in digits.iter().enumerate() {
            match digits.get(position) {
                Some(1) => steps.push(Step::Add(at)),
                Some(-1) => steps.push(Step::Subtract(at)),
                _ => {}
            }
        }
    }
    steps
}
