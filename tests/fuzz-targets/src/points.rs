//! Points and scalars: there is one byte string for each, the identity has none, and what is off the curve or outside the
//! subgroup is none.

use sealbid_crypto::SignatureShare;
use sealbid_crypto::group::{CurvePoint, G1Point, G2Point, Scalar};
use sealbid_types::bytes::FixedBytes;

use crate::Target;

/// Set in the first byte of an encoding of the identity, and of no other point's.
const IDENTITY: u8 = 0x40;

/// The first byte chooses the encoding.
fn points(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 6 {
        0 => with(bytes, |bytes| {
            if let Ok(point) = CurvePoint::decode(bytes) {
                assert_eq!(bytes[0] & IDENTITY, 0, "the identity");
                assert_eq!(&point.encode(), bytes);
                // Half of it, and the same point.
                if let Some(inside) = point.in_subgroup() {
                    assert_eq!(G1Point::decode(bytes).unwrap(), inside);
                    assert_eq!(G1Point::decompress(&inside.compress()).unwrap(), inside);
                } else {
                    assert!(G1Point::decode(bytes).is_err());
                }
            }
        }),
        1 => with(bytes, |bytes| {
            if let Ok(point) = G1Point::decompress(bytes) {
                assert_eq!(bytes[0] & IDENTITY, 0, "the identity");
                assert_eq!(&point.compress(), bytes);
                assert_eq!(G1Point::decode(&point.encode()).unwrap(), point);
            }
        }),
        2 => with(bytes, |bytes| {
            if let Ok(point) = G2Point::decompress(bytes) {
                assert_eq!(bytes[0] & IDENTITY, 0, "the identity");
                assert_eq!(&point.compress(), bytes);
                assert_eq!(G2Point::decode(&point.encode()).unwrap(), point);
            }
        }),
        3 => with(bytes, |bytes| {
            if let Ok(point) = G2Point::decode(bytes) {
                assert_eq!(bytes[0] & IDENTITY, 0, "the identity");
                assert_eq!(&point.encode(), bytes);
                assert_eq!(G2Point::decompress(&point.compress()).unwrap(), point);
            }
        }),
        4 => with(bytes, |bytes| {
            if let Ok(scalar) = Scalar::decode(bytes) {
                assert_eq!(&scalar.encode(), bytes);
            }
        }),
        _ => with(bytes, |bytes| {
            let bytes = FixedBytes(*bytes);
            if let Ok(share) = SignatureShare::from_bytes(&bytes) {
                assert_eq!(bytes.0[0] & IDENTITY, 0, "the identity");
                assert_eq!(share.to_bytes(), bytes);
            }
        }),
    }
}

/// The first `N` of the bytes, if there are so many.
fn with<const N: usize>(bytes: &[u8], look: impl FnOnce(&[u8; N])) {
    if let Some(bytes) = bytes.first_chunk() {
        look(bytes);
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let (g1, g2) = (G1Point::generator(), G2Point::generator());
    let of = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    vec![
        of(0, &g1.encode()),
        of(0, &CurvePoint::of_order_eleven().encode()),
        of(0, &[0x40; 96]),
        of(1, &g1.compress()),
        of(1, &identity[..48]),
        of(2, &g2.compress()),
        of(2, &identity),
        of(3, &g2.encode()),
        of(4, &[7; 32]),
        of(4, &[0xff; 32]),
        of(5, &g2.compress()),
    ]
}

pub(crate) const TARGETS: &[Target] = &[Target::new("point", points, seeds)];
