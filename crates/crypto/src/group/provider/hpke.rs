//! HPKE in base mode (RFC 9180) with the KEMs of a meeting's two suites, HKDF-SHA256 and AES-128-GCM.
//!
//! The KEMs are DHKEM(X25519, HKDF-SHA256) (RFC 9180 section 4.1) and X-Wing (draft-connolly-cfrg-xwing-kem-06, id 0x647a).
//! Bytes that are no key, no encapsulation or no ciphertext are an error; of what fails in opening nothing more is said.

use hpke::{
    Deserializable as _, HpkeError, Kem, OpModeR, OpModeS, Serializable,
    aead::AesGcm128,
    kdf::HkdfSha256,
    kem::{X25519HkdfSha256, XWing},
    setup_receiver, setup_sender, single_shot_open, single_shot_seal,
};
use openmls_traits::types::{
    CryptoError, ExporterSecret, HpkeAeadType, HpkeCiphertext, HpkeConfig, HpkeKdfType, HpkeKemType,
    HpkeKeyPair, KemOutput,
};
use shake::{ExtendableOutput as _, Shake256, Update as _, XofReader as _};
use zeroize::Zeroizing;

/// Length of an X-Wing private key, which is a seed, in bytes (draft-connolly-cfrg-xwing-kem-06 section 5.2).
const XWING_SEED_BYTES: usize = 32;

/// What is done is the same for both KEMs; which of them it is done with is known by the configuration alone.
macro_rules! with_kem {
    ($config:expr, $action:ident($($argument:expr),*)) => {
        match $config {
            HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
                $action::<X25519HkdfSha256>($($argument),*)
            }
            HpkeConfig(HpkeKemType::XWingKemDraft6, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
                $action::<XWing>($($argument),*)
            }
            _ => Err(CryptoError::UnsupportedCiphersuite),
        }
    };
}

/// Seals to a public key (RFC 9180 section 6.1).
pub(super) fn seal(
    config: HpkeConfig,
    public: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<HpkeCiphertext, CryptoError> {
    with_kem!(config, seal_with(public, info, aad, plaintext))
}

/// Opens with a private key (RFC 9180 section 6.1).
pub(super) fn open(
    config: HpkeConfig,
    sealed: &HpkeCiphertext,
    private: &[u8],
    info: &[u8],
    aad: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    with_kem!(config, open_with(sealed, private, info, aad))
}

/// Shares a secret with who has the private key: what the sender does (RFC 9180 section 6.2).
pub(super) fn send_export(
    config: HpkeConfig,
    public: &[u8],
    info: &[u8],
    context: &[u8],
    length: usize,
) -> Result<(KemOutput, ExporterSecret), CryptoError> {
    with_kem!(config, send_export_with(public, info, context, length))
}

/// Shares a secret with who sent `enc`: what the receiver does (RFC 9180 section 6.2).
pub(super) fn receive_export(
    config: HpkeConfig,
    enc: &[u8],
    private: &[u8],
    info: &[u8],
    context: &[u8],
    length: usize,
) -> Result<ExporterSecret, CryptoError> {
    with_kem!(config, receive_export_with(enc, private, info, context, length))
}

/// Derives a pair of keys.
///
/// For X25519 this is RFC 9180 section 7.1.3. For X-Wing it is `GenerateKeyPairDerand(SHAKE256(ikm, 32))`
/// (draft-connolly-cfrg-xwing-kem-06 section 5.2), which OpenMLS' other providers do as well. `hpke` derives X-Wing keys
/// as draft-ietf-hpke-pq has it, with labels: members of a group must agree, so that one is not used.
pub(super) fn derive_key_pair(config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
    match config {
        HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
            let (private, public) = X25519HkdfSha256::derive_keypair(ikm);
            Ok(key_pair::<X25519HkdfSha256>(&private, &public))
        }
        HpkeConfig(HpkeKemType::XWingKemDraft6, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
            let mut seed = Zeroizing::new([0; XWING_SEED_BYTES]);
            let mut shake = Shake256::default();
            shake.update(ikm);
            shake.finalize_xof().read(&mut *seed);
            let private = private_key::<XWing>(&*seed)?;
            Ok(key_pair::<XWing>(&private, &XWing::sk_to_pk(&private)))
        }
        _ => Err(CryptoError::UnsupportedCiphersuite),
    }
}

fn seal_with<K: Kem>(
    public: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<HpkeCiphertext, CryptoError> {
    let public = public_key::<K>(public)?;
    let (enc, ciphertext) =
        single_shot_seal::<AesGcm128, HkdfSha256, K>(&OpModeS::Base, &public, info, plaintext, aad)
            .map_err(|_| CryptoError::HpkeEncryptionError)?;
    Ok(HpkeCiphertext { kem_output: enc.to_bytes().to_vec().into(), ciphertext: ciphertext.into() })
}

fn open_with<K: Kem>(
    sealed: &HpkeCiphertext,
    private: &[u8],
    info: &[u8],
    aad: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let opened = || {
        let private = K::PrivateKey::from_bytes(private)?;
        let enc = K::EncappedKey::from_bytes(sealed.kem_output.as_slice())?;
        let ciphertext = sealed.ciphertext.as_slice();
        single_shot_open::<AesGcm128, HkdfSha256, K>(&OpModeR::Base, &private, &enc, info, ciphertext, aad)
    };
    opened().map_err(|_: HpkeError| CryptoError::HpkeDecryptionError)
}

fn send_export_with<K: Kem>(
    public: &[u8],
    info: &[u8],
    context: &[u8],
    length: usize,
) -> Result<(KemOutput, ExporterSecret), CryptoError> {
    let public = public_key::<K>(public)?;
    let (enc, sender) = setup_sender::<AesGcm128, HkdfSha256, K>(&OpModeS::Base, &public, info)
        .map_err(|_| CryptoError::SenderSetupError)?;
    let mut secret = Zeroizing::new(vec![0; length]);
    sender.export(context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
    Ok((enc.to_bytes().to_vec(), std::mem::take(&mut *secret).into()))
}

fn receive_export_with<K: Kem>(
    enc: &[u8],
    private: &[u8],
    info: &[u8],
    context: &[u8],
    length: usize,
) -> Result<ExporterSecret, CryptoError> {
    let private = private_key::<K>(private)?;
    let enc = K::EncappedKey::from_bytes(enc).map_err(|_| CryptoError::ReceiverSetupError)?;
    let receiver = setup_receiver::<AesGcm128, HkdfSha256, K>(&OpModeR::Base, &private, &enc, info)
        .map_err(|_| CryptoError::ReceiverSetupError)?;
    let mut secret = Zeroizing::new(vec![0; length]);
    receiver.export(context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
    Ok(std::mem::take(&mut *secret).into())
}

fn public_key<K: Kem>(bytes: &[u8]) -> Result<K::PublicKey, CryptoError> {
    K::PublicKey::from_bytes(bytes).map_err(|_| CryptoError::InvalidPublicKey)
}

fn private_key<K: Kem>(bytes: &[u8]) -> Result<K::PrivateKey, CryptoError> {
    K::PrivateKey::from_bytes(bytes).map_err(|_| CryptoError::InvalidLength)
}

fn key_pair<K: Kem>(private: &K::PrivateKey, public: &K::PublicKey) -> HpkeKeyPair {
    let mut bytes = Zeroizing::new(vec![0; K::PrivateKey::size()]);
    private.write_exact(&mut bytes);
    HpkeKeyPair { private: bytes.as_slice().into(), public: public.to_bytes().to_vec() }
}
