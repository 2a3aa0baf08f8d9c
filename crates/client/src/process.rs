//! Figures of another process, from `/proc` (Linux).

use std::{fs, io, time::Duration};

use serde::Serialize;

/// What a process holds at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProcessSample {
    /// Resident memory, in kB of 1024 bytes.
    pub rss_kb: u64,
    /// Open file descriptors.
    pub file_descriptors: u64,
    /// Threads.
    pub threads: u64,
}

impl ProcessSample {
    /// Returns the higher of each figure.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        const fn max(a: u64, b: u64) -> u64 {
            if a > b { a } else { b }
        }
        Self {
            rss_kb: max(self.rss_kb, other.rss_kb),
            file_descriptors: max(self.file_descriptors, other.file_descriptors),
            threads: max(self.threads, other.threads),
        }
    }
}

/// Returns the figures of process `pid`.
///
/// # Errors
/// When there is no such process, it is somebody else's, or this is not Linux.
pub fn sample_process(pid: u32) -> io::Result<ProcessSample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
            .ok_or(io::ErrorKind::InvalidData)
    };
    let file_descriptors = fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64;
    Ok(ProcessSample { rss_kb: field("VmRSS:")?, file_descriptors, threads: field("Threads:")? })
}

/// Clock ticks of a second in `/proc` (`USER_HZ`, proc(5)): 100 on every architecture that Linux runs servers on.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time that a process has used since it started, all its threads together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProcessTime {
    /// In its own code.
    pub(crate) user: Duration,
    /// In the kernel on its behalf; on loopback that includes handing its packets to who receives them.
    pub(crate) system: Duration,
}

impl ProcessTime {
    /// Returns what was used after `before`.
    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
        }
    }
}

/// Returns the processor time of process `pid`, to 10 ms.
///
/// # Errors
/// As [`sample_process`].
pub(crate) fn process_time(pid: u32) -> io::Result<ProcessTime> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the name, which may hold anything; utime and stime are the fourteenth and fifteenth.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = rest.split_whitespace().skip(11);
    let mut time = || {
        let ticks = fields.next().and_then(|field| field.parse::<u64>().ok());
        ticks.map(|ticks| Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
    };
    let (user, system) = (time(), time());
    let time = user.zip(system).map(|(user, system)| ProcessTime { user, system });
    time.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn own_process_has_memory_files_and_threads() {
        let sample = sample_process(std::process::id()).unwrap();
        assert!(sample.rss_kb > 0 && sample.file_descriptors > 2 && sample.threads > 0, "{sample:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn own_process_uses_time_while_it_works() {
        let pid = std::process::id();
        let before = process_time(pid).unwrap();
        let mut spent = ProcessTime::default();
        while spent.user + spent.system < Duration::from_millis(50) {
            spent = process_time(pid).unwrap().since(before);
        }
    }
}
