//! Many affine additions for one field inversion: for hundreds half the price of additions one by
//! one.
//!
//! The slope of a chord or a tangent is a fraction; the denominators of many are inverted together
//! (Montgomery, Math. Comp. 48, 1987, section 10.3.1). That makes six multiplications an addition
//! and seven a doubling. Two points with the same x have no chord: they are left to complete
//! formulas. All other sums are right anywhere on the curve, and none is the identity. Variable
//! time: public points only.

use blst::{blst_fp, blst_fp_add, blst_fp_from_uint64, blst_fp_inverse, blst_fp_mul, blst_fp_sub};

use super::{CurvePoint, G1Sum};

/// Adds along chords. Keeps its memory from one call to the next: threads that return memory to the
/// system and fetch it again at the same time wait for each other.
#[derive(Default)]
pub(super) struct Chords {
    inverses: Inverses,
    sums: Vec<CurvePoint>,
    others: Vec<CurvePoint>,
}

impl Chords {
    /// Adds to each of `sums` its counterpart of `others`. Returns the positions, in descending
    /// order, where both have the same x; these are left as they were.
    pub(super) fn add_each(
        &mut self,
        sums: &mut [CurvePoint],
        others: &[CurvePoint],
    ) -> Vec<usize> {
        self.inverses.add_each(sums, others)
    }

    /// Doubles each of `points`: no point of the curve has order two, so that each has a tangent
    /// that is not vertical.
    pub(super) fn double_each(&mut self, points: &mut [CurvePoint]) {
        let twice_y = points.iter().map(|p| plus(&p.0.y, &p.0.y));
        self.inverses.begin(twice_y);
        let mut slope = blst_fp::default();
        for p in points.iter_mut().rev() {
            if self.inverses.next_into(&mut slope) {
                let square = times(&p.0.x, &p.0.x);
                multiply(&mut slope, &plus(&plus(&square, &square), &square));
                let x = p.0.x;
                replace_by_third(p, &x, &slope);
            }
        }
    }

    /// The sum of each list's points; none if it is the identity. Empties the lists.
    pub(super) fn add_up_each(&mut self, lists: &mut [Vec<CurvePoint>]) -> Vec<Option<CurvePoint>> {
        let mut asides = vec![G1Sum::identity(); lists.len()];
        while lists.iter().any(|list| list.len() > 1) {
            self.halve_each(lists, &mut asides);
        }
        let total = |(list, mut aside): (&mut Vec<CurvePoint>, G1Sum)| match list.pop() {
            Some(only) if aside.is_identity() => Some(only),
            Some(last) => {
                aside.add_point(&last);
                aside.to_point()
            }
            None => aside.to_point(),
        };
        lists.iter_mut().zip(asides).map(total).collect()
    }

    /// Replaces each list's pairs by their sums. Pairs without a chord are added to its `aside`.
    fn halve_each(&mut self, lists: &mut [Vec<CurvePoint>], asides: &mut [G1Sum]) {
        let pairs = || lists.iter().flat_map(|list| list.as_chunks().0);
        self.sums.clear();
        self.sums.extend(pairs().map(|[p, _]| p));
        self.others.clear();
        self.others.extend(pairs().map(|[_, q]| q));
        let mut vertical = self.inverses.add_each(&mut self.sums, &self.others);
        let mut sums = self.sums.iter().zip(&self.others).enumerate();
        for (list, aside) in lists.iter_mut().zip(asides) {
            let pairs = list.len() / 2;
            list.drain(..2 * pairs);
            for (at, (sum, other)) in sums.by_ref().take(pairs) {
                if vertical.pop_if(|last| *last == at).is_some() {
                    aside.add_point(sum);
                    aside.add_point(other);
                } else {
                    list.push(*sum);
                }
            }
        }
    }
}

/// Replaces p by the point, with the other sign, where a line meets the curve that meets it in p and
/// at `x` too.
fn replace_by_third(p: &mut CurvePoint, x: &blst_fp, slope: &blst_fp) {
    let mut third = times(slope, slope);
    let p = &mut p.0;
    // SAFETY: see the header of `group`; input and output may be the same.
    unsafe {
        blst_fp_sub(&mut third, &third, &p.x);
        blst_fp_sub(&mut third, &third, x);
        blst_fp_sub(&mut p.x, &p.x, &third);
        blst_fp_mul(&mut p.x, &p.x, slope);
        blst_fp_sub(&mut p.y, &p.x, &p.y);
    }
    p.x = third;
}

/// The inverses of elements of F_p, from the last to the first; none of zero.
#[derive(Default)]
struct Inverses {
    elements: Vec<blst_fp>,
    /// For each element the product of those before it, zeros left out.
    products: Vec<blst_fp>,
    /// The inverse of the product of what is in `elements`, zeros left out.
    inverse: blst_fp,
}

impl Inverses {
    fn add_each(&mut self, sums: &mut [CurvePoint], others: &[CurvePoint]) -> Vec<usize> {
        let pairs = sums.iter().zip(others);
        self.begin(pairs.map(|(p, q)| minus(&q.0.x, &p.0.x)));
        let (mut vertical, mut slope) = (Vec::new(), blst_fp::default());
        for (at, (p, q)) in sums.iter_mut().zip(others).enumerate().rev() {
            if self.next_into(&mut slope) {
                multiply(&mut slope, &minus(&q.0.y, &p.0.y));
                replace_by_third(p, &q.0.x, &slope);
            } else {
                vertical.push(at);
            }
        }
        vertical
    }

    fn begin(&mut self, elements: impl Iterator<Item = blst_fp>) {
        self.elements.clear();
        self.elements.extend(elements);
        self.products.clear();
        let mut product = one();
        for element in &self.elements {
            self.products.push(product);
            if !is_zero(element) {
                multiply(&mut product, element);
            }
        }
        self.inverse = inverse(&product);
    }

    /// Writes the next inverse; whether there is one.
    fn next_into(&mut self, into: &mut blst_fp) -> bool {
        let (Some(element), Some(product)) = (self.elements.last(), self.products.last()) else {
            return false;
        };
        let exists = !is_zero(element);
        if exists {
            // SAFETY: see the header of `group`.
            unsafe { blst_fp_mul(into, &self.inverse, product) };
            multiply(&mut self.inverse, element);
        }
        self.elements.pop();
        self.products.pop();
        exists
    }
}

fn one() -> blst_fp {
    let mut one = blst_fp::default();
    // SAFETY: six limbs are read.
    unsafe { blst_fp_from_uint64(&mut one, [1, 0, 0, 0, 0, 0].as_ptr()) };
    one
}

/// Whether a reduced element is zero.
fn is_zero(a: &blst_fp) -> bool {
    a.l.iter().fold(0, |bits, limb| bits | limb) == 0
}

fn plus(a: &blst_fp, b: &blst_fp) -> blst_fp {
    let mut sum = blst_fp::default();
    // SAFETY: see the header of `group`.
    unsafe { blst_fp_add(&mut sum, a, b) };
    sum
}

fn minus(a: &blst_fp, b: &blst_fp) -> blst_fp {
    let mut difference = blst_fp::default();
    // SAFETY: see the header of `group`.
    unsafe { blst_fp_sub(&mut difference, a, b) };
    difference
}

fn times(a: &blst_fp, b: &blst_fp) -> blst_fp {
    let mut product = blst_fp::default();
    // SAFETY: see the header of `group`.
    unsafe { blst_fp_mul(&mut product, a, b) };
    product
}

/// `a *= b`
fn multiply(a: &mut blst_fp, b: &blst_fp) {
    // SAFETY: see the header of `group`; input and output may be the same.
    unsafe { blst_fp_mul(a, a, b) };
}

fn inverse(a: &blst_fp) -> blst_fp {
    let mut inverse = blst_fp::default();
    // SAFETY: see the header of `group`.
    unsafe { blst_fp_inverse(&mut inverse, a) };
    inverse
}
