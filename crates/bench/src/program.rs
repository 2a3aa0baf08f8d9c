//! A server process, stopped when dropped.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

/// Time to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// State of a TCP socket that listens, as `/proc/net/tcp` writes it (proc(5)).
const LISTENING: &str = "0A";

/// A running server.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
}

impl Program {
    /// Starts it, and returns the first line that it prints.
    pub(crate) fn start_and_read(command: &mut Command) -> Result<(Self, String)> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().context("its output")?;
        let program = Self { child };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(!line.is_empty(), "it ended without a word");
        Ok((program, line.trim_end().to_owned()))
    }

    /// Starts it, and waits until it listens on this TCP port.
    pub(crate) fn start_and_wait(command: &mut Command, port: u16) -> Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut program = Self { child };
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = program.child.try_wait()? {
                bail!("it ended at once: {status}");
            }
            // Sockets of the program's own namespace.
            let table = fs::read_to_string(format!("/proc/{}/net/tcp", program.pid())).unwrap_or_default();
            let suffix = format!(":{port:04X}");
            let listens = table.lines().any(|line| {
                let mut fields = line.split_whitespace().skip(1);
                let local = fields.next().is_some_and(|local| local.ends_with(&suffix));
                local && fields.nth(1) == Some(LISTENING)
            });
            if listens {
                return Ok(program);
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("it does not listen on port {port}")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
