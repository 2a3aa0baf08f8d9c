//! How long packets are on their way, at half of the most that a system forwards.

use anyhow::Result;

use super::saturation::{self, Limit, Most};
use crate::{bench::Bench, figures::Figures, load::Scenario, say, system::System};

/// The goals, in microseconds.
const P50_MAX_US: u64 = 300;
const P99_MAX_US: u64 = 2_000;

pub(super) fn run(bench: &Bench) -> Result<()> {
    if bench.most.borrow().is_empty() {
        saturation::run(bench)?;
        bench.part.set("latency");
    }
    let most = bench.most.borrow().clone();
    let mut found: Vec<(Most, u16, Figures)> = Vec::new();
    for most in most.into_iter().filter(|most| matches!(most.system, System::Sabha | System::Janus)) {
        let viewers = (most.viewers / 2).max(1);
        found.push((
            most,
            viewers,
            bench.turn(most.system, &bench.load(Scenario::Speaker, viewers).counted())?,
        ));
    }
    say("\nat half of the most  viewers  packets/s  p50 us  p99 us  p99.9 us  server  client");
    for (most, viewers, figures) in &found {
        say(&format!(
            "{:<20} {viewers:>7} {:>10.0} {:>7} {:>7} {:>9} {:>7.2} {:>7.2}{}",
            most.system.to_string(),
            figures.packets_per_second,
            figures.p50_us,
            figures.p99_us,
            figures.p999_us,
            figures.server_cores(),
            figures.client_cores,
            if most.limit == Limit::Server { "" } else { "  (half of what the client took)" },
        ));
    }
    let of = |system| found.iter().find(|(most, ..)| most.system == system).map(|(_, _, figures)| figures);
    let Some(own) = of(System::Sabha) else { return Ok(()) };
    let at = "latency at half of saturation";
    bench.judge(at, "p50 within 0.3 ms", format!("{} us", own.p50_us), own.p50_us <= P50_MAX_US);
    bench.judge(at, "p99 within 2 ms", format!("{} us", own.p99_us), own.p99_us <= P99_MAX_US);
    if let Some(janus) = of(System::Janus) {
        let found = format!("{} us and {} us", own.p99_us, janus.p99_us);
        bench.judge(at, "p99 at most half of Janus'", found, own.p99_us * 2 <= janus.p99_us);
    }
    Ok(())
}
