//! `sabha-client verify-profile`: checks a policy profile with nothing but the file in hand.

use std::{fs, io::Read as _, path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use sabha_crypto::policy::profile::{self, Authorship};
use sabha_protocol::{
    key::ProfileKey,
    limits::PROFILE_BYTES_MAX,
    wire::profile::{Profile, ProfileFile},
};
use serde::Serialize;

use super::{print, print_line};

#[derive(Args, Debug)]
pub(super) struct VerifyProfile {
    /// The profile.
    file: PathBuf,
    /// The key with which it has to be signed (base64url).
    #[arg(long, value_name = "KEY", value_parser = profile_key, allow_hyphen_values = true)]
    key: Option<ProfileKey>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Json,
    Text,
}

/// The result, as JSON. Field names are stable: scripts read them.
#[derive(Serialize)]
struct Verdict {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Absent if it is valid and nobody has signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<ProfileKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
}

/// Checks the profile and says what came of it. Exit code 0 if it holds, 1 if it does not or cannot be read.
pub(super) fn run(args: &VerifyProfile) -> ExitCode {
    let result = check(args);
    let code = if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    match args.output {
        Output::Json => print_line(&match result {
            Ok((profile, signed_by)) => {
                Verdict { valid: true, error: None, signed_by, profile: Some(profile) }
            }
            Err(error) => Verdict { valid: false, error: Some(error), signed_by: None, profile: None },
        }),
        Output::Text => print(match result {
            Ok((profile, signed_by)) => text(&profile, signed_by),
            Err(error) => format!("NOT VALID: {error}"),
        }),
    }
    code
}

fn check(args: &VerifyProfile) -> Result<(Profile, Option<ProfileKey>), String> {
    let mut bytes = Vec::new();
    fs::File::open(&args.file)
        .and_then(|file| file.take(PROFILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() > PROFILE_BYTES_MAX {
        return Err(format!("a profile has at most {PROFILE_BYTES_MAX} bytes"));
    }
    let file: ProfileFile = serde_json::from_slice(&bytes).map_err(|error| {
        // The message can have names from the file in it: nothing of them steers a terminal.
        error.to_string().chars().filter(|letter| !letter.is_control()).take(200).collect::<String>()
    })?;
    let checked = profile::check(&file, args.key.as_ref()).map_err(|error| error.to_string())?;
    let signed_by = match checked.authorship {
        Authorship::Unsigned => None,
        Authorship::Verified { key } => Some(key),
    };
    Ok((file.profile, signed_by))
}

fn text(profile: &Profile, signed_by: Option<ProfileKey>) -> String {
    let mut lines = vec![
        match signed_by {
            Some(_) => "valid".to_owned(),
            None => "valid, but NOT SIGNED: whoever has the file can have changed it".to_owned(),
        },
        format!("profile   {}, revision {}", profile.id, profile.revision),
        format!("title     {}", profile.title.as_str()),
        format!("issuer    {}", profile.issuer.as_str()),
        format!("issued    {}", profile.issued),
    ];
    lines.extend(signed_by.map(|key| format!("signed by {}", String::from(key))));
    lines.extend(profile.controls.iter().map(|entry| {
        format!("  {:<26} {:<15} {}", entry.control.as_str(), entry.value.as_str(), entry.source.as_str())
    }));
    lines.join("\n")
}

fn profile_key(text: &str) -> Result<ProfileKey, String> {
    ProfileKey::try_from(text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../../profiles/in.gov.mha.2020-04-12.json");

    fn checked(text: &str, key: Option<ProfileKey>) -> Result<Option<ProfileKey>, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("profile.json");
        fs::write(&file, text).unwrap();
        check(&VerifyProfile { file, key, output: Output::Text }).map(|(_, signed_by)| signed_by)
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
        assert!(text(&file.profile, None).contains("NOT SIGNED"));
        assert!(text(&file.profile, Some(ProfileKey::from_bytes([1; 32]))).contains("signed by AQEB"));
    }
}
