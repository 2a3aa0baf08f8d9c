//! A policy profile, signed or not.

use std::path::Path;

use sabha_crypto::policy::profile::{self, Authorship};
use sabha_protocol::{
    key::ProfileKey,
    limits::PROFILE_BYTES_MAX,
    wire::profile::{Profile, ProfileFile},
};
use serde::Serialize;

use super::{Details, Finding};

#[derive(Serialize)]
pub(super) struct Summary {
    /// Absent if nobody has signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<ProfileKey>,
    profile: Profile,
}

/// Checks a profile. With `key`, it must be signed with that key.
pub(super) fn check(file: &Path, key: Option<&ProfileKey>) -> Result<Finding, String> {
    read(file, key).map(finding)
}

fn read(file: &Path, key: Option<&ProfileKey>) -> Result<Summary, String> {
    let text = super::read(file, PROFILE_BYTES_MAX)?;
    let file: ProfileFile = super::parse(&text)?;
    let checked = profile::check(&file, key).map_err(|error| error.to_string())?;
    let signed_by = match checked.authorship {
        Authorship::Unsigned => None,
        Authorship::Verified { key } => Some(key),
    };
    Ok(Summary { signed_by, profile: file.profile })
}

fn finding(summary: Summary) -> Finding {
    let profile = &summary.profile;
    let mut lines = vec![
        format!("profile   {}, revision {}", profile.id, profile.revision),
        format!("title     {}", profile.title.as_str()),
        format!("issuer    {}", profile.issuer.as_str()),
        format!("issued    {}", profile.issued),
    ];
    lines.extend(summary.signed_by.map(|key| format!("signed by {}", String::from(key))));
    lines.extend(profile.controls.iter().map(|entry| {
        format!("  {:<26} {:<15} {}", entry.control.as_str(), entry.value.as_str(), entry.source.as_str())
    }));
    let mut proved = vec!["every control and setting in it is one that there is".to_owned()];
    let mut not_proved = vec!["that whoever is named as issuer has issued it".to_owned()];
    match summary.signed_by {
        Some(_) => {
            proved.push("whoever has that key has signed it, and nothing was changed since".to_owned());
            not_proved.push("whose key it is: learn it from its owner, and name it with --key".to_owned());
        }
        None => not_proved
            .push("anything else: it is NOT SIGNED, whoever has the file can have changed it".to_owned()),
    }
    Finding { details: Details::Profile(Box::new(summary)), lines, proved, not_proved }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../../../profiles/in.gov.mha.2020-04-12.json");

    fn checked(text: &str, key: Option<ProfileKey>) -> Result<Option<ProfileKey>, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("profile.json");
        std::fs::write(&file, text).unwrap();
        read(&file, key.as_ref()).map(|summary| summary.signed_by)
    }

    #[test]
    fn a_profile_is_checked_as_the_server_does() {
        assert_eq!(checked(SHIPPED, None), Ok(None));
        let mut file: ProfileFile = serde_json::from_str(SHIPPED).unwrap();
        let signature = profile::sign(&file.profile, &[1; 32]);
        let key = signature.key;
        assert_eq!(checked(SHIPPED, Some(key)), Err("the profile is not signed".to_owned()));
        file.signature = Some(signature);
        let signed = serde_json::to_string(&file).unwrap();
        assert_eq!(checked(&signed, Some(key)), Ok(Some(key)));
        let other = profile::sign(&file.profile, &[2; 32]).key;
        assert!(checked(&signed, Some(other)).unwrap_err().contains("another key"));
        let changed = signed.replace("\"granted\"", "\"everyone\"");
        assert!(checked(&changed, None).unwrap_err().contains("the signature does not hold"));
        let steering = checked("{\"\\u001b[2J\": 1}", None).unwrap_err();
        assert!(steering.contains("unknown field") && !steering.contains('\u{1b}'), "{steering:?}");
    }

    #[test]
    fn text_form_says_that_nobody_has_signed() {
        let file: ProfileFile = serde_json::from_str(SHIPPED).unwrap();
        let text = |signed_by| {
            let profile = file.profile.clone();
            super::super::text(&finding(Summary { signed_by, profile }))
        };
        assert!(text(None).contains("NOT SIGNED"));
        assert!(text(Some(ProfileKey::from_bytes([1; 32]))).contains("signed by AQEB"));
    }
}
