//! Bytes that look random and are the same for the same seed.

/// A stream of pseudo-random bytes (xorshift64*): no two places of it look alike, so bytes that
/// are lost, doubled or moved are noticed.
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        // Zero is the one state that the generator cannot leave.
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// The next bytes of the stream. Ask in multiples of eight to get the same bytes however
    /// they are portioned.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            self.state ^= self.state >> 12;
            self.state ^= self.state << 25;
            self.state ^= self.state >> 27;
            let word = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }

    /// The first `length` bytes of the stream that belongs to `seed`.
    pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        Self::new(seed).fill(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bytes_again_and_another_seed_others() {
        assert_eq!(Stream::bytes(7, 100), Stream::bytes(7, 100));
        assert_ne!(Stream::bytes(7, 100), Stream::bytes(9, 100));
    }
}
