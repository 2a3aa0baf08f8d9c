//! CPace with Ristretto255 and SHA-512 in the initiator-responder setting: draft-irtf-cfrg-cpace-21.
//!
//! The arithmetic alone. Who says what to whom, and what goes into it, is in the parent module.

use curve25519_dalek::{
    RistrettoPoint, Scalar,
    ristretto::CompressedRistretto,
    traits::{Identity as _, IsIdentity as _},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

/// Length of a share, in bytes.
pub(crate) const SHARE_BYTES: usize = 32;

/// Length of a confirmation tag, in bytes: all of HMAC-SHA512.
pub(crate) const TAG_BYTES: usize = 64;

/// `G.DSI` (section 8.3).
const DSI: &[u8] = b"CPaceRistretto255";

/// `G.DSI || b"_ISK"` (section 7.2).
const DSI_ISK: &[u8] = b"CPaceRistretto255_ISK";

/// `H.s_in_bytes` of SHA-512 (section 6.2).
const BLOCK_BYTES: usize = 128;

/// What came from the other side is no point, or one that gives the neutral element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidShare;

/// `G.calculate_generator` (sections 8.1 and 8.3): the secret generator of one run.
pub(crate) fn generator(prs: &[u8], ci: &[u8], sid: &[u8]) -> RistrettoPoint {
    let padding = BLOCK_BYTES.saturating_sub(prepended(prs) + prepended(DSI) + 1);
    let mut string = Zeroizing::new(Vec::with_capacity(BLOCK_BYTES + prs.len() + ci.len() + sid.len() + 16));
    for part in [DSI, prs, &[0; BLOCK_BYTES][..padding], ci, sid] {
        put(&mut string, part);
    }
    let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(&*string)));
    RistrettoPoint::from_uniform_bytes(&hash)
}

/// `G.sample_scalar` (section 8.3): uniform to within 2^-259, from 64 uniform bytes.
pub(crate) fn scalar(seed: &[u8; 64]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(seed)
}

/// `G.scalar_mult` (section 8.3).
pub(crate) fn share(scalar: &Scalar, generator: &RistrettoPoint) -> [u8; SHARE_BYTES] {
    (scalar * generator).compress().to_bytes()
}

/// `G.scalar_mult_vfy` (section 8.3). `decode` accepts the one canonical form of each point (RFC 9496 section 4.3.1).
///
/// # Errors
/// [`InvalidShare`] where the draft says to abort: the result would be the neutral element.
pub(crate) fn shared_point(
    scalar: &Scalar,
    share: &[u8; SHARE_BYTES],
) -> Result<Zeroizing<[u8; 32]>, InvalidShare> {
    let point = CompressedRistretto(*share).decompress().unwrap_or_else(RistrettoPoint::identity);
    let shared = scalar * point;
    if shared.is_identity() {
        return Err(InvalidShare);
    }
    Ok(Zeroizing::new(shared.compress().to_bytes()))
}

/// `lv_cat(share, associated data)`: one side's message, as transcripts and tags cover it (sections 6.3 and 10.4).
pub(crate) fn message(share: &[u8; SHARE_BYTES], ad: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(SHARE_BYTES + ad.len() + 4);
    put(&mut message, share);
    put(&mut message, ad);
    message
}

/// `ISK` (section 7.2) with `transcript_ir`: A's message, then B's (section 6.3).
pub(crate) fn isk(sid: &[u8], shared: &[u8; 32], message_a: &[u8], message_b: &[u8]) -> Zeroizing<[u8; 64]> {
    let mut head = Zeroizing::new(Vec::with_capacity(DSI_ISK.len() + sid.len() + 32 + 8));
    for part in [DSI_ISK, sid, shared] {
        put(&mut head, part);
    }
    let hash = Sha512::new().chain_update(&*head).chain_update(message_a).chain_update(message_b);
    Zeroizing::new(hash.finalize().into())
}

/// Makes and checks the tags of explicit key confirmation (section 10.4), with HMAC-SHA512 (RFC 2104).
pub(crate) struct Confirmation(Hmac<Sha512>);

impl Confirmation {
    pub(crate) fn new(sid: &[u8], isk: &[u8; 64]) -> Self {
        let key = Sha512::new().chain_update(b"CPaceMac").chain_update(sid).chain_update(isk).finalize();
        let key = Zeroizing::new(<[u8; 64]>::from(key));
        Self(Hmac::new_from_slice(&*key).expect("HMAC takes keys of any length"))
    }

    /// Returns the tag of who sent `message`.
    pub(crate) fn tag(&self, message: &[u8]) -> [u8; TAG_BYTES] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }

    /// Returns whether `tag` is that of who sent `message`, in constant time.
    pub(crate) fn holds(&self, message: &[u8], tag: &[u8; TAG_BYTES]) -> bool {
        self.0.clone().chain_update(message).verify_slice(tag).is_ok()
    }
}

/// Length of `prepend_len(part)`.
fn prepended(part: &[u8]) -> usize {
    let mut length = Vec::new();
    put_length(&mut length, part.len());
    length.len() + part.len()
}

/// Appends `prepend_len(part)` (section 6.3).
fn put(out: &mut Vec<u8>, part: &[u8]) {
    put_length(out, part.len());
    out.extend(part);
}

/// Appends a length in LEB128.
fn put_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;

    fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.try_into().unwrap()
    }

    #[test]
    fn published_run_is_reproduced() {
        let Some(file) = vectors::load("cpace/testvectors.json") else { return };
        let case = &file["G_Coffee25519"];
        let field = |name| vectors::hex(case, name);
        let (sid, ada, adb) = (field("sid"), field("ADa"), field("ADb"));
        let secret = |name| Scalar::from_canonical_bytes(array(&field(name))).unwrap();

        let generator = generator(&field("PRS"), &field("CI"), &sid);
        assert_eq!(generator.compress().to_bytes().to_vec(), field("g"));

        let (a, b) = (secret("ya"), secret("yb"));
        let (share_a, share_b) = (share(&a, &generator), share(&b, &generator));
        assert_eq!(share_a.to_vec(), field("Ya"));
        assert_eq!(share_b.to_vec(), field("Yb"));

        let shared = shared_point(&a, &share_b).unwrap();
        assert_eq!(shared.to_vec(), field("K"));
        assert_eq!(shared_point(&b, &share_a).unwrap().to_vec(), field("K"));

        let isk = isk(&sid, &shared, &message(&share_a, &ada), &message(&share_b, &adb));
        assert_eq!(isk.to_vec(), field("ISK_IR"));
    }

    #[test]
    fn published_points_are_taken_and_refused() {
        let Some(file) = vectors::load("cpace/testvectors.json") else { return };
        let points = &file["G_Coffee25519_points"];
        let scalar = Scalar::from_canonical_bytes(array(&vectors::hex(&points["Valid"], "s"))).unwrap();

        let valid = shared_point(&scalar, &array(&vectors::hex(&points["Valid"], "X"))).unwrap();
        assert_eq!(valid.to_vec(), vectors::hex(&points["Valid"], "G.scalar_mult_vfy(s,X)"));
        for name in ["Invalid Y1", "Invalid Y2"] {
            assert_eq!(
                shared_point(&scalar, &array(&vectors::hex(points, name))),
                Err(InvalidShare),
                "{name}"
            );
        }
    }

    #[test]
    fn non_canonical_points_are_refused() {
        // p + 0 instead of 0, all ones, and a negative field element.
        let mut p = [0xff; 32];
        (p[0], p[31]) = (0xed, 0x7f);
        let mut negative = [0; 32];
        negative[0] = 1;
        for point in [p, [0xff; 32], negative] {
            assert_eq!(shared_point(&Scalar::from(7u8), &point), Err(InvalidShare));
        }
        assert_eq!(
            shared_point(&Scalar::ZERO, &share(&Scalar::from(7u8), &generator(b"a", b"", b""))),
            Err(InvalidShare)
        );
    }

    #[test]
    fn lengths_are_leb128() {
        let length = |length| {
            let mut out = Vec::new();
            put_length(&mut out, length);
            out
        };
        assert_eq!(length(0), [0]);
        assert_eq!(length(127), [0x7f]);
        assert_eq!(length(128), [0x80, 1]);
        assert_eq!(length(300), [0xac, 2]);
    }

    #[test]
    fn a_passcode_longer_than_a_block_is_not_padded() {
        assert_ne!(generator(&[1; 200], b"", b""), generator(&[1; 201], b"", b""));
    }
}
