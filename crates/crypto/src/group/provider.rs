//! What OpenMLS runs on: RustCrypto's primitives, a store in memory, and a device's signing key.

use ed25519_dalek::{Signer as _, SigningKey};
use openmls_memory_storage::MemoryStorage;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::{
    OpenMlsProvider,
    random::OpenMlsRand as _,
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use sabha_admission::device_key;
use sabha_protocol::DeviceKey;

/// Primitives, randomness and memory of one device in one meeting.
#[derive(Debug, Default)]
pub struct Provider {
    crypto: RustCrypto,
    storage: MemoryStorage,
}

impl Provider {
    /// Returns fresh random bytes.
    ///
    /// # Panics
    /// If the generator's lock is poisoned, which takes a panic while a random number was drawn.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        self.crypto.random_array().expect("the generator was seeded when it was made")
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
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
