//! `sabha-client impair`: stands between clients and a server as a bad network.

use std::{io::BufRead as _, net::SocketAddr, process::ExitCode, thread, time::Duration};

use clap::Args;
use sabha_impairer::{Change, Conditions, PathConditions, Schedule, Step};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{asked_to_stop, print_line};
use crate::{
    error::ClientError,
    impair::{ImpairConfig, Impairer},
};

/// Changes that wait to be made.
const CHANGES_WAITING: usize = 16;

/// A change that is typed while it runs is a line of standard input: up, down or both, and conditions, as in
/// `down rate=250kbit`. It prints one line of JSON when it listens and one with what it did at the end.
///
/// Conditions are KEY=VALUE separated by commas:
/// rate=1mbit, the bottleneck; queue=200ms or 64kb, what waits for it at most; delay=40ms; jitter=10ms, held back in
/// order; scatter=10ms, late each for itself, so that packets overtake; freeze=100ms, once a second; loss=2%; burst=1%x8, losses of eight
/// in a row; reorder=1% by reorder-by=20ms; duplicate=1%; others=500kbit and greedy=2, what others send through the same
/// queue heedlessly and as TCP does. `none` takes rate, burst or others away.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(super) struct Impair {
    /// Where clients send to.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The server's media address.
    #[arg(long, value_name = "ADDRESS:PORT")]
    to: SocketAddr,
    /// Conditions towards the server.
    #[arg(long, default_value = "", value_name = "CONDITIONS")]
    up: Conditions,
    /// Conditions towards the clients.
    #[arg(long, default_value = "", value_name = "CONDITIONS")]
    down: Conditions,
    /// A change at its time since the start, as in `10s down rate=250kbit`; may be given several times.
    #[arg(long, value_name = "TIME DIRECTION CONDITIONS")]
    step: Vec<Step>,
    /// Determines everything that is drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds to run; until stopped if absent.
    #[arg(long)]
    seconds: Option<u32>,
}

/// First line of output.
#[derive(Serialize)]
struct ListeningLine {
    listening: SocketAddr,
}

pub(super) async fn run(args: Impair) -> Result<ExitCode, ClientError> {
    let path = PathConditions { up: args.up, down: args.down };
    let schedule =
        Schedule::new(path, args.step).map_err(|error| ClientError::Conditions(error.to_string()))?;
    let config = ImpairConfig { listen: args.listen, to: args.to, path, schedule, seed: args.seed };
    let impairer = Impairer::bind(config).await?;
    print_line(&ListeningLine { listening: impairer.address()? });
    let seconds = args.seconds.unwrap_or(u32::MAX);
    let stop = async {
        tokio::select! {
            () = asked_to_stop() => {}
            () = tokio::time::sleep(Duration::from_secs(seconds.into())) => {}
        }
    };
    print_line(&impairer.run(typed_changes(), stop).await?);
    Ok(ExitCode::SUCCESS)
}

/// Returns the changes that are typed. The thread that reads them ends with the input, or with the program.
fn typed_changes() -> mpsc::Receiver<Change> {
    let (changes, typed) = mpsc::channel(CHANGES_WAITING);
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            match line.parse() {
                Ok(change) => {
                    if changes.blocking_send(change).is_err() {
                        return;
                    }
                }
                Err(error) => tracing::warn!(%error, "no change"),
            }
        }
    });
    typed
}
