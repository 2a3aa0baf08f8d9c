//! What OpenMLS runs on: the primitives of a meeting's two suites, the system's randomness, a store for what
//! a group that lives in memory does not hold itself, and a device's signing key.
//!
//! The primitives are RustCrypto's and HPKE is the crate `hpke`'s: here is the wiring, and no arithmetic. OpenMLS' own
//! provider knows a dozen suites; what no meeting uses is not here, so that it can neither be asked for nor be loaded.

mod hpke;
mod primitives;
mod random;
mod store;
#[cfg(test)]
mod tests;

use ed25519_dalek::{Signer as _, SigningKey};
use openmls_traits::{
    OpenMlsProvider,
    random::OpenMlsRand as _,
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use sabha_admission::device_key;
use sabha_protocol::DeviceKey;

use primitives::Primitives;
use random::SystemRandom;
use store::Store;

/// Primitives, randomness and memory of one device in one meeting.
#[derive(Debug, Default)]
pub struct Provider {
    crypto: Primitives,
    random: SystemRandom,
    storage: Store,
}

impl Provider {
    /// Returns fresh random bytes.
    ///
    /// # Panics
    /// If the system has no randomness to give.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        self.random.random_array().expect("the system gives random bytes")
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Primitives;
    type RandProvider = SystemRandom;
    type StorageProvider = Store;

    fn storage(&self) -> &Store {
        &self.storage
    }

    fn crypto(&self) -> &Primitives {
        &self.crypto
    }

    fn rand(&self) -> &SystemRandom {
        &self.random
    }
}

/// A device's key: signs its leaf, its handshakes and messages, and, on a host's device, grants.
#[derive(Clone)]
pub struct DeviceSigner(SigningKey);

impl DeviceSigner {
    /// Returns the signer with this seed (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Returns the public key.
    pub fn device(&self) -> DeviceKey {
        device_key(&self.0)
    }

    /// Returns the key, to sign what is not MLS.
    pub fn key(&self) -> &SigningKey {
        &self.0
    }
}

impl Signer for DeviceSigner {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
