//! A thousand who are connected and do nothing: ICE consent, RTCP, WebSockets, and the heartbeats of forty hosts.

use anyhow::Result;

use crate::{bench::Bench, load::Scenario, say, system::System};

const PARTICIPANTS: u16 = 1_000;

/// The goal: this share of a core.
const CORES_MAX: f64 = 0.01;

pub(super) fn run(bench: &Bench) -> Result<()> {
    for system in bench.systems(&[System::Sabha]) {
        let mut load = bench.load(Scenario::Idle, PARTICIPANTS);
        // A clock that ticks every 10 ms needs time to tell a hundredth of a core.
        load.seconds = load.seconds.max(20);
        let figures = bench.turn(system, &load)?;
        let kb = figures.grown_kb as f64 / f64::from(PARTICIPANTS);
        let cores = figures.server_cores();
        say(&format!(
            "\n{system}: {PARTICIPANTS} idle participants in {} rooms use {:.2} % of a core ({:.2} user, {:.2} system) and {kb:.0} kB each",
            load.rooms().0,
            100.0 * cores,
            100.0 * figures.user_cores,
            100.0 * figures.system_cores,
        ));
        bench.judge(
            "1,000 idle participants",
            "within 1 % of a core",
            format!("{:.2} %, {kb:.0} kB each", 100.0 * cores),
            cores <= CORES_MAX,
        );
    }
    Ok(())
}
