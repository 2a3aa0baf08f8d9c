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

/// Which cores receive what comes over loopback (Linux, `Documentation/networking/scaling.rst`).
const STEERING: &str = "/sys/class/net/lo/queues/rx-0/rps_cpus";

/// A namespace, deleted when dropped.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
}

/// As long as it is there, other cores than the sender's receive.
#[derive(Debug)]
pub(crate) struct Steered<'a> {
    namespace: &'a Namespace,
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

    /// Has the kernel do on these cores what it does to hand a packet to its receiver (receive packet steering), until the guard
    /// is dropped. Otherwise it does that on the core that sent the packet, within the call that sends it.
    pub(crate) fn receive_on(&self, cores: Cores) -> Result<Steered<'_>> {
        self.steer(&mask(cores))?;
        Ok(Steered { namespace: self })
    }

    fn steer(&self, mask: &str) -> Result<()> {
        let write = format!("echo {mask} > {STEERING}");
        ip(&["netns", "exec", &self.name, "sh", "-c", &write])
    }

    /// Returns a command that runs `program` in the namespace, on these cores. Its process id is the program's.
    pub(crate) fn command(&self, cores: Cores, program: impl AsRef<OsStr>) -> Command {
        let list = match (cores, core_count()) {
            (Cores::Others, 2..) => format!("1-{}", core_count() - 1),
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

impl Drop for Steered<'_> {
    fn drop(&mut self) {
        // If it stays, the next turns say so by their figures: the setting goes with the namespace.
        drop(self.namespace.steer("0"));
    }
}

fn core_count() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Returns the cores as the kernel reads a set of them: hexadecimal, in groups of 32 with commas between.
fn mask(cores: Cores) -> String {
    let first = usize::from(cores == Cores::Others && core_count() > 1);
    let last = if cores == Cores::First { 0 } else { core_count() - 1 };
    let groups = (0..=last / 32).rev().map(|group| {
        let bits = (0..32).filter(|bit| (first..=last).contains(&(group * 32 + bit)));
        format!("{:08x}", bits.fold(0_u32, |mask, bit| mask | 1 << bit))
    });
    groups.collect::<Vec<_>>().join(",")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_told_as_the_kernel_reads_them() {
        assert_eq!(mask(Cores::First), "00000001");
        let others = mask(Cores::Others);
        let bits: u32 = others
            .split(',')
            .map(|group| u32::from_str_radix(group, 16).expect("hexadecimal").count_ones())
            .sum();
        assert_eq!(bits as usize, (core_count() - 1).max(1), "{others}");
    }
}
