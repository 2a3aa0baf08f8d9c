//! `sabha policy sign`: the key's file, and the profile's.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use sabha_policy::profile;
use sabha_protocol::wire::profile::ProfileFile;
use serde_json::json;

use super::{super::key_file, Said, error::PolicyError};
use crate::profiles;

#[derive(Args, Debug)]
pub(in crate::cli) struct Sign {
    /// The profile's file. It is written anew, with the signature in it.
    file: PathBuf,
    /// File with the secret key, 32 bytes, for its owner only. A new key is drawn if it is not there.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
}

/// Signs a profile and writes it over its file.
pub(super) fn sign(args: &Sign) -> Result<Said, PolicyError> {
    let mut file = profiles::read(&args.file)?;
    let name = args.file.display().to_string();
    // A signature that does not hold any more is what this replaces.
    file.signature = None;
    profile::check(&file, None).map_err(|source| PolicyError::Profile { name, source })?;
    let (seed, is_new) = key_file::read_or_draw(&args.key_file)?;
    let signature = profile::sign(&file.profile, &seed);
    let key = String::from(signature.key);
    file.signature = Some(signature);
    replace(&args.file, &file).map_err(|source| PolicyError::Unusable { path: args.file.clone(), source })?;
    let drawn = if is_new {
        format!("\nA new key was drawn. Keep {} secret.", args.key_file.display())
    } else {
        String::new()
    };
    let text = format!("Signed {} with {key}{drawn}", args.file.display());
    Ok(Said { json: json!({ "file": args.file, "signed_by": key, "new_key": is_new }), text })
}

/// Writes a profile over its file, which after a crash is the old one or the new one.
fn replace(path: &Path, file: &ProfileFile) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(file)?;
    text.push('\n');
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    let mut out = fs::File::create(&draft)?;
    out.set_permissions(fs::metadata(path)?.permissions())?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&draft, path)
}
