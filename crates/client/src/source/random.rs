//! A small, fast, repeatable generator for media content. Nothing secret comes from it.

/// Marsaglia's xorshift64* (S. Vigna, "An experimental exploration of Marsaglia's xorshift generators,
/// scrambled", 2016).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Returns the generator of this seed. Zero would be a fixed point, so every seed is moved away from it.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Returns a number from `low` up to, not including, `high`.
    pub(crate) const fn between(&mut self, low: u32, high: u32) -> u32 {
        low + (self.next() >> 33) as u32 % (high - low)
    }

    /// Appends `count` bytes.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>, count: usize) {
        let end = out.len() + count;
        while out.len() < end {
            let word = self.next().to_le_bytes();
            let take = word.len().min(end - out.len());
            out.extend_from_slice(&word[..take]);
        }
    }
}
