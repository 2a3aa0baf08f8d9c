//! Figures of another process, from `/proc` (Linux).

use std::{fs, io};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn own_process_has_memory_files_and_threads() {
        let sample = sample_process(std::process::id()).unwrap();
        assert!(sample.rss_kb > 0 && sample.file_descriptors > 2 && sample.threads > 0, "{sample:?}");
    }
}
