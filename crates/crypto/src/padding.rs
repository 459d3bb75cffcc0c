//! Padding to one of five lengths, so that a sealed body says little about what is in it.
//!
//! ISO/IEC 7816-4: the byte 0x80, then zeros, up to the smallest class that has room. One padded
//! form belongs to one plaintext and the other way round; nothing else is taken off again.

use zeroize::Zeroizing;

/// The lengths of padded plaintexts, in bytes.
pub const CLASSES: [usize; 5] = [256, 512, 1024, 2048, 4096];

/// The longest plaintext, in bytes: the largest class less the mark.
pub const MOST_PLAINTEXT: usize = 4095;

const MARK: u8 = 0x80;

/// The class of a plaintext of `length` bytes; none if it is too long.
#[must_use]
pub fn class_of(length: usize) -> Option<usize> {
    CLASSES.into_iter().find(|class| length < *class)
}

/// Pads `plaintext` to its class; none if it is too long. `room` bytes are reserved behind it.
pub(crate) fn pad(plaintext: &[u8], room: usize) -> Option<Zeroizing<Vec<u8>>> {
    let class = class_of(plaintext.len())?;
    // Filling reserved room never moves the bytes, so no copy is left behind.
    let mut padded = Zeroizing::new(Vec::with_capacity(class + room));
    padded.extend_from_slice(plaintext);
    padded.push(MARK);
    padded.resize(class, 0);
    Some(padded)
}

/// The plaintext that pads to `padded`; none if there is none.
pub(crate) fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let mark = padded.iter().rposition(|byte| *byte != 0)?;
    let (plaintext, rest) = padded.split_at_checked(mark)?;
    let marked = rest.first() == Some(&MARK);
    (marked && class_of(plaintext.len()) == Some(padded.len())).then_some(plaintext)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn padding_comes_off_as_it_went_on(
            plaintext in prop::collection::vec(any::<u8>(), 0..=MOST_PLAINTEXT),
        ) {
            let padded = pad(&plaintext, 16).unwrap();
            prop_assert!(CLASSES.contains(&padded.len()));
            prop_assert_eq!(unpad(&padded), Some(plaintext.as_slice()));
        }

        #[test]
        fn what_unpads_is_what_pads(
            class in prop::sample::select(CLASSES.to_vec()),
            tail in prop::collection::vec(prop::sample::select(vec![0u8, 0x80, 1]), 0..300),
            fill: u8,
        ) {
            let mut padded = vec![fill; class];
            let start = class.saturating_sub(tail.len());
            for (to, from) in padded[start..].iter_mut().zip(&tail) {
                *to = *from;
            }
            if let Some(plaintext) = unpad(&padded) {
                prop_assert_eq!(&*pad(plaintext, 0).unwrap(), &padded);
            }
        }
    }

    #[test]
    fn every_class_boundary() {
        for class in CLASSES {
            assert_eq!(pad(&vec![1; class - 1], 0).unwrap().len(), class);
        }
        assert_eq!(pad(&[1; 256], 0).unwrap().len(), 512);
        assert!(pad(&[1; MOST_PLAINTEXT + 1], 0).is_none());
    }

    #[test]
    fn wrong_paddings_are_refused() {
        let mut wrong_class = vec![0; 512];
        wrong_class[255] = MARK;
        assert_eq!(unpad(&wrong_class), None, "255 bytes fit the smaller class");
        wrong_class[255] = 1;
        wrong_class[256] = MARK;
        assert_eq!(unpad(&wrong_class).map(<[u8]>::len), Some(256));
        let mut dirty = pad(b"abc", 0).unwrap();
        *dirty.last_mut().unwrap() = 1;
        assert_eq!(unpad(&dirty), None);
        assert_eq!(unpad(&[0; 256]), None, "no mark");
        assert_eq!(unpad(&[]), None);
        assert_eq!(unpad(&[MARK]), None, "no class");
    }
}
