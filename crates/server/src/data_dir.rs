//! The data directory: its lock and the server's key.
//!
//! The lock makes sure that one process at a time uses the directory. From the key, 32 random bytes drawn
//! at the first start, every other secret of the server is derived, so that links and resume tokens survive
//! a restart. Whoever can read the key can create meetings and forge resume tokens: the file is private.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use hkdf::Hkdf;
use sabha_protocol::secret::CreationKey;
use sha2::Sha256;

use crate::{bulletin::SigningKey, mail::MailKeys, notices::WebhookSecrets, probe::ProbeKey};

const KEY_FILE: &str = "server.key";
const LOCK_FILE: &str = "lock";

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// Another server holds the lock.
    #[error("another Sabha server is using the data directory {}", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A key file is not as long as its key. It was left as it is.
    #[error("the key file {} is damaged: it has {bytes} bytes instead of {wanted}", path.display())]
    KeyDamaged {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// The length of its key.
        wanted: usize,
    },
    /// The directory or a file in it cannot be made, read or written.
    #[error("the data directory {} cannot be used", path.display())]
    Unusable {
        /// What could not be used.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gives no random numbers")]
    NoRandomness,
}

/// The directory, locked for as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    key: ServerKey,
    /// Dropping the file gives the lock back, also when the process is killed.
    _lock: File,
}

impl DataDir {
    /// Makes the directory if need be, locks it, and reads the key, drawing one at the first start.
    ///
    /// # Errors
    /// [`DataDirError`]; nothing that was there before has changed.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable { path: path.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        let lock = private().create(true).truncate(false).open(path.join(LOCK_FILE)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let key = ServerKey::load(&path.join(KEY_FILE))?;
        Ok(Self { path: path.to_owned(), key, _lock: lock })
    }

    /// Returns the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the key in a file of this name beside the server's, which `draw` makes if there is none.
    ///
    /// # Errors
    /// [`DataDirError`]; a file that was there before has not changed.
    pub fn other_key<const N: usize>(
        &self,
        name: &str,
        draw: impl FnOnce() -> [u8; N],
    ) -> Result<[u8; N], DataDirError> {
        load(&self.path.join(name), || Ok(draw()))
    }

    /// Returns the server's key.
    pub const fn key(&self) -> &ServerKey {
        &self.key
    }
}

/// The secret all others of this server are derived from. Has no readable `Debug` form.
pub struct ServerKey([u8; 32]);

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerKey(redacted)")
    }
}

impl ServerKey {
    /// Returns the key that lets its bearer create meetings.
    pub fn creation_key(&self) -> CreationKey {
        CreationKey::from_bytes(self.derive(b"sabha creation key v1"))
    }

    /// Returns the key from which tokens of `sabha probe-token` are derived.
    pub fn probe_key(&self) -> ProbeKey {
        ProbeKey::from_bytes(self.derive(b"sabha probe key v1"))
    }

    /// Reads the key of a server that may be running, from its data directory.
    ///
    /// # Errors
    /// [`DataDirError::Unusable`] also when no server has ever run with this directory.
    pub fn read(directory: &Path) -> Result<Self, DataDirError> {
        let path = directory.join(KEY_FILE);
        // Nothing is drawn here: a key that is not there would be another server's tomorrow.
        fs::metadata(&path).map_err(|source| DataDirError::Unusable { path: path.clone(), source })?;
        Self::load(&path)
    }

    /// Returns the key under which resume tokens are signed.
    pub fn resume_key(&self) -> [u8; 32] {
        self.derive(b"sabha resume key v1")
    }

    /// Returns the key from which the keys in mails are derived.
    pub(crate) fn mail_keys(&self) -> MailKeys {
        MailKeys::new(self.derive(b"sabha mail key v1"))
    }

    /// Returns the key from which the secrets of webhooks are derived.
    pub(crate) fn webhook_secrets(&self) -> WebhookSecrets {
        WebhookSecrets::new(self.derive(b"sabha webhook key v1"))
    }

    /// Returns the key by which the provider of CSAF signs documents.
    pub(crate) fn signing_key(&self) -> SigningKey {
        SigningKey::new(&self.derive(b"sabha openpgp key v1"))
    }

    /// HKDF-SHA256 (RFC 5869) without salt: the input is uniform already.
    fn derive(&self, info: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(info, &mut key)
            .expect("32 bytes are far below HKDF's limit of 255 blocks");
        key
    }

    fn load(path: &Path) -> Result<Self, DataDirError> {
        let draw = || {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|_| DataDirError::NoRandomness)?;
            Ok(key)
        };
        load(path, draw).map(Self)
    }
}

/// Reads a key, or draws it and writes it.
fn load<const N: usize>(
    path: &Path,
    draw: impl FnOnce() -> Result<[u8; N], DataDirError>,
) -> Result<[u8; N], DataDirError> {
    let unusable = |source| DataDirError::Unusable { path: path.to_owned(), source };
    match fs::read(path) {
        Ok(bytes) => {
            let length = bytes.len();
            let damaged = |_| DataDirError::KeyDamaged { path: path.to_owned(), bytes: length, wanted: N };
            bytes.try_into().map_err(damaged)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = draw()?;
            write_whole(path, &key).map_err(unusable)?;
            Ok(key)
        }
        Err(error) => Err(unusable(error)),
    }
}

/// Writes a file that after a crash is either there as a whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = private().create(true).truncate(true).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Options for a file that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_survive_a_restart_and_differ_between_servers_and_purposes() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = DataDir::open(one.path()).unwrap().key().creation_key();
        let again = DataDir::open(one.path()).unwrap();
        assert_eq!(again.key().creation_key(), first);
        assert_ne!(DataDir::open(two.path()).unwrap().key().creation_key(), first);
        assert_ne!(again.key().resume_key(), *first.expose());
    }

    #[test]
    fn key_file_is_private() {
        let directory = tempfile::tempdir().unwrap();
        DataDir::open(directory.path()).unwrap();
        let mode = fs::metadata(directory.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn one_server_at_a_time_uses_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let held = DataDir::open(directory.path()).unwrap();
        assert!(matches!(DataDir::open(directory.path()), Err(DataDirError::InUse { .. })));
        drop(held);
        assert!(DataDir::open(directory.path()).is_ok());
    }

    #[test]
    fn damaged_key_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(KEY_FILE);
        fs::write(&path, b"short").unwrap();
        assert!(matches!(DataDir::open(directory.path()), Err(DataDirError::KeyDamaged { bytes: 5, .. })));
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(matches!(DataDir::open(&file.join("below")), Err(DataDirError::Unusable { .. })));
    }
}
