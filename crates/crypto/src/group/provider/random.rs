//! The system's randomness, as OpenMLS asks for it. There is no generator of our own between, so no state to guard or wipe.

use crypto_common::Generate as _;
use openmls_traits::random::OpenMlsRand;

/// Draws from the operating system, or from the browser's `crypto.getRandomValues`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

/// The system has no randomness to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// Bytes drawn at once into a vector. Any number would do.
const PIECE_BYTES: usize = 32;

impl OpenMlsRand for SystemRandom {
    type Error = NoRandomness;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        <[u8; N]>::try_generate().map_err(|_| NoRandomness)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, NoRandomness> {
        let mut drawn = vec![0; len];
        for piece in drawn.chunks_mut(PIECE_BYTES) {
            piece.copy_from_slice(&self.random_array::<PIECE_BYTES>()?[..piece.len()]);
        }
        Ok(drawn)
    }
}
