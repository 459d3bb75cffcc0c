//! Draws that a seed determines.

/// A stream of numbers from one seed. The same seed gives the same numbers everywhere.
pub struct Draws {
    stream: blake3::OutputReader,
    /// What was drawn from the stream and not given out yet: a run draws eight bytes at a time, a
    /// hundred thousand times.
    block: [u8; BLOCK],
    used: usize,
}

const BLOCK: usize = 1_024;

impl Draws {
    /// The stream of a seed, for one use of it.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(purpose.as_bytes());
        Self {
            stream: hasher.finalize_xof(),
            block: [0; BLOCK],
            used: BLOCK,
        }
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        if self.used + N > BLOCK {
            self.stream.fill(&mut self.block);
            self.used = 0;
        }
        let bytes = self.block[self.used..][..N].try_into().unwrap();
        self.used += N;
        bytes
    }

    /// 32 bytes.
    pub fn bytes(&mut self) -> [u8; 32] {
        self.take()
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        u64::from_le_bytes(self.take())
            .checked_rem(bound)
            .unwrap_or(0)
    }

    /// True in so many of a thousand cases.
    pub fn permille(&mut self, chance: u64) -> bool {
        self.below(1_000) < chance
    }
}
