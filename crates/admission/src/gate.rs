//! The signatures that a device shows at the gate: two to the server, each over the challenge of its connection, and one to
//! hosts.
//!
//! The gate tag shows that a guest has the meeting's link: its key pair is derived from the secret in the link,
//! the server has the public half only. The enter proof shows that a device key is the device's own. Neither admits
//! anybody; they keep strangers from knocking, and members from being impersonated towards the server.
//!
//! The invite proof goes to hosts in the sealed knock of who has a personal link and is to be let in by hand: it shows that this
//! very device has the invite's key. Copied into another device's knock it proves nothing.

use ed25519_dalek::{Signer as _, SigningKey};
use sabha_protocol::{DeviceKey, MeetingId};

use crate::{
    Violation,
    signature::{self, SIGNATURE_BYTES},
};

/// Signs a knock with the gate key of the meeting's link.
pub fn gate_tag(
    gate: &SigningKey,
    meeting: &MeetingId,
    device: &DeviceKey,
    challenge: &[u8; 32],
) -> [u8; SIGNATURE_BYTES] {
    gate.sign(&knock(meeting, device, challenge)).to_bytes()
}

/// Checks that who knocks has the meeting's link. `gate` is the public gate key.
///
/// # Errors
/// [`Violation::GateTag`]: the tag is not for this meeting, device and challenge, or of another key.
pub fn check_gate_tag(
    gate: &[u8; 32],
    meeting: &MeetingId,
    device: &DeviceKey,
    challenge: &[u8; 32],
    tag: &[u8; SIGNATURE_BYTES],
) -> Result<(), Violation> {
    // ADM-51
    signature::verify(&DeviceKey::from_bytes(*gate), &knock(meeting, device, challenge), tag)
        .map_err(|_| Violation::GateTag)
}

/// Signs the challenge of a connection with the device's key.
pub fn enter_proof(device: &SigningKey, meeting: &MeetingId, challenge: &[u8; 32]) -> [u8; SIGNATURE_BYTES] {
    device.sign(&enter(meeting, challenge)).to_bytes()
}

/// Checks that who enters as this device has its key.
///
/// # Errors
/// [`Violation::EnterProof`]: the proof is not for this meeting and challenge, or of another key.
pub fn check_enter_proof(
    device: &DeviceKey,
    meeting: &MeetingId,
    challenge: &[u8; 32],
    proof: &[u8; SIGNATURE_BYTES],
) -> Result<(), Violation> {
    // ADM-52
    signature::verify(device, &enter(meeting, challenge), proof).map_err(|_| Violation::EnterProof)
}

/// Signs a device's knock with the key of the invite that it shows. `nonce` is the knock's.
pub fn invite_proof(
    invite: &SigningKey,
    meeting: &MeetingId,
    device: &DeviceKey,
    nonce: &[u8; 16],
) -> [u8; SIGNATURE_BYTES] {
    invite.sign(&invite_knock(meeting, device, nonce)).to_bytes()
}

/// Checks that who knocks has the key of the invite that it shows, `invite`.
///
/// # Errors
/// [`Violation::InviteProof`]: the proof is not for this meeting, device and knock, or of another key.
pub fn check_invite_proof(
    invite: &DeviceKey,
    meeting: &MeetingId,
    device: &DeviceKey,
    nonce: &[u8; 16],
    proof: &[u8; SIGNATURE_BYTES],
) -> Result<(), Violation> {
    // ADM-61
    signature::verify(invite, &invite_knock(meeting, device, nonce), proof)
        .map_err(|_| Violation::InviteProof)
}

fn invite_knock(meeting: &MeetingId, device: &DeviceKey, nonce: &[u8; 16]) -> Vec<u8> {
    [b"sabha invite knock v1".as_slice(), meeting.as_bytes(), device.as_bytes(), nonce].concat()
}

fn knock(meeting: &MeetingId, device: &DeviceKey, challenge: &[u8; 32]) -> Vec<u8> {
    [b"sabha knock v1".as_slice(), meeting.as_bytes(), device.as_bytes(), challenge].concat()
}

fn enter(meeting: &MeetingId, challenge: &[u8; 32]) -> Vec<u8> {
    [b"sabha enter v1".as_slice(), meeting.as_bytes(), challenge].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        device_key,
        testing::{another_meeting, guest, invite, invitee, key, meeting},
    };

    /// ADM-51
    #[test]
    fn a_gate_tag_is_good_for_one_meeting_device_and_connection() {
        let gate = key(20);
        let public = gate.verifying_key().to_bytes();
        let device = device_key(&guest());
        let tag = gate_tag(&gate, &meeting(), &device, &[1; 32]);
        let wrong = Err(Violation::GateTag);

        assert_eq!(check_gate_tag(&public, &meeting(), &device, &[1; 32], &tag), Ok(()));
        assert_eq!(check_gate_tag(&public, &another_meeting(), &device, &[1; 32], &tag), wrong);
        assert_eq!(check_gate_tag(&public, &meeting(), &device_key(&invitee()), &[1; 32], &tag), wrong);
        assert_eq!(check_gate_tag(&public, &meeting(), &device, &[2; 32], &tag), wrong);
        assert_eq!(check_gate_tag(device.as_bytes(), &meeting(), &device, &[1; 32], &tag), wrong);
    }

    /// ADM-52
    #[test]
    fn an_enter_proof_is_good_for_one_meeting_device_and_connection() {
        let device = device_key(&guest());
        let proof = enter_proof(&guest(), &meeting(), &[1; 32]);
        let wrong = Err(Violation::EnterProof);

        assert_eq!(check_enter_proof(&device, &meeting(), &[1; 32], &proof), Ok(()));
        assert_eq!(check_enter_proof(&device, &another_meeting(), &[1; 32], &proof), wrong);
        assert_eq!(check_enter_proof(&device, &meeting(), &[2; 32], &proof), wrong);
        assert_eq!(check_enter_proof(&device_key(&invitee()), &meeting(), &[1; 32], &proof), wrong);
    }

    /// ADM-61
    #[test]
    fn an_invite_proof_is_good_for_one_meeting_device_and_knock() {
        let device = device_key(&guest());
        let by = device_key(&invite());
        let proof = invite_proof(&invite(), &meeting(), &device, &[1; 16]);
        let wrong = Err(Violation::InviteProof);

        assert_eq!(check_invite_proof(&by, &meeting(), &device, &[1; 16], &proof), Ok(()));
        assert_eq!(check_invite_proof(&by, &another_meeting(), &device, &[1; 16], &proof), wrong);
        assert_eq!(check_invite_proof(&by, &meeting(), &device_key(&invitee()), &[1; 16], &proof), wrong);
        assert_eq!(check_invite_proof(&by, &meeting(), &device, &[2; 16], &proof), wrong);
        assert_eq!(check_invite_proof(&device, &meeting(), &device, &[1; 16], &proof), wrong);
    }

    #[test]
    fn the_signed_texts_are_those_of_the_protocol() {
        let device = device_key(&guest());
        let signed =
            [b"sabha knock v1".as_slice(), meeting().as_bytes(), device.as_bytes(), &[1; 32]].concat();
        assert_eq!(gate_tag(&key(20), &meeting(), &device, &[1; 32]), key(20).sign(&signed).to_bytes());
        let signed =
            [b"sabha invite knock v1".as_slice(), meeting().as_bytes(), device.as_bytes(), &[1; 16]].concat();
        let proof = invite_proof(&invite(), &meeting(), &device, &[1; 16]);
        assert_eq!(proof, invite().sign(&signed).to_bytes());
        let signed = [b"sabha enter v1".as_slice(), meeting().as_bytes(), &[1; 32]].concat();
        assert_eq!(enter_proof(&guest(), &meeting(), &[1; 32]), guest().sign(&signed).to_bytes());
    }
}
