//! Policy profiles: what a file demands, and who answers for it.
//!
//! A profile is text, [`ProfileFile`]; [`check`] turns it into [`Controls`] and says whose signature it carries. Whether
//! that key is one to trust is for whoever asks: there is no authority that all profiles come from.
//!
//! # Canonical bytes
//!
//! A signature is Ed25519 (RFC 8032) over these bytes and not over JSON, of which the same profile has many forms. A
//! text is its length in bytes as u16, then UTF-8 as it is after JSON's escapes and without white space at its ends.
//! An optional text is the byte 0, or the byte 1 and the text. Numbers are big-endian.
//!
//! ```text
//!  "sabha policy profile v1" 00
//!  id  revision:u32  title  issuer  issued  language?
//!  count:u16  count × ( control  value  source  url?  note? )
//! ```

use std::collections::BTreeSet;

use ed25519_dalek::{Signature as Ed25519, Signer as _, SigningKey, VerifyingKey};
use sabha_protocol::{
    key::{ProfileKey, Signature},
    wire::profile::{Profile, ProfileFile, ProfileSignature},
};

use crate::{Controls, Invalid};

/// Stands before everything that is signed here, so that no signature made for this purpose serves another one.
const LABEL: &[u8] = b"sabha policy profile v1\0";

/// A profile that says something, and whose signature holds if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it demands. Controls that it does not name are at their loosest.
    pub controls: Controls,
    /// Who answers for it.
    pub authorship: Authorship,
}

/// Who answers for a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorship {
    /// Nobody: whoever has the file can have changed it.
    Unsigned,
    /// Whoever holds the secret of this key.
    Verified {
        /// The public key.
        key: ProfileKey,
    },
}

/// Why a profile is not taken. The file's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// It names a control, or a setting of one, that there is not.
    #[error(transparent)]
    Control(#[from] Invalid),
    /// The key in it has not signed it.
    #[error("the signature does not hold: the profile was changed after it was signed")]
    Signature,
    /// It names a control twice.
    #[error("{0} is set twice")]
    Twice(String),
    /// A key was asked for, and it has no signature.
    #[error("the profile is not signed")]
    Unsigned,
    /// It is signed with another key than was asked for.
    #[error("the profile is signed with another key: {}", String::from(*.0))]
    WrongKey(ProfileKey),
}

/// Checks a profile. With `by`, it must be signed with that key.
///
/// # Errors
/// [`ProfileError`]: nothing of it must be applied then.
pub fn check(file: &ProfileFile, by: Option<&ProfileKey>) -> Result<Checked, ProfileError> {
    let authorship = authorship(file)?;
    match (by, authorship) {
        (Some(_), Authorship::Unsigned) => return Err(ProfileError::Unsigned),
        (Some(by), Authorship::Verified { key }) if *by != key => return Err(ProfileError::WrongKey(key)),
        _ => {}
    }
    Ok(Checked { controls: controls(&file.profile)?, authorship })
}

/// Signs a profile with the key that `seed` is the secret of (RFC 8032, section 5.1.5).
pub fn sign(profile: &Profile, seed: &[u8; 32]) -> ProfileSignature {
    let key = SigningKey::from_bytes(seed);
    ProfileSignature {
        key: ProfileKey::from_bytes(key.verifying_key().to_bytes()),
        signature: Signature::from_bytes(key.sign(&canonical_bytes(profile)).to_bytes()),
    }
}

/// Returns what a signature covers.
pub fn canonical_bytes(profile: &Profile) -> Vec<u8> {
    let Profile { id, revision, title, issuer, issued, language, controls } = profile;
    let mut out = LABEL.to_vec();
    put_text(&mut out, id.as_str());
    out.extend(revision.get().to_be_bytes());
    put_text(&mut out, title.as_str());
    put_text(&mut out, issuer.as_str());
    put_text(&mut out, issued.as_str());
    put_option(&mut out, language.as_ref().map(|language| language.as_str()));
    out.extend(length(controls.len()));
    for entry in controls {
        put_text(&mut out, entry.control.as_str());
        put_text(&mut out, entry.value.as_str());
        put_text(&mut out, entry.source.as_str());
        put_option(&mut out, entry.url.as_ref().map(|url| url.as_str()));
        put_option(&mut out, entry.note.as_ref().map(|note| note.as_str()));
    }
    out
}

fn authorship(file: &ProfileFile) -> Result<Authorship, ProfileError> {
    let Some(ProfileSignature { key, signature }) = &file.signature else {
        return Ok(Authorship::Unsigned);
    };
    let verifying = VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| ProfileError::Signature)?;
    // Strictly: whoever checks it comes to the same result, and no key of small order has any signature.
    verifying
        .verify_strict(&canonical_bytes(&file.profile), &Ed25519::from_bytes(signature.as_bytes()))
        .map_err(|_| ProfileError::Signature)?;
    Ok(Authorship::Verified { key: *key })
}

fn controls(profile: &Profile) -> Result<Controls, ProfileError> {
    let mut controls = Controls::default();
    let mut named = BTreeSet::new();
    for entry in &profile.controls {
        if !named.insert(&entry.control) {
            return Err(ProfileError::Twice(entry.control.as_str().to_owned()));
        }
        controls.set_named(entry.control.as_str(), entry.value.as_str())?;
    }
    Ok(controls)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend(length(text.len()));
    out.extend(text.as_bytes());
}

fn put_option(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => out.push(0),
        Some(text) => {
            out.push(1);
            put_text(out, text);
        }
    }
}

/// Every text and list of a profile is bounded far below 65536 where it is read. One that was made longer in memory
/// gets bytes that nobody signs for.
fn length(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Share;

    const SEED: [u8; 32] = [7; 32];
    const FILE: &str = r#"{"format":"sabha-policy-profile","version":1,"profile":{"id":"org.example","revision":2,
        "title":"Ours","issuer":"Example","issued":"2020-04-12","language":"en","controls":[
        {"control":"MEET.SHARE.HOST","value":"hosts","source":"Point 4","url":"https://example.org/4"},
        {"control":"MEET.FILE.OFF","value":"always","source":"Point 6","note":"There is none."}]}}"#;

    fn file() -> ProfileFile {
        serde_json::from_str(FILE).unwrap()
    }

    fn signed() -> ProfileFile {
        let mut file = file();
        file.signature = Some(sign(&file.profile, &SEED));
        file
    }

    /// Reads the signed file after `from` was replaced in its text.
    fn changed(from: &str, to: &str) -> ProfileFile {
        let text = serde_json::to_string(&signed()).unwrap();
        assert!(text.contains(from), "{from} {text}");
        serde_json::from_str(&text.replacen(from, to, 1)).unwrap()
    }

    #[test]
    fn a_profile_says_what_it_demands_and_whose_it_is() {
        let unsigned = check(&file(), None).unwrap();
        assert_eq!(unsigned.authorship, Authorship::Unsigned);
        assert_eq!(unsigned.controls.share(), Share::Hosts);
        assert_eq!(unsigned.controls.iter().len(), 1);

        let signed = check(&signed(), None).unwrap();
        let key = sign(&file().profile, &SEED).key;
        assert_eq!(signed, Checked { authorship: Authorship::Verified { key }, ..unsigned });
    }

    #[test]
    fn a_signature_covers_every_field() {
        for (from, to) in [
            ("org.example", "org.exampla"),
            ("\"revision\":2", "\"revision\":3"),
            ("Ours", "Yours"),
            ("\"Example\"", "\"Exampla\""),
            ("2020-04-12", "2020-04-13"),
            ("\"language\":\"en\"", "\"language\":\"hi\""),
            ("\"language\":\"en\",", ""),
            ("MEET.SHARE.HOST", "MEET.CHAT.SAFE"),
            ("\"value\":\"hosts\"", "\"value\":\"everyone\""),
            ("Point 4", "Point 5"),
            ("example.org/4", "example.org/5"),
            ("There is none.", "There is some."),
            (",\"note\":\"There is none.\"", ""),
        ] {
            assert_eq!(check(&changed(from, to), None), Err(ProfileError::Signature), "{to}");
        }
        let mut fewer = signed();
        fewer.profile.controls.pop();
        assert_eq!(check(&fewer, None), Err(ProfileError::Signature));
        let mut swapped = signed();
        swapped.profile.controls.swap(0, 1);
        assert_eq!(check(&swapped, None), Err(ProfileError::Signature));
    }

    #[test]
    fn the_form_of_the_json_does_not_matter_to_a_signature() {
        assert!(check(&changed("Ours", " \\u004furs "), None).is_ok());
    }

    #[test]
    fn another_key_or_none_is_refused_where_one_is_asked_for() {
        let (ours, theirs) = (sign(&file().profile, &SEED), sign(&file().profile, &[8; 32]));
        assert!(check(&signed(), Some(&ours.key)).is_ok());
        assert_eq!(check(&signed(), Some(&theirs.key)), Err(ProfileError::WrongKey(ours.key)));
        assert_eq!(check(&file(), Some(&ours.key)), Err(ProfileError::Unsigned));
        // Somebody else's signature under our key.
        let mut forged = file();
        forged.signature = Some(ProfileSignature { key: ours.key, signature: theirs.signature });
        assert_eq!(check(&forged, Some(&ours.key)), Err(ProfileError::Signature));
    }

    #[test]
    fn a_key_that_signs_for_everybody_signs_nothing() {
        // The neutral element of the curve, under which a signature that begins with it holds for any text.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        let mut forged = file();
        forged.signature = Some(ProfileSignature {
            key: ProfileKey::from_bytes(neutral),
            signature: Signature::from_bytes(signature),
        });
        assert_eq!(check(&forged, None), Err(ProfileError::Signature));
    }

    #[test]
    fn what_no_control_takes_is_refused_by_name() {
        let said = |from: &str, to: &str| {
            let file: ProfileFile = serde_json::from_str(&FILE.replacen(from, to, 1)).unwrap();
            check(&file, None).unwrap_err().to_string()
        };
        assert_eq!(said("MEET.FILE.OFF", "MEET.NOTHING"), "there is no control MEET.NOTHING");
        assert_eq!(said("\"hosts\"", "\"guests\""), "MEET.SHARE.HOST cannot be guests");
        assert_eq!(said("\"always\"", "\"never\""), "MEET.FILE.OFF cannot be never");
        assert_eq!(said("MEET.FILE.OFF", "MEET.SHARE.HOST"), "MEET.SHARE.HOST is set twice");
    }

    #[test]
    fn canonical_bytes_are_those_of_the_text() {
        let mut expected = b"sabha policy profile v1\0".to_vec();
        let text = |text: &str| [&[0, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        expected.extend(text("org.example"));
        expected.extend([0, 0, 0, 2]);
        expected.extend([text("Ours"), text("Example"), text("2020-04-12")].concat());
        expected.extend([vec![1], text("en"), vec![0, 2]].concat());
        expected.extend([text("MEET.SHARE.HOST"), text("hosts"), text("Point 4")].concat());
        expected.extend([vec![1], text("https://example.org/4"), vec![0]].concat());
        expected.extend([text("MEET.FILE.OFF"), text("always"), text("Point 6")].concat());
        expected.extend([vec![0, 1], text("There is none.")].concat());
        assert_eq!(canonical_bytes(&file().profile), expected);
    }
}
