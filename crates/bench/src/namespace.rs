//! A network namespace of our own: nothing gets in or out, and everybody in it pays for the same path.

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Result, ensure};

/// The address of the interface that is not loopback. Janus looks for one; packets to it go through loopback all the same.
pub(crate) const ADDRESS: &str = "10.77.0.1";

/// The interface with that address.
pub(crate) const INTERFACE: &str = "bench0";

/// Open files that a program may have.
const FILES_MAX: u32 = 16_384;

/// A namespace, deleted when dropped.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
}

/// The cores on which a program may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    /// The first, alone.
    First,
    /// All the others; the first too if there is no other.
    Others,
}

impl Namespace {
    /// Makes a namespace with loopback and one pair of virtual interfaces.
    pub(crate) fn create() -> Result<Self> {
        let namespace = Self { name: format!("sabha-bench-{}", std::process::id()) };
        ip(&["netns", "add", &namespace.name])?;
        let inside = |words: &[&str]| ip(&[&["-n", namespace.name.as_str()], words].concat());
        inside(&["link", "set", "lo", "up"])?;
        inside(&["link", "add", INTERFACE, "type", "veth", "peer", "name", "bench1"])?;
        inside(&["addr", "add", &format!("{ADDRESS}/24"), "dev", INTERFACE])?;
        inside(&["link", "set", INTERFACE, "up"])?;
        inside(&["link", "set", "bench1", "up"])?;
        Ok(namespace)
    }

    /// Returns a command that runs `program` in the namespace, on these cores. Its process id is the program's.
    pub(crate) fn command(&self, cores: Cores, program: impl AsRef<OsStr>) -> Command {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let list = match cores {
            Cores::Others if count > 1 => format!("1-{}", count - 1),
            _ => "0".to_owned(),
        };
        let mut command = Command::new("ip");
        // A thousand participants have more sockets than many systems allow a program at first.
        let files = format!("--nofile={FILES_MAX}:{FILES_MAX}");
        command.args(["netns", "exec", &self.name, "prlimit", &files, "taskset", "-c", &list]).arg(program);
        command.stdin(Stdio::null());
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // What is left of it is harmless.
        drop(ip(&["netns", "del", &self.name]));
    }
}

fn ip(words: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(words).output()?;
    ensure!(
        output.status.success(),
        "ip {}: {}",
        words.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
