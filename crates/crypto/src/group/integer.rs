//! Linear combinations with small integer coefficients, the same ones for many lists of points.

use blst::blst_p1_add_or_double_affine;

use super::{CurvePoint, G1Sum};

/// `scale · Σ coefficients[i] · points[i]` as a list of doublings and additions, worked out once
/// for all the ciphertexts that one set of members opens. Variable time: public coefficients only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegerCombination {
    terms: usize,
    inner: Vec<Step>,
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
        let outer = match scale {
            1 => Vec::new(),
            _ => steps(&[non_adjacent_form(i128::from(scale))]),
        };
        Self {
            terms: coefficients.len(),
            inner: steps(&digits),
            outer,
        }
    }

    /// The combination of `points`, as many as there are coefficients; none for another number.
    #[must_use]
    pub fn apply(&self, points: &[CurvePoint]) -> Option<G1Sum> {
        if points.len() != self.terms {
            return None;
        }
        let mut sum = G1Sum::identity();
        for step in &self.inner {
            match *step {
                Step::Double => sum.double(),
                Step::Add(at) => add_affine(&mut sum, points.get(at)?),
                Step::Subtract(at) => add_affine(&mut sum, &points.get(at)?.negate()),
            }
        }
        Some(self.scaled(sum))
    }

    fn scaled(&self, base: G1Sum) -> G1Sum {
        if self.outer.is_empty() {
            return base;
        }
        let negative = base.negate();
        let mut sum = G1Sum::identity();
        for step in &self.outer {
            match step {
                Step::Double => sum.double(),
                Step::Add(_) => sum.add(&base),
                Step::Subtract(_) => sum.add(&negative),
            }
        }
        sum
    }
}

/// Adds by the complete formula: a liar's shares may be any points.
fn add_affine(sum: &mut G1Sum, point: &CurvePoint) {
    // SAFETY: see the module's header; input and output may be the same.
    unsafe { blst_p1_add_or_double_affine(&mut sum.0, &sum.0, &point.0) };
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
