//! How long packets are on their way, at half of the most that a system forwards.
//!
//! The frames of a room come in bursts, and the last of its viewers waits for what all others are sent. So it is measured in rooms
//! of 100 and in those of 25.

use anyhow::Result;

use super::saturation::{self, Limit, Most};
use crate::{
    bench::Bench,
    figures::Figures,
    load::{Load, Scenario, VIEWERS_OF_A_MEETING},
    say,
    system::System,
};

/// The goals, in microseconds.
const P50_MAX_US: u64 = 300;
const P99_MAX_US: u64 = 2_000;

pub(super) fn run(bench: &Bench) -> Result<()> {
    if bench.most.borrow().is_empty() {
        saturation::run(bench)?;
        bench.part.set("latency");
    }
    let most = bench.most.borrow().clone();
    let mut found: Vec<(Most, Load, Figures)> = Vec::new();
    for most in most.into_iter().filter(|most| matches!(most.system, System::Sabha | System::Janus)) {
        let load = bench.load(Scenario::Speaker, (most.viewers / 2).max(1)).counted();
        found.push((most, load, bench.turn(most.system, &load)?));
        if most.system == System::Sabha {
            let load = load.in_meetings();
            found.push((most, load, bench.turn(most.system, &load)?));
        }
    }
    say("\nat half of the most  viewers  in a room  packets/s  p50 us  p99 us  p99.9 us  server  client");
    for (most, load, figures) in &found {
        say(&format!(
            "{:<20} {:>7} {:>10} {:>10.0} {:>7} {:>7} {:>9} {:>7.2} {:>7.2}{}",
            most.system.to_string(),
            load.viewers,
            if most.system == System::Sabha { load.room_viewers } else { load.viewers },
            figures.packets_per_second,
            figures.p50_us,
            figures.p99_us,
            figures.p999_us,
            figures.server_cores(),
            figures.client_cores,
            if most.limit == Limit::Server { "" } else { "  (half of what was reached)" },
        ));
    }
    let of = |system, is_meeting: bool| {
        let mut found = found.iter().filter(|(most, load, _)| {
            most.system == system && (load.room_viewers == VIEWERS_OF_A_MEETING) == is_meeting
        });
        found.next().map(|(.., figures)| figures)
    };
    for (is_meeting, at) in [(false, "latency at half, rooms of 100"), (true, "latency at half, rooms of 25")]
    {
        let Some(own) = of(System::Sabha, is_meeting) else { continue };
        bench.judge(at, "p50 within 0.3 ms", format!("{} us", own.p50_us), own.p50_us <= P50_MAX_US);
        bench.judge(at, "p99 within 2 ms", format!("{} us", own.p99_us), own.p99_us <= P99_MAX_US);
        if let Some(janus) = of(System::Janus, false) {
            let found = format!("{} us and {} us", own.p99_us, janus.p99_us);
            bench.judge(at, "p99 at most half of Janus'", found, own.p99_us * 2 <= janus.p99_us);
        }
    }
    Ok(())
}
