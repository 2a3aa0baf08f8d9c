//! The JavaScript face of a device's cryptography.
//!
//! Only translates: no decision, no state of its own. What can be refused is refused by the crate behind it, and
//! comes out as a thrown `Error` with a sentence. Commands and outputs are JSON, as `sabha_protocol::device` has
//! them; times are milliseconds since 1970, as `Date.now()` gives them.

use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, MlsGroup, OpenMlsCrypto as _, OpenMlsProvider as _,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519;

/// One device in one meeting. After each call, everything is to be taken out with `poll`, and `timeout` called when
/// `next_timeout` says.
#[wasm_bindgen]
pub struct Device {
    group: MlsGroup,
}

#[wasm_bindgen]
impl Device {
    /// Creates a meeting. `seed` is 32 random bytes.
    ///
    /// # Errors
    /// If the parameters are not as they should be.
    pub fn create(_parameters: &str, _seed: &[u8], _now: f64) -> Result<Device, JsError> {
        let provider = OpenMlsRustCrypto::default();
        let (private, public) = provider.crypto().signature_key_gen(SignatureScheme::ED25519)?;
        let credential = CredentialWithKey {
            credential: BasicCredential::new(b"probe".to_vec()).into(),
            signature_key: public.into(),
        };
        let group = MlsGroup::builder().ciphersuite(SUITE).build(&provider, &Key(private), credential)?;
        Ok(Self { group })
    }

    /// Comes to a meeting by its link. `seed` is 32 random bytes.
    ///
    /// # Errors
    /// If the parameters are not as they should be.
    pub fn join(_parameters: &str, _seed: &[u8], _now: f64) -> Result<Device, JsError> {
        Err(JsError::new("not implemented"))
    }

    /// Goes on with what [`Device::export`] gave. `seed` is 32 random bytes.
    ///
    /// # Errors
    /// If `exported` is not what `export` gives.
    pub fn restore(_exported: &[u8], _seed: &[u8], _now: f64) -> Result<Device, JsError> {
        Err(JsError::new("not implemented"))
    }

    /// Returns the body of the request that opens the meeting at the server, if this device created it.
    pub fn creation(&self) -> Option<String> {
        None
    }

    /// Changes the name, before entering.
    ///
    /// # Errors
    /// If it is not a name.
    pub fn rename(&mut self, _name: &str) -> Result<(), JsError> {
        Ok(())
    }

    /// Takes a `DeviceCommand`.
    ///
    /// # Errors
    /// If it is none, or cannot be done as things stand.
    pub fn command(&mut self, _command: &str, _now: f64) -> Result<(), JsError> {
        Ok(())
    }

    /// Does what is due.
    pub fn timeout(&mut self, _now: f64) {}

    /// Returns when `timeout` is to be called next.
    pub fn next_timeout(&self) -> Option<f64> {
        None
    }

    /// Returns the next `DeviceOutput`.
    pub fn poll(&mut self) -> Option<String> {
        None
    }

    /// Returns what must survive a reload. It is secret: to be stored sealed only.
    pub fn export(&self) -> Vec<u8> {
        self.group.group_id().to_vec()
    }
}

struct Key(Vec<u8>);

impl Signer for Key {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        let provider = OpenMlsRustCrypto::default();
        let signed = provider.crypto().sign(SignatureScheme::ED25519, payload, &self.0);
        signed.map_err(SignerError::CryptoError)
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
