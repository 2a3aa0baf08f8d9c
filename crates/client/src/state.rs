//! A device kept between two runs of the program: in a file that nobody else can read.
//!
//! What is kept are the device's keys and what it was told, never the group: whoever comes back joins it anew.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use data_encoding::BASE64URL_NOPAD;
use sabha_crypto::{
    device::{Device, EXPORT_BYTES_MAX},
    link::LinkSecret,
};
use sabha_protocol::device::DeviceOutput;
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::{
    clock,
    error::ClientError,
    link::{Invite, Server},
};

/// Longest file that is read, in bytes: the device in base64, and the server.
const FILE_BYTES_MAX: u64 = 2 * EXPORT_BYTES_MAX as u64;

/// The version of the file's form.
const VERSION: u32 = 1;

/// What a device needs to come back.
#[derive(Clone)]
pub struct DeviceState {
    server: Server,
    export: Zeroizing<Vec<u8>>,
}

/// The file's form. Wiped when dropped.
#[derive(Deserialize, Serialize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct File {
    #[zeroize(skip)]
    version: u32,
    #[zeroize(skip)]
    server: String,
    device: String,
}

impl DeviceState {
    /// Takes down what `device` has to keep.
    pub fn of(device: &Device, server: &Server) -> Self {
        Self { server: server.clone(), export: device.export() }
    }

    /// Returns the device, outside of any group. Two that come back from one state are one device to everybody else:
    /// the later one takes the place.
    ///
    /// # Errors
    /// [`ClientError::Misuse`] when the state is damaged.
    pub fn restore(&self) -> Result<Device, ClientError> {
        Device::restore(&self.export, clock::unix_ms())
            .map_err(|_| ClientError::Misuse("what was kept of the device is damaged"))
    }

    /// Returns the meeting's invite.
    ///
    /// # Errors
    /// As [`restore`](Self::restore), and [`Invite::new`].
    pub fn invite(&self) -> Result<Invite, ClientError> {
        let mut device = self.restore()?;
        let view = std::iter::from_fn(|| device.poll_output()).find_map(|output| match output {
            DeviceOutput::View { view } => Some(view),
            _ => None,
        });
        let view = view.ok_or(ClientError::Misuse("the device does not say of which meeting it is"))?;
        let secret = LinkSecret::from_fragment(&view.invite)?;
        Invite::new(self.server.clone(), view.meeting, secret)
    }

    /// Writes the state to `path`, readable by its owner only; either whole or not at all.
    ///
    /// # Errors
    /// [`ClientError::StateFile`].
    pub fn save(&self, path: &Path) -> Result<(), ClientError> {
        let file = File {
            version: VERSION,
            server: self.server.to_string(),
            device: BASE64URL_NOPAD.encode(&self.export),
        };
        let failed = |error: io::Error| unusable(path, error);
        let text = Zeroizing::new(serde_json::to_vec(&file).map_err(|error| failed(error.into()))?);
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.new", std::process::id()));
        let beside = PathBuf::from(beside);
        let written = write_private(&beside, &text).and_then(|()| fs::rename(&beside, path));
        written.map_err(|error| {
            // What is left of a failed try is worth nothing.
            drop(fs::remove_file(&beside));
            failed(error)
        })
    }

    /// Reads a state that [`save`](Self::save) has written.
    ///
    /// # Errors
    /// [`ClientError::StateFile`], also if others can read the file.
    pub fn load(path: &Path) -> Result<Self, ClientError> {
        let failed = |error: io::Error| unusable(path, error);
        let file = fs::File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if is_open_to_others(&metadata) {
            return Err(unusable(path, "others on this machine can read it"));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        let file: File = serde_json::from_str(&text).map_err(|_| unusable(path, "it is no kept device"))?;
        if file.version != VERSION {
            return Err(unusable(path, "it is of another version"));
        }
        let export =
            BASE64URL_NOPAD.decode(file.device.as_bytes()).map_err(|_| unusable(path, "it is damaged"))?;
        Ok(Self { server: file.server.parse()?, export: Zeroizing::new(export) })
    }
}

impl std::fmt::Debug for DeviceState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceState").field("server", &self.server).finish_non_exhaustive()
    }
}

fn unusable(path: &Path, reason: impl ToString) -> ClientError {
    ClientError::StateFile { path: path.to_owned(), reason: reason.to_string() }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn is_open_to_others(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
const fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use sabha_crypto::device::{CreateOptions, MeetingSuite};

    use super::*;

    fn state() -> DeviceState {
        let options = CreateOptions {
            suite: MeetingSuite::Classical,
            title: None,
            name: "Asha".parse().unwrap(),
            passcode: Some("7KQM-2XWD".parse().unwrap()),
            admits: true,
            by_mail: false,
            floor: sabha_crypto::policy::Controls::default(),
            controls: sabha_crypto::policy::Controls::default(),
        };
        let device = Device::create(options, clock::unix_ms()).unwrap();
        DeviceState::of(&device, &"http://localhost:8080".parse().unwrap())
    }

    #[test]
    fn kept_device_comes_back_as_the_same_device_with_the_same_invite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.state");
        let state = state();
        state.save(&path).unwrap();
        state.save(&path).unwrap();

        let loaded = DeviceState::load(&path).unwrap();

        assert_eq!(loaded.restore().unwrap().me(), state.restore().unwrap().me());
        assert_eq!(loaded.invite().unwrap(), state.invite().unwrap());
        assert!(loaded.invite().unwrap().expose().starts_with("http://localhost:8080/m/"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    #[cfg(unix)]
    fn file_is_its_owners_alone_and_refused_otherwise() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.state");
        state().save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(DeviceState::load(&path), Err(ClientError::StateFile { .. })));
    }

    #[test]
    fn damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.state");
        for text in ["", "{}", r#"{"version":2,"server":"https://a","device":"AA"}"#] {
            write_private(&path, text.as_bytes()).unwrap();
            assert!(DeviceState::load(&path).is_err(), "{text}");
        }
        write_private(&path, br#"{"version":1,"server":"https://a","device":"AA"}"#).unwrap();
        assert!(DeviceState::load(&path).unwrap().restore().is_err());
    }
}
