//! A secret key in a file of its own, 32 bytes, for its owner only: drawn when it is first asked for.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyFileError {
    /// The key's file is not one of ours.
    #[error("the key file {} is not 32 bytes long", path.display())]
    Damaged { path: PathBuf },
    /// Others than its owner can read the key.
    #[error("the key file {} can be read by others than its owner", path.display())]
    Exposed { path: PathBuf },
    /// It cannot be read or written.
    #[error("the key file {} cannot be used", path.display())]
    Unusable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl KeyFileError {
    /// What can be done.
    pub(super) fn remedy(&self) -> String {
        match self {
            Self::Damaged { .. } => {
                "Name the file that holds the key, or one that is not there yet.".to_owned()
            }
            Self::Exposed { path } => format!("If nobody else has read it: chmod 600 {}", path.display()),
            Self::Unusable { .. } => "Name a file that this user can read and write.".to_owned(),
        }
    }
}

/// Reads the secret key, or draws one if the file is not there. Also returns whether it did.
pub(super) fn read_or_draw(path: &Path) -> Result<([u8; 32], bool), KeyFileError> {
    let unusable = |source| KeyFileError::Unusable { path: path.to_owned(), source };
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
        return Err(KeyFileError::Exposed { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(33).read_to_end(&mut bytes).map_err(unusable)?;
    let seed = bytes.try_into().map_err(|_| KeyFileError::Damaged { path: path.to_owned() })?;
    Ok((seed, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_once_and_kept_from_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let (drawn, is_new) = read_or_draw(&path).unwrap();
        assert!(is_new);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_or_draw(&path).unwrap(), (drawn, false));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_or_draw(&path), Err(KeyFileError::Exposed { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for bytes in [31, 33] {
            fs::write(&path, vec![1; bytes]).unwrap();
            assert!(matches!(read_or_draw(&path), Err(KeyFileError::Damaged { .. })));
            assert_eq!(fs::read(&path).unwrap().len(), bytes, "the file was changed");
        }
    }
}
