//! The binary `sabha` as a child process.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// A running `sabha serve`. Killed when dropped.
pub struct Binary {
    pub child: Child,
    pub address: SocketAddr,
    pub key: String,
    pub greeting: serde_json::Value,
}

impl Binary {
    /// Starts a server and waits until it says that it serves.
    pub fn serve(directory: &Path, more: &[&str]) -> Self {
        let mut child = sabha()
            .args(["serve", "--output", "json", "--listen", "127.0.0.1:0", "--shards", "1", "--data"])
            .arg(directory)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let greeting: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("first line: {line:?}: {error}"));
        let address = greeting["listen"].as_str().unwrap().parse().unwrap();
        let key = greeting["new_meeting_url"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
        Self { child, address, key, greeting }
    }

    /// Kills the process as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by name and returns at once.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // Already gone is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the command, without any of this process's settings.
pub fn sabha() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sabha"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SABHA_")) {
        command.env_remove(name);
    }
    command
}

/// Runs the command to its end.
pub fn run(arguments: &[&str]) -> Output {
    sabha().args(arguments).output().unwrap()
}

/// Returns what the command wrote to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
