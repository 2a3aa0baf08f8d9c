//! Proof of the passcode between a guest and a host's device, through a server that learns nothing from it: CPace
//! (draft-irtf-cfrg-cpace-21) with Ristretto255, SHA-512 and explicit key confirmation.
//!
//! ```text
//!  guest                                                        host
//!  GuestStart ── GuestHello: nonce_g ────────────────────────►  Host::answer
//!             ◄────────────────────────── HostAnswer: nonce_h, Yb
//!  receive    ── GuestProof: Ya, tag_a ──────────────────────►  HostWaiting::verify    (budget first)
//!  finish     ◄────────────────────────── HostProof: tag_b
//!  PakeKey                                                      PakeKey
//! ```
//!
//! What goes in (section 4.1 of the draft): `CI = "sabha/passcode/v1" || meeting`, `sid = SHA-256(nonce_g || nonce_h)`,
//! A is the guest with `ADa = guest's device || role`, B the host with `ADb = root key || host's device`. The generator
//! depends on `sid`, hence on both nonces; so the guest's share comes with its third message, not with its first.
//!
//! Whoever sits between them gets one guess for each run, against either side: the guest's tag, which comes first,
//! tells a false host whether the one passcode that it bet on is right. So hosts keep a [`Budget`], and a guest's
//! device asks before it proves the same passcode again. Nothing can be tried offline.
//!
//! Each state is used up by the next step: a run cannot be asked twice.

mod budget;
mod cpace;
mod passcode;

use curve25519_dalek::Scalar;
use hkdf::Hkdf;
use sabha_protocol::{DeviceKey, MeetingId};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use self::cpace::{Confirmation, SHARE_BYTES, TAG_BYTES};
pub use self::{
    budget::{Budget, FIRST_DELAY_MS, KNOCKER_FAILURES_MAX, MEETING_FAILURES_MAX, Refused},
    passcode::{CHOSEN_CHARS_MIN, InvalidPasscode, PASSCODE_BYTES_MAX, Passcode, generate_passcode},
};

/// Length of each side's nonce, in bytes.
pub const NONCE_BYTES: usize = 32;

/// Length of the seed of each side's scalar, in bytes: fresh and uniform for each run.
pub const SCALAR_SEED_BYTES: usize = 64;

/// Version of the exchange, and of what else the passcode might be used for.
const CHANNEL: &[u8] = b"sabha/passcode/v1";

/// What both sides must agree on besides the passcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The meeting.
    pub meeting: MeetingId,
    /// The guest's device: the grant that follows is for this key.
    pub guest: DeviceKey,
    /// The role that the guest asks for, as the signalling protocol numbers it.
    pub role: u8,
    /// The meeting's root key.
    pub root: DeviceKey,
}

impl Context {
    fn ci(&self) -> Vec<u8> {
        [CHANNEL, self.meeting.as_bytes()].concat()
    }

    fn ad_guest(&self) -> Vec<u8> {
        [self.guest.as_bytes().as_slice(), &[self.role]].concat()
    }

    fn ad_host(&self, host: &DeviceKey) -> Vec<u8> {
        [*self.root.as_bytes(), *host.as_bytes()].concat()
    }
}

macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $bytes:expr),+ })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* $field: [u8; $bytes]),+ }

        impl $name {
            /// Length of the message, in bytes.
            pub const BYTES: usize = 0 $(+ $bytes)+;

            /// Returns the message as bytes.
            pub fn to_bytes(&self) -> Vec<u8> {
                [$(self.$field.as_slice()),+].concat()
            }

            /// Reads the message.
            ///
            /// # Errors
            /// [`PakeError::Length`]: there are not exactly as many bytes as it has.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, PakeError> {
                $(let ($field, bytes) = bytes.split_first_chunk().ok_or(PakeError::Length)?;)+
                if bytes.is_empty() { Ok(Self { $($field: *$field),+ }) } else { Err(PakeError::Length) }
            }
        }
    )*};
}

wire! {
    /// First message, from the guest.
    GuestHello { nonce: NONCE_BYTES }
    /// Second message, from the host.
    HostAnswer { nonce: NONCE_BYTES, share: SHARE_BYTES }
    /// Third message, from the guest: shows that it knows the passcode, to one who does.
    GuestProof { share: SHARE_BYTES, tag: TAG_BYTES }
    /// Fourth message, from the host: shows that it knows the passcode too.
    HostProof { tag: TAG_BYTES }
}

/// A guest that has said hello. Wiped when dropped.
pub struct GuestStart {
    passcode: Passcode,
    context: Context,
    scalar: Secret,
    nonce: [u8; NONCE_BYTES],
}

impl GuestStart {
    /// Begins a run. `scalar_seed` and `nonce` are fresh from a secure random source.
    pub fn new(
        passcode: &Passcode,
        context: Context,
        scalar_seed: &[u8; SCALAR_SEED_BYTES],
        nonce: [u8; NONCE_BYTES],
    ) -> (Self, GuestHello) {
        let scalar = Secret(cpace::scalar(scalar_seed));
        (Self { passcode: passcode.clone(), context, scalar, nonce }, GuestHello { nonce })
    }

    /// Takes the answer of the host's device `host`, whose certificate the guest has seen.
    ///
    /// # Errors
    /// [`PakeError::InvalidShare`]: the answer is not one of an honest host.
    pub fn receive(
        self,
        answer: &HostAnswer,
        host: &DeviceKey,
    ) -> Result<(GuestConfirm, GuestProof), PakeError> {
        let sid = sid(&self.nonce, &answer.nonce);
        let generator = cpace::generator(self.passcode.as_bytes(), &self.context.ci(), &sid);
        let share = cpace::share(&self.scalar.0, &generator);
        let shared =
            cpace::shared_point(&self.scalar.0, &answer.share).map_err(|_| PakeError::InvalidShare)?;
        let session = Session::new(&sid, &shared, &self.context, host, &share, &answer.share);
        let tag = session.confirmation.tag(&session.guest_message);
        Ok((GuestConfirm(session), GuestProof { share, tag }))
    }
}

/// A guest that has shown its proof and waits for the host's. Wiped when dropped.
pub struct GuestConfirm(Session);

impl GuestConfirm {
    /// Takes the host's proof.
    ///
    /// # Errors
    /// [`PakeError::Mismatch`]: the host knows another passcode, or is none.
    pub fn finish(self, proof: &HostProof) -> Result<PakeKey, PakeError> {
        if self.0.confirmation.holds(&self.0.host_message, &proof.tag) {
            Ok(self.0.key)
        } else {
            Err(PakeError::Mismatch)
        }
    }
}

/// The host's side of the proof.
pub struct Host;

impl Host {
    /// Answers a guest's hello as the device `host`. `scalar_seed` and `nonce` are fresh from a secure random source.
    /// The answer tells nothing about the passcode; it costs no guess.
    pub fn answer(
        passcode: &Passcode,
        context: Context,
        host: &DeviceKey,
        hello: &GuestHello,
        scalar_seed: &[u8; SCALAR_SEED_BYTES],
        nonce: [u8; NONCE_BYTES],
    ) -> (HostWaiting, HostAnswer) {
        let sid = sid(&hello.nonce, &nonce);
        let generator = cpace::generator(passcode.as_bytes(), &context.ci(), &sid);
        let scalar = Secret(cpace::scalar(scalar_seed));
        let share = cpace::share(&scalar.0, &generator);
        (HostWaiting { context, host: *host, scalar, sid, share }, HostAnswer { nonce, share })
    }
}

/// A host's device that has answered and waits for the guest's proof. Wiped when dropped.
pub struct HostWaiting {
    context: Context,
    host: DeviceKey,
    scalar: Secret,
    sid: [u8; 32],
    share: [u8; SHARE_BYTES],
}

impl HostWaiting {
    /// Checks the guest's proof. The caller has charged the guess to its [`Budget`], and tells it of a success.
    ///
    /// # Errors
    /// [`PakeError::InvalidShare`] or [`PakeError::Mismatch`]: nothing is sent to the guest but that it failed.
    pub fn verify(self, proof: &GuestProof) -> Result<(PakeKey, HostProof), PakeError> {
        let shared =
            cpace::shared_point(&self.scalar.0, &proof.share).map_err(|_| PakeError::InvalidShare)?;
        let session = Session::new(&self.sid, &shared, &self.context, &self.host, &proof.share, &self.share);
        if !session.confirmation.holds(&session.guest_message, &proof.tag) {
            return Err(PakeError::Mismatch);
        }
        let tag = session.confirmation.tag(&session.host_message);
        Ok((session.key, HostProof { tag }))
    }
}

/// The key that guest and host share after a successful proof; see [`seal_to_pake_key`](crate::seal::seal_to_pake_key).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PakeKey([u8; 32]);

impl PakeKey {
    #[cfg(test)]
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Why a run failed. All of them are the other side's doing, or the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PakeError {
    /// The share is no point, not in its one form, or the neutral element.
    #[error("the other side's share is invalid")]
    InvalidShare,
    /// The message does not have its length.
    #[error("the message has the wrong length")]
    Length,
    /// The passcodes, the meeting or the devices are not the same on both sides.
    #[error("the passcodes do not match")]
    Mismatch,
}

/// A scalar that is wiped when it is dropped.
struct Secret(Scalar);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What follows from both shares.
struct Session {
    confirmation: Confirmation,
    guest_message: Vec<u8>,
    host_message: Vec<u8>,
    key: PakeKey,
}

impl Session {
    fn new(
        sid: &[u8; 32],
        shared: &[u8; 32],
        context: &Context,
        host: &DeviceKey,
        guest_share: &[u8; SHARE_BYTES],
        host_share: &[u8; SHARE_BYTES],
    ) -> Self {
        let guest_message = cpace::message(guest_share, &context.ad_guest());
        let host_message = cpace::message(host_share, &context.ad_host(host));
        let isk = cpace::isk(sid, shared, &guest_message, &host_message);
        let mut key = Zeroizing::new([0; 32]);
        // Section 10.3: ISK itself is not used as a key of what follows.
        Hkdf::<Sha256>::new(Some(sid), &*isk)
            .expand(b"sabha passcode key v1", &mut *key)
            .expect("32 bytes are far below HKDF's limit of 255 blocks");
        Self { confirmation: Confirmation::new(sid, &isk), guest_message, host_message, key: PakeKey(*key) }
    }
}

fn sid(guest_nonce: &[u8; NONCE_BYTES], host_nonce: &[u8; NONCE_BYTES]) -> [u8; 32] {
    Sha256::new().chain_update(guest_nonce).chain_update(host_nonce).finalize().into()
}

#[cfg(test)]
mod tests;
