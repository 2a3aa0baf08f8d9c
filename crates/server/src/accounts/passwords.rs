//! Passwords that this server never sees: its side of OPAQUE (RFC 9807), ristretto255 with SHA-512 and 3DH.
//!
//! What is kept of a password is a record that tells nothing by itself: to try a guess against it one also needs the key
//! in a file beside the database, which is in no backup of the database alone. For a name that nobody here has, the same
//! answer is computed as for one that somebody has (section 10.9), so that asking tells nothing. The stretching is the
//! browser's, in `crates/opaque-wasm`.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use opaque_ke::{
    CipherSuite, CredentialFinalization, CredentialRequest, Identifiers, RegistrationRequest,
    RegistrationUpload, Ristretto255, ServerLogin, ServerLoginParameters, ServerRegistration, ServerSetup,
    TripleDh,
    errors::ProtocolError,
    ksf::Identity,
    rand::{CryptoRng, Error, RngCore},
};
use sabha_protocol::account::EmailAddress;
use sha2::{Digest as _, Sha256};

use crate::data_dir::{DataDir, DataDirError};

/// File of the key, in the data directory: seed, private key and a public key that is nobody's.
const KEY_FILE: &str = "passwords.key";
const KEY_BYTES: usize = 64 + 32 + 32;

/// Ties a transcript to this use of OPAQUE; the browser's side has the same.
const CONTEXT: &[u8] = b"sabha password v1";

/// Tries against one address are counted this long, and there are so many of them, known or not, right or not.
const TRIES_FOR: Duration = Duration::from_secs(15 * 60);
const TRIES_MAX: u32 = 10;

/// Addresses whose tries are counted at once. A flood of other addresses makes room by refusing those.
const COUNTED_MAX: usize = 65_536;

/// What came is no message of the protocol, or proves nothing. Which of them is for the log of a developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no proof of a password")]
pub(crate) struct NotAPassword;

impl From<ProtocolError> for NotAPassword {
    fn from(_: ProtocolError) -> Self {
        Self
    }
}

/// The functions that both sides use. The server never stretches, so that it names no function for it.
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_of_opaque::Sha512>;
    type Ksf = Identity;
}

/// Somebody who is about to prove a password.
pub(crate) struct Proving(ServerLogin<Suite>);

/// The server's side.
pub(crate) struct Passwords {
    setup: ServerSetup<Suite>,
    tries: Mutex<HashMap<[u8; 32], (Instant, u32)>>,
}

impl Passwords {
    /// Reads the key from the data directory, or draws it.
    ///
    /// # Errors
    /// [`DataDirError`].
    pub(crate) fn open(directory: &DataDir) -> Result<Self, DataDirError> {
        getrandom::fill(&mut [0; 1]).map_err(|_| DataDirError::NoRandomness)?;
        let draw = || -> [u8; KEY_BYTES] { ServerSetup::<Suite>::new(&mut System).serialize().into() };
        let key = directory.other_key(KEY_FILE, draw)?;
        let damaged = |_| DataDirError::KeyDamaged {
            path: directory.path().join(KEY_FILE),
            bytes: KEY_BYTES,
            wanted: KEY_BYTES,
        };
        Ok(Self { setup: ServerSetup::deserialize(&key).map_err(damaged)?, tries: Mutex::default() })
    }

    /// Answers somebody who sets a password for the account with this address.
    ///
    /// # Errors
    /// [`NotAPassword`] if this is no request.
    pub(crate) fn answer_setting(
        &self,
        email: &EmailAddress,
        request: &[u8],
    ) -> Result<Vec<u8>, NotAPassword> {
        let request = RegistrationRequest::deserialize(request)?;
        let started = ServerRegistration::<Suite>::start(&self.setup, request, email.as_str().as_bytes())?;
        Ok(started.message.serialize().to_vec())
    }

    /// Returns the record to keep of what somebody sends who has set a password.
    ///
    /// # Errors
    /// [`NotAPassword`] if this is no record.
    pub(crate) fn record(upload: &[u8]) -> Result<Vec<u8>, NotAPassword> {
        let upload = RegistrationUpload::<Suite>::deserialize(upload)?;
        Ok(ServerRegistration::finish(upload).serialize().to_vec())
    }

    /// Answers somebody who signs in by this address. Without a record the answer is one that no password fits.
    ///
    /// # Errors
    /// [`NotAPassword`] if this is no request.
    pub(crate) fn answer_proving(
        &self,
        email: &EmailAddress,
        record: Option<&[u8]>,
        request: &[u8],
    ) -> Result<(Vec<u8>, Proving), NotAPassword> {
        let record = record.map(ServerRegistration::<Suite>::deserialize).transpose()?;
        let request = CredentialRequest::deserialize(request)?;
        let name = email.as_str().as_bytes();
        let started = ServerLogin::start(&mut System, &self.setup, record, request, name, parameters(email))?;
        Ok((started.message.serialize().to_vec(), Proving(started.state)))
    }

    /// Counts a try against an address. Returns whether there may be one.
    pub(crate) fn count(&self, email: &EmailAddress, now: Instant) -> bool {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |began: Instant| now.saturating_duration_since(began) >= TRIES_FOR;
        let key = Sha256::digest(email.as_str()).into();
        if tries.len() >= COUNTED_MAX && !tries.contains_key(&key) {
            tries.retain(|_, (began, _)| !over(*began));
            if tries.len() >= COUNTED_MAX {
                return false;
            }
        }
        let (began, count) = tries.entry(key).or_insert((now, 0));
        if over(*began) {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= TRIES_MAX
    }
}

impl Proving {
    /// Returns whether the password was proven.
    ///
    /// # Errors
    /// [`NotAPassword`] if it was not.
    pub(crate) fn finish(self, email: &EmailAddress, proof: &[u8]) -> Result<(), NotAPassword> {
        let proof = CredentialFinalization::deserialize(proof)?;
        self.0.finish(proof, parameters(email))?;
        Ok(())
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(redacted)")
    }
}

fn parameters(email: &EmailAddress) -> ServerLoginParameters<'_, '_> {
    let client = Some(email.as_str().as_bytes());
    ServerLoginParameters { context: Some(CONTEXT), identifiers: Identifiers { client, server: None } }
}

/// The system's randomness, in the form that `opaque-ke` and `pgp` ask for.
pub(crate) struct System;

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
        // It was there when the key was read, and a system that has it once has it from then on.
        getrandom::fill(bytes).expect("the system's randomness does not end");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for System {}

#[cfg(test)]
mod tests {
    use sabha_opaque_wasm::{Setting, SigningIn};

    use super::*;

    const PASSWORD: &str = "a long sentence about a short horse";

    fn asha() -> EmailAddress {
        "asha@example.org".parse().unwrap()
    }

    fn open() -> (tempfile::TempDir, Passwords) {
        let directory = tempfile::tempdir().unwrap();
        let passwords = Passwords::open(&DataDir::open(directory.path()).unwrap()).unwrap();
        (directory, passwords)
    }

    /// Sets a password, and returns the record with everything that was sent.
    fn set(passwords: &Passwords, email: &EmailAddress, password: &str) -> (Vec<u8>, Vec<Vec<u8>>) {
        let setting = Setting::begin(password).unwrap();
        let request = setting.request();
        let answer = passwords.answer_setting(email, &request).unwrap();
        let upload = setting.finish(&answer, email.as_str()).unwrap();
        (Passwords::record(&upload).unwrap(), vec![request, answer, upload])
    }

    /// Returns whether a password is proven.
    fn prove(passwords: &Passwords, email: &EmailAddress, record: Option<&[u8]>, password: &str) -> bool {
        let signing_in = SigningIn::begin(password).unwrap();
        let (answer, proving) = passwords.answer_proving(email, record, &signing_in.request()).unwrap();
        let proof = signing_in.finish(&answer, email.as_str());
        proof.is_some_and(|proof| proving.finish(email, &proof).is_ok())
    }

    #[test]
    fn the_right_password_is_proven_and_no_other_name_record_or_server_takes_it() {
        let (directory, passwords) = open();
        let (record, sent) = set(&passwords, &asha(), PASSWORD);
        assert!(prove(&passwords, &asha(), Some(&record), PASSWORD));
        assert!(!prove(&passwords, &asha(), Some(&record), "a long sentence about a short house"));
        assert!(!prove(&passwords, &"ben@example.org".parse().unwrap(), Some(&record), PASSWORD));
        assert!(!prove(&passwords, &asha(), None, PASSWORD), "there is no record");
        let (_other, elsewhere) = open();
        assert!(!prove(&elsewhere, &asha(), Some(&record), PASSWORD), "the record without its server's key");

        // After a restart it is the same server.
        let again = Passwords::open(&DataDir::open(directory.path()).unwrap()).unwrap();
        assert!(prove(&again, &asha(), Some(&record), PASSWORD));
        let whole = [sent.concat(), record].concat();
        assert!(!whole.windows(8).any(|window| PASSWORD.as_bytes().windows(8).any(|part| part == window)));
    }

    #[test]
    fn a_name_that_nobody_has_is_answered_as_one_that_somebody_has() {
        let (_directory, passwords) = open();
        let (record, _) = set(&passwords, &asha(), PASSWORD);
        let request = SigningIn::begin(PASSWORD).unwrap().request();
        let ask = |email: &EmailAddress, record: Option<&[u8]>| {
            passwords.answer_proving(email, record, &request).unwrap().0
        };
        let nobody = "nobody@example.org".parse().unwrap();
        let (known, first, second) = (ask(&asha(), Some(&record)), ask(&nobody, None), ask(&nobody, None));
        assert_eq!(known.len(), first.len());
        // The evaluated element of one request is the same each time for one name, with a record or without: else who
        // asks twice would know.
        assert_eq!(first[..32], second[..32]);
        assert_ne!(first[..32], known[..32]);
        assert_eq!(known[..32], ask(&asha(), Some(&record))[..32]);
        assert_ne!(first[32..], second[32..]);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let (_directory, passwords) = open();
        for junk in [&[][..], &[0; 31], &[0xFF; 32], &[0; 96], &[7; 1000]] {
            assert!(passwords.answer_setting(&asha(), junk).is_err());
            assert!(passwords.answer_proving(&asha(), None, junk).is_err());
            assert!(Passwords::record(junk).is_err());
        }
    }

    #[test]
    fn tries_against_one_address_are_few_and_come_back() {
        let (_directory, passwords) = open();
        let now = Instant::now();
        let tries = (0..TRIES_MAX + 5).filter(|_| passwords.count(&asha(), now)).count();
        assert_eq!(tries, TRIES_MAX as usize);
        assert!(passwords.count(&"ben@example.org".parse().unwrap(), now));
        assert!(passwords.count(&asha(), now + TRIES_FOR));
    }
}
