//! The JavaScript face of a device's cryptography.
//!
//! Only translates: no decision, no state of its own. What can be refused is refused by the crate behind it, and
//! comes out as a thrown `Error` with a sentence.

use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, MlsGroup, OpenMlsCrypto as _, OpenMlsProvider as _,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519;

/// Makes a group of one in the hybrid suite and returns the base key of its first epoch, 16 bytes.
///
/// # Errors
/// If the group cannot be made, which is a fault of this build.
#[wasm_bindgen]
pub fn probe() -> Result<Vec<u8>, JsError> {
    let provider = OpenMlsRustCrypto::default();
    let (private, public) = provider.crypto().signature_key_gen(SignatureScheme::ED25519)?;
    let credential = CredentialWithKey {
        credential: BasicCredential::new(b"probe".to_vec()).into(),
        signature_key: public.into(),
    };
    let group = MlsGroup::builder().ciphersuite(SUITE).build(&provider, &Key(private), credential)?;
    Ok(group.export_secret(provider.crypto(), "SFrame 1.0 Base Key", &[], 16)?)
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
