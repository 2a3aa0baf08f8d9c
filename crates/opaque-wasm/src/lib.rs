//! The browser's side of passwords that the server never sees: OPAQUE (RFC 9807), ristretto255 with SHA-512 and 3DH.
//!
//! A module of its own, which the sign-in page loads when somebody uses a password, and the meeting never does. The server
//! learns nothing to guess against from what is sent; to guess against a stolen record it also needs the key that the
//! server keeps apart from its database, and then pays for each guess what `stretch` costs. The page asks the
//! server, this computes. Errors say nothing but that it did not work: of a wrong password, of an unknown name and of a
//! server that is not the one of the registration there is one kind.

use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialResponse, Identifiers, RegistrationResponse, Ristretto255,
    TripleDh,
    argon2::{Algorithm, Argon2, Params, Version},
    rand::{CryptoRng, Error, RngCore},
};
use wasm_bindgen::prelude::wasm_bindgen;

/// Ties a transcript to this use of OPAQUE (RFC 9807 section 6.4, `context`).
pub const CONTEXT: &[u8] = b"sabha password v1";

/// Memory, passes and lanes of Argon2id: the second recommendation of RFC 9106 section 4 on one lane, which is what a
/// browser's module has. 64 MiB for each guess.
const STRETCH: (u32, u32, u32) = (64 * 1024, 3, 1);

/// The functions that both sides use; the stretching is this side's alone.
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_of_opaque::Sha512>;
    type Ksf = Argon2<'static>;
}

/// Somebody who sets a password.
#[wasm_bindgen]
pub struct Setting {
    state: ClientRegistration<Suite>,
    request: Vec<u8>,
    password: Vec<u8>,
}

/// Somebody who signs in with a password.
#[wasm_bindgen]
pub struct SigningIn {
    state: ClientLogin<Suite>,
    request: Vec<u8>,
    password: Vec<u8>,
}

#[wasm_bindgen]
impl Setting {
    /// Begins. `None` where there is no randomness.
    pub fn begin(password: &str) -> Option<Setting> {
        let begun = ClientRegistration::<Suite>::start(&mut System, password.as_bytes()).ok()?;
        let request = begun.message.serialize().to_vec();
        Some(Self { state: begun.state, request, password: password.as_bytes().to_vec() })
    }

    /// Returns what the server is asked.
    pub fn request(&self) -> Vec<u8> {
        self.request.clone()
    }

    /// Returns what the server keeps, from its answer for the account of `name`. `None` if that is no answer.
    pub fn finish(self, answer: &[u8], name: &str) -> Option<Vec<u8>> {
        let answer = RegistrationResponse::deserialize(answer).ok()?;
        let stretch = stretch()?;
        let parameters = ClientRegistrationFinishParameters::new(identifiers(name), Some(&stretch));
        let done = self.state.finish(&mut System, &self.password, answer, parameters).ok()?;
        Some(done.message.serialize().to_vec())
    }
}

#[wasm_bindgen]
impl SigningIn {
    /// Begins. `None` where there is no randomness.
    pub fn begin(password: &str) -> Option<SigningIn> {
        let begun = ClientLogin::<Suite>::start(&mut System, password.as_bytes()).ok()?;
        let request = begun.message.serialize().to_vec();
        Some(Self { state: begun.state, request, password: password.as_bytes().to_vec() })
    }

    /// Returns what the server is asked.
    pub fn request(&self) -> Vec<u8> {
        self.request.clone()
    }

    /// Returns the proof for the server, from its answer for the account of `name`. `None` if the password is wrong, or
    /// the server is not the one that has the record.
    pub fn finish(self, answer: &[u8], name: &str) -> Option<Vec<u8>> {
        let answer = CredentialResponse::deserialize(answer).ok()?;
        let stretch = stretch()?;
        let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(name), Some(&stretch));
        let done = self.state.finish(&mut System, &self.password, answer, parameters).ok()?;
        Some(done.message.serialize().to_vec())
    }
}

fn identifiers(name: &str) -> Identifiers<'_> {
    Identifiers { client: Some(name.as_bytes()), server: None }
}

fn stretch() -> Option<Argon2<'static>> {
    let (memory, passes, lanes) = STRETCH;
    let parameters = Params::new(memory, passes, lanes, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// The system's randomness, in the form that `opaque-ke` asks for.
struct System;

impl RngCore for System {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes)
            .expect("a browser always has randomness, and without any there is no going on");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for System {}
