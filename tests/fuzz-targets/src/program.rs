//! A handler's input: bytes read as a list of things to do, so that any change of them is another list.

use arbitrary::Unstructured;

/// An input of a target that takes bytes as they are after a zero: it has [`Program::bytes`] give `bytes`.
pub(crate) fn whole(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_le_bytes();
    [&[0][..], &length, bytes].concat()
}

/// What is left to do.
pub(crate) struct Program<'a> {
    rest: Unstructured<'a>,
    left: usize,
}

impl<'a> Program<'a> {
    /// At most `steps` steps.
    pub(crate) fn new(bytes: &'a [u8], steps: usize) -> Self {
        Self {
            rest: Unstructured::new(bytes),
            left: steps,
        }
    }

    /// The next step, none once the bytes are used up.
    pub(crate) fn step(&mut self) -> Option<u8> {
        if self.rest.is_empty() || self.left == 0 {
            return None;
        }
        self.left -= 1;
        Some(self.byte())
    }

    /// A byte; zero once they are used up.
    pub(crate) fn byte(&mut self) -> u8 {
        self.rest.arbitrary().unwrap_or(0)
    }

    /// Two bytes.
    pub(crate) fn short(&mut self) -> u16 {
        self.rest.arbitrary().unwrap_or(0)
    }

    /// A place in a list of `length`, if it is not empty.
    pub(crate) fn index(&mut self, length: usize) -> Option<usize> {
        // Two bytes whatever the length is, so that what follows means the same in a longer list.
        usize::from(self.short()).checked_rem(length)
    }

    /// Some bytes: their number comes first.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.short()).min(self.rest.len());
        self.rest.bytes(length).unwrap_or_default()
    }

    /// `bytes` with one to four of them changed, from `from` on.
    pub(crate) fn edit(&mut self, bytes: &[u8], from: usize) -> Vec<u8> {
        let mut edited = bytes.to_vec();
        for _ in 0..=self.byte() % 4 {
            let length = edited.len().saturating_sub(from);
            let Some(at) = self.index(length) else { break };
            let value = self.byte();
            match self.byte() % 4 {
                0 => edited[from + at] = value,
                1 => edited[from + at] ^= 1 << (value % 8),
                2 => edited.insert(from + at, value),
                _ => _ = edited.remove(from + at),
            }
        }
        edited
    }
}
