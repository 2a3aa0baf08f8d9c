//! Known answers for each primitive, and what must be refused. The published MLS vectors (`vectors.rs`) and a second MLS
//! implementation (`tests/it/observer.rs`) check the same from outside.

use openmls_traits::{
    crypto::OpenMlsCrypto,
    random::OpenMlsRand as _,
    types::{AeadType, Ciphersuite, CryptoError, HashType, HpkeCiphertext, HpkeKeyPair, SignatureScheme},
};

use super::{primitives::Primitives, random::SystemRandom};

const X25519: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
const XWING: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519;
const SUITES: [Ciphersuite; 2] = [X25519, XWING];

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn pair(suite: Ciphersuite, ikm: u8) -> HpkeKeyPair {
    Primitives.derive_hpke_keypair(suite.hpke_config(), &[ikm; 32]).unwrap()
}

fn seal(suite: Ciphersuite, public: &[u8]) -> HpkeCiphertext {
    Primitives.hpke_seal(suite.hpke_config(), public, b"info", b"aad", b"plaintext").unwrap()
}

/// The suites that are not ours, but that OpenMLS knows.
fn foreign_suites() -> Vec<Ciphersuite> {
    let known = (0..=u16::MAX).filter_map(|number| Ciphersuite::try_from(number).ok());
    known.filter(|suite| !SUITES.contains(suite)).collect()
}

#[test]
fn hpke_with_x25519_gives_the_published_results() {
    // RFC 9180 appendix A.1.1
    let info = hex("4f6465206f6e2061204772656369616e2055726e");
    let private = hex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8");
    let enc = hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
    let ciphertext = hex(concat!(
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9",
        "6d8770ac83d07bea87e13c512a"
    ));
    let sealed = HpkeCiphertext { kem_output: enc.clone().into(), ciphertext: ciphertext.into() };

    let derived = Primitives
        .derive_hpke_keypair(
            X25519.hpke_config(),
            &hex("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037"),
        )
        .unwrap();
    let opened = Primitives.hpke_open(X25519.hpke_config(), &sealed, &private, &info, b"Count-0").unwrap();
    let exported = Primitives
        .hpke_setup_receiver_and_export(X25519.hpke_config(), &enc, &private, &info, b"TestContext", 32)
        .unwrap();

    assert_eq!(derived.public, hex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"));
    assert_eq!(opened, b"Beauty is truth, truth beauty");
    assert_eq!(exported[..], hex("e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931"));
}

/// Made by `openmls_rust_crypto` 0.6.0 with `hpke-rs` 0.7.0, another implementation: an encapsulation of X-Wing to the key
/// derived from 32 bytes of 7, in base 64.
const XWING_ENC: &str = "\
     Zmr6HFAx+7sTtsyoj8ewPSjh/fNJXCDvolXWafPVL8oqWzcSTqezj0dMIz2jCp+yEReP9NhWIxkyW5Mn+X3cxqIvpklOsDMhkrAk\
     POT14mvl6CD90SwpVeToZ772yiQNqBf0B3ju4TaPZ/TaUcHM6moiH+CALXZm8GQZjBnj9uXjRh9TvhtcjYeDFfBeUjuaueClUdDI\
     sfJsIH98SJ8VELsuyeV2ts7ZmblGFLLr1RldpaWQkiY3GW3zjFhv/poz84qWRml5l4PwswRLVlbrllELNgghURumSY+cUa4IkYuW\
     XXEtZ6sGbEsvtFWNhYTssFeoE5ydFFeX3XAKERNqx8vDN4jFhEQKDKtzH5/jqzgMLNIfwOKI+3+2u5ippo3GaRvfZd4mQxLxtIV8\
     cjR9EY28Mgsvq7Dxk70El+EV8LVMiItFGTv76mmn0jayJv/3V4IS2d+DGN18WqP9Ds/oMUpmbOOafJEmKLzcMJIejPl1Q4s+giNX\
     q3i607r+oz8U6/CdkaXpHKxXR3aa48AhN1ehtSfNGjzVstw/4BNJyHKtaltmri309UzK99yTuZEDmyOfrgZJAkFepe2I3YHdqHZ3\
     KJmVtoWKgP9zvDEBmLwUAD7jwLIrmTWC2yYysCigwh67EcYUECzhf/ugK784bIDgjBM/jamD4AYRg/dBmPrEU1CN6Hk+kUKk3ZN+\
     gT00fMQPrpFT0zm0SWELnBLvI+Ra3qID8EF4n2Wq7tyq+AILsMmX5JaAbLp2jnrETExPeQUAPaBq5rkS2F3xydtQOk9Y8tjbNlGa\
     3BBrCacTU+ys8qqb8zQlJ7YwIX6etajA9aUpfWMFDdrSS8BmBet8rIsAO9Wt+BP9TfzO49XSVeFYjaJ0xAnuhDli5gS/EKALKDlt\
     Wa/y5Q4N4uNgSpOYpEVDOOO2rLoNx7uDYVa1t7LS7dbopXRRIGW1m5a3Qbi3uhHYzNsf7wSItgzTkLYf45rUEM9YxymR1K/anVJq\
     Aeh08cX1mfi0SJldTK1oDPP7ibDf5ZSdOT3jcuvAxscpm4ZkAYTwsf4R2geHPFc1V3j3/JZ5BhXjYpfhTIxwxFnVnXxz1G7Xlrru\
     y0XbLDXf+fupNDdeqkr/vy0UTaIDH8ASPEHmN3ZHGWbuxaycmmzEVcVKzHTNkZ3F/jnLXcGB4BiN5e9S0AoQSLTBi+wOeNSdH+ir\
     GXuTEbK611Zb+cJAQARctvi4n1FBL+4VRqE2828mmXI5cwQ8IHkzJgWl8r7m/hx3QzrtFAauP+2tdoT41gXqf+4x9G1ydKZPYHgW\
     9z2Hc649v1Hwxv24f+Nrc4F3cOR5Mo28iKrswSmIOy3uIWuc9OA6YYy8U+lTWeHoipJ4pDktpEjlaJmRuVn16l9AF/cRe8dAJ4/5\
     ID6VnJUYTEXREoouSXeW/BquHZnU8iJnlPjO+eMnRd5PQRgx+K4DCEY0B8L8RL9GYRW1qkInTntzr7O/D2L533IA0z7wYg==";

#[test]
fn hpke_with_xwing_gives_what_another_implementation_gave() {
    let enc = data_encoding::BASE64.decode(XWING_ENC.as_bytes()).unwrap();
    let ciphertext = hex("2c12b7efb21aed30bc7c25f789aad4e9b6299c66783d6d9e73");
    let keys = pair(XWING, 7);
    let sealed = HpkeCiphertext { kem_output: enc.clone().into(), ciphertext: ciphertext.into() };

    let public = Primitives.hash(HashType::Sha2_256, &keys.public).unwrap();
    let opened = Primitives.hpke_open(XWING.hpke_config(), &sealed, &keys.private, b"info", b"aad").unwrap();
    let exported = Primitives
        .hpke_setup_receiver_and_export(XWING.hpke_config(), &enc, &keys.private, b"info", b"context", 48)
        .unwrap();

    assert_eq!(public, hex("b001bc3f5685c183b3acd0fe6925cfe8ef296cad77fb7ed45712979b02a39623"));
    assert_eq!(keys.private[..], hex("d7b4cf68d3f1b711924ccded71a241faf8162f7ef6ce748370a10e86b94befc1"));
    assert_eq!(opened, b"plaintext");
    let expected = concat!(
        "0b6310356f608b017a8a55c3809d902c50c3f2a3915a6430e6d64d78d5e7a44e",
        "ab999641cc21c90eae6869cac20c7c59"
    );
    assert_eq!(exported[..], hex(expected));
}

#[test]
fn what_is_sealed_is_opened_and_both_ends_export_the_same() {
    for suite in SUITES {
        let keys = pair(suite, 8);
        let config = || suite.hpke_config();

        let sealed = seal(suite, &keys.public);
        let opened = Primitives.hpke_open(config(), &sealed, &keys.private, b"info", b"aad");
        let (enc, sent) =
            Primitives.hpke_setup_sender_and_export(config(), &keys.public, b"info", b"context", 48).unwrap();
        let received = Primitives
            .hpke_setup_receiver_and_export(config(), &enc, &keys.private, b"info", b"context", 48)
            .unwrap();

        assert_eq!(opened.unwrap(), b"plaintext", "{suite:?}");
        assert_eq!(sent[..], received[..], "{suite:?}");
        assert_eq!(sent.len(), 48);
    }
}

#[test]
fn each_sealing_is_fresh() {
    for suite in SUITES {
        let keys = pair(suite, 9);
        let (first, second) = (seal(suite, &keys.public), seal(suite, &keys.public));
        assert_ne!(first.kem_output.as_slice(), second.kem_output.as_slice(), "{suite:?}");
        assert_ne!(first.ciphertext.as_slice(), second.ciphertext.as_slice(), "{suite:?}");
    }
}

#[test]
fn what_was_changed_on_its_way_is_not_opened() {
    for suite in SUITES {
        let (keys, others) = (pair(suite, 10), pair(suite, 11));
        let sealed = seal(suite, &keys.public);
        let open = |sealed: &HpkeCiphertext, private: &[u8], info: &[u8], aad: &[u8]| {
            Primitives.hpke_open(suite.hpke_config(), sealed, private, info, aad)
        };
        let flipped = |bytes: &[u8], at: usize| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1;
            bytes
        };
        let refused = Err(CryptoError::HpkeDecryptionError);
        assert_eq!(open(&sealed, &keys.private, b"info", b"aad").unwrap(), b"plaintext");

        assert_eq!(open(&sealed, &keys.private, b"another info", b"aad"), refused);
        assert_eq!(open(&sealed, &keys.private, b"info", b"another aad"), refused);
        assert_eq!(open(&sealed, &others.private, b"info", b"aad"), refused);
        for at in 0..sealed.ciphertext.as_slice().len() {
            let ciphertext = flipped(sealed.ciphertext.as_slice(), at).into();
            let changed = HpkeCiphertext { kem_output: sealed.kem_output.clone(), ciphertext };
            assert_eq!(open(&changed, &keys.private, b"info", b"aad"), refused, "{suite:?} {at}");
        }
        // Both halves of X-Wing's encapsulation.
        for at in [0, sealed.kem_output.as_slice().len() - 2] {
            let kem_output = flipped(sealed.kem_output.as_slice(), at).into();
            let changed = HpkeCiphertext { kem_output, ciphertext: sealed.ciphertext.clone() };
            assert_eq!(open(&changed, &keys.private, b"info", b"aad"), refused, "{suite:?} {at}");
        }
    }
}

#[test]
fn bytes_of_a_wrong_length_are_an_error() {
    for suite in SUITES {
        let keys = pair(suite, 12);
        let sealed = seal(suite, &keys.public);
        let config = || suite.hpke_config();
        let lengths = |length: usize| [0, 1, length - 1, length + 1];

        for length in lengths(keys.public.len()) {
            let public = vec![2; length];
            assert!(Primitives.hpke_seal(config(), &public, &[], &[], &[]).is_err());
            assert!(Primitives.hpke_setup_sender_and_export(config(), &public, &[], &[], 32).is_err());
        }
        for length in lengths(keys.private.len()) {
            let private = vec![2; length];
            assert!(Primitives.hpke_open(config(), &sealed, &private, b"info", b"aad").is_err());
            let enc = sealed.kem_output.as_slice();
            assert!(
                Primitives.hpke_setup_receiver_and_export(config(), enc, &private, &[], &[], 32).is_err()
            );
        }
        for length in lengths(sealed.kem_output.as_slice().len()) {
            let kem_output = vec![2; length];
            let export =
                Primitives.hpke_setup_receiver_and_export(config(), &kem_output, &keys.private, &[], &[], 32);
            assert!(export.is_err());
            let cut = HpkeCiphertext { kem_output: kem_output.into(), ciphertext: sealed.ciphertext.clone() };
            assert!(Primitives.hpke_open(config(), &cut, &keys.private, b"info", b"aad").is_err());
        }
        for length in 0..sealed.ciphertext.as_slice().len() {
            let ciphertext = sealed.ciphertext.as_slice()[..length].to_vec().into();
            let cut = HpkeCiphertext { kem_output: sealed.kem_output.clone(), ciphertext };
            assert!(Primitives.hpke_open(config(), &cut, &keys.private, b"info", b"aad").is_err());
        }
        // RFC 9180 section 5.3: HKDF-SHA256 gives no more than 255 hashes.
        let long = Primitives.hpke_setup_sender_and_export(config(), &keys.public, &[], &[], 255 * 32 + 1);
        assert!(long.is_err());
    }
    for (key, nonce) in [(15, 12), (17, 12), (32, 12), (16, 0), (16, 11), (16, 13)] {
        let (key, nonce) = (vec![1; key], vec![1; nonce]);
        assert!(Primitives.aead_encrypt(AeadType::Aes128Gcm, &key, b"data", &nonce, &[]).is_err());
        assert!(Primitives.aead_decrypt(AeadType::Aes128Gcm, &key, &[0; 32], &nonce, &[]).is_err());
    }
    for length in 0..16 {
        let sealed = vec![0; length];
        assert!(Primitives.aead_decrypt(AeadType::Aes128Gcm, &[1; 16], &sealed, &[1; 12], &[]).is_err());
    }
    for length in [0, 31, 33, 64] {
        assert!(Primitives.sign(SignatureScheme::ED25519, b"data", &vec![1; length]).is_err());
    }
}

#[test]
fn a_point_of_low_order_is_no_key() {
    // RFC 9180 section 7.1.4: the shared secret would be zero, whatever the private key.
    let keys = pair(X25519, 13);
    let config = || X25519.hpke_config();
    let sealed = HpkeCiphertext { kem_output: vec![0; 32].into(), ciphertext: vec![0; 32].into() };

    assert!(Primitives.hpke_seal(config(), &[0; 32], &[], &[], &[]).is_err());
    assert!(Primitives.hpke_open(config(), &sealed, &keys.private, &[], &[]).is_err());
    assert!(Primitives.hpke_setup_sender_and_export(config(), &[0; 32], &[], &[], 32).is_err());
    let export = Primitives.hpke_setup_receiver_and_export(config(), &[0; 32], &keys.private, &[], &[], 32);
    assert!(export.is_err());
}

#[test]
fn signatures_are_the_published_ones() {
    // RFC 8032 section 7.1, test 1
    let scheme = SignatureScheme::ED25519;
    let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let signature = Primitives.sign(scheme, b"", &seed).unwrap();

    assert_eq!(
        signature,
        hex(concat!(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ))
    );
    assert_eq!(Primitives.verify_signature(scheme, b"", &public, &signature), Ok(()));
}

#[test]
fn a_signature_holds_for_its_data_and_key_alone() {
    let scheme = SignatureScheme::ED25519;
    let (private, public) = Primitives.signature_key_gen(scheme).unwrap();
    let (_, another) = Primitives.signature_key_gen(scheme).unwrap();
    let signature = Primitives.sign(scheme, b"data", &private).unwrap();
    let refused = Err(CryptoError::InvalidSignature);

    assert_eq!(Primitives.verify_signature(scheme, b"data", &public, &signature), Ok(()));
    assert_eq!(Primitives.verify_signature(scheme, b"date", &public, &signature), refused);
    assert_eq!(Primitives.verify_signature(scheme, b"data", &another, &signature), refused);
    for at in 0..signature.len() {
        let mut changed = signature.clone();
        changed[at] ^= 1;
        assert_eq!(Primitives.verify_signature(scheme, b"data", &public, &changed), refused);
    }
}

#[test]
fn hashes_are_the_published_ones() {
    let hash = HashType::Sha2_256;
    // FIPS 180-4, its published example
    let digest = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(Primitives.hash(hash, b"abc").unwrap(), digest);
    // RFC 4231 section 4.3
    let mac = Primitives.hmac(hash, b"Jefe", b"what do ya want for nothing?").unwrap();
    assert_eq!(mac.as_slice(), hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    // RFC 5869 appendix A.1
    let prk = Primitives.hkdf_extract(hash, &hex("000102030405060708090a0b0c"), &[0x0b; 22]).unwrap();
    assert_eq!(prk.as_slice(), hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
    let okm = Primitives.hkdf_expand(hash, prk.as_slice(), &hex("f0f1f2f3f4f5f6f7f8f9"), 42).unwrap();
    let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(okm.as_slice(), hex(expected));
    assert!(Primitives.hkdf_expand(hash, prk.as_slice(), &[], 255 * 32 + 1).is_err());
}

#[test]
fn sealed_data_is_as_published_and_opens_with_its_own_key_nonce_and_aad() {
    // The Galois/Counter Mode of Operation (McGrew, Viega), test case 4
    let key = hex("feffe9928665731c6d6a8f9467308308");
    let nonce = hex("cafebabefacedbaddecaf888");
    let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let plaintext = hex(concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    ));
    let expected = hex(concat!(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e",
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        "5bc94fbc3221a5db94fae95ae7121a47"
    ));
    let gcm = AeadType::Aes128Gcm;
    let open = |key: &[u8], nonce: &[u8], aad: &[u8], sealed: &[u8]| {
        Primitives.aead_decrypt(gcm, key, sealed, nonce, aad)
    };
    let refused = Err(CryptoError::AeadDecryptionError);

    assert_eq!(Primitives.aead_encrypt(gcm, &key, &plaintext, &nonce, &aad).unwrap(), expected);
    assert_eq!(open(&key, &nonce, &aad, &expected).unwrap(), plaintext);
    assert_eq!(open(&[1; 16], &nonce, &aad, &expected), refused);
    assert_eq!(open(&key, &[1; 12], &aad, &expected), refused);
    assert_eq!(open(&key, &nonce, b"another aad", &expected), refused);
    for at in 0..expected.len() {
        let mut changed = expected.clone();
        changed[at] ^= 1;
        assert_eq!(open(&key, &nonce, &aad, &changed), refused);
    }
}

#[test]
fn every_other_suite_is_refused() {
    let foreign = foreign_suites();
    assert!(foreign.len() >= 8, "{foreign:?}");
    assert_eq!(Primitives.supported_ciphersuites(), SUITES);
    for suite in SUITES {
        assert_eq!(Primitives.supports(suite), Ok(()));
    }
    for suite in foreign {
        let refused = CryptoError::UnsupportedCiphersuite;
        let keys = pair(X25519, 14);
        let sealed = HpkeCiphertext { kem_output: vec![9; 32].into(), ciphertext: vec![9; 32].into() };
        let config = || suite.hpke_config();

        assert_eq!(Primitives.supports(suite), Err(refused), "{suite:?}");
        assert_eq!(Primitives.hpke_seal(config(), &keys.public, &[], &[], &[]).err(), Some(refused));
        assert_eq!(Primitives.hpke_open(config(), &sealed, &keys.private, &[], &[]).err(), Some(refused));
        assert_eq!(Primitives.derive_hpke_keypair(config(), &[14; 32]).err(), Some(refused));
        let sent = Primitives.hpke_setup_sender_and_export(config(), &keys.public, &[], &[], 32);
        assert_eq!(sent.err(), Some(refused));
        let received =
            Primitives.hpke_setup_receiver_and_export(config(), &[9; 32], &keys.private, &[], &[], 32);
        assert_eq!(received.err(), Some(refused));
    }
}

#[test]
fn every_other_algorithm_is_refused() {
    for hash in [HashType::Sha2_384, HashType::Sha2_512] {
        let refused = CryptoError::UnsupportedHashAlgorithm;
        assert_eq!(Primitives.hash(hash, b"data").err(), Some(refused));
        assert_eq!(Primitives.hmac(hash, b"key", b"data").err(), Some(refused));
        assert_eq!(Primitives.hkdf_extract(hash, b"salt", b"ikm").err(), Some(refused));
        assert_eq!(Primitives.hkdf_expand(hash, &[1; 64], b"info", 32).err(), Some(refused));
    }
    for (aead, key) in
        [(AeadType::Aes256Gcm, 32), (AeadType::ChaCha20Poly1305, 32), (AeadType::Aes256Gcm, 16)]
    {
        let refused = CryptoError::UnsupportedAeadAlgorithm;
        let key = vec![1; key];
        assert_eq!(Primitives.aead_encrypt(aead, &key, b"data", &[1; 12], &[]).err(), Some(refused));
        assert_eq!(Primitives.aead_decrypt(aead, &key, &[0; 32], &[1; 12], &[]).err(), Some(refused));
    }
    let schemes = (0..=u16::MAX).filter_map(|number| SignatureScheme::try_from(number).ok());
    let foreign: Vec<_> = schemes.filter(|scheme| *scheme != SignatureScheme::ED25519).collect();
    assert!(foreign.len() >= 4, "{foreign:?}");
    for scheme in foreign {
        let refused = CryptoError::UnsupportedSignatureScheme;
        assert_eq!(Primitives.signature_key_gen(scheme).err(), Some(refused), "{scheme:?}");
        assert_eq!(Primitives.sign(scheme, b"data", &[1; 32]).err(), Some(refused), "{scheme:?}");
        let verified = Primitives.verify_signature(scheme, b"data", &[1; 32], &[1; 64]);
        assert_eq!(verified.err(), Some(refused), "{scheme:?}");
    }
}

#[test]
fn random_bytes_come_in_any_number_and_do_not_repeat() {
    for length in [0, 1, 31, 32, 33, 64, 100] {
        assert_eq!(SystemRandom.random_vec(length).unwrap().len(), length);
    }
    let drawn = SystemRandom.random_vec(96).unwrap();
    assert_ne!(drawn[..32], drawn[32..64]);
    assert_ne!(drawn[32..64], drawn[64..]);
    assert_ne!(SystemRandom.random_array::<32>(), SystemRandom.random_array::<32>());
}
