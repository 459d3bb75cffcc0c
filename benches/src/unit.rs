//! The unit that costs are stated in.

use core::hint::black_box;
use std::time::Instant;

use sealbid_crypto::group::{G1Point, SecretScalar};

use crate::Fallible;

/// How many multiplications the unit is measured by.
const MULTIPLICATIONS: u32 = 250;

/// One constant-time multiplication of G1, in microseconds, on this machine now.
///
/// # Errors
/// Never: the scalar is fixed.
pub fn unit() -> Fallible<f64> {
    let scalar = SecretScalar::from_uniform_bytes(&[0x11; 64]).ok_or("the scalar is zero")?;
    let began = Instant::now();
    // One product is the next one's factor, so that none can be left out.
    let last =
        (0..MULTIPLICATIONS).fold(G1Point::generator(), |point, _| point.times_secret(&scalar));
    let micros = began.elapsed().as_secs_f64() * 1e6;
    black_box(last);
    Ok(micros / f64::from(MULTIPLICATIONS))
}
