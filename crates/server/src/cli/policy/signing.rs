//! `sabha policy sign`: the key's file, and the profile's.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use clap::Args;
use sabha_policy::profile;
use sabha_protocol::wire::profile::ProfileFile;
use serde_json::json;

use super::{Said, error::PolicyError};
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
    let (seed, is_new) = seed(&args.key_file)?;
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

/// Reads the secret key, or draws one if the file is not there. Also returns whether it did.
fn seed(path: &Path) -> Result<([u8; 32], bool), PolicyError> {
    let unusable = |source| PolicyError::Unusable { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|error| unusable(io::Error::other(error.to_string())))?;
            // Never over a file that came meanwhile.
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(unusable)?;
            file.write_all(&seed).and_then(|()| file.sync_all()).map_err(unusable)?;
            return Ok((seed, true));
        }
        Err(error) => return Err(unusable(error)),
    };
    if file.metadata().map_err(unusable)?.permissions().mode() & 0o077 != 0 {
        return Err(PolicyError::KeyExposed { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(33).read_to_end(&mut bytes).map_err(unusable)?;
    let seed = bytes.try_into().map_err(|_| PolicyError::KeyDamaged { path: path.to_owned() })?;
    Ok((seed, false))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_once_and_kept_from_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let (seed_drawn, is_new) = seed(&path).unwrap();
        assert!(is_new);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(seed(&path).unwrap(), (seed_drawn, false));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(seed(&path), Err(PolicyError::KeyExposed { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for bytes in [31, 33] {
            fs::write(&path, vec![1; bytes]).unwrap();
            assert!(matches!(seed(&path), Err(PolicyError::KeyDamaged { .. })));
            assert_eq!(fs::read(&path).unwrap().len(), bytes, "the file was changed");
        }
    }
}
