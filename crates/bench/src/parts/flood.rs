//! What a flood of junk does to those who watch: the same load without and with it.

use anyhow::Result;

use crate::{
    bench::Bench,
    load::{Load, Scenario},
    say,
    system::System,
};

/// Packets of junk a second: a quarter each of random bytes, STUN whose integrity is wrong, ClientHellos from addresses
/// that proved nothing, and SRTP that had been sent before.
const JUNK: u32 = 200_000;

/// Viewers: the client has the junk to send too.
const VIEWERS: u16 = 49;

/// The goal: a smaller share of packets is lost.
const LOST_MAX: f64 = 0.005;

/// What memory may grow by: pages of the allocator that were not touched before.
const GROWN_KB_MAX: i64 = 1_024;

pub(super) fn run(bench: &Bench) -> Result<()> {
    for system in bench.systems(&[System::Sabha]) {
        let load = bench.load(Scenario::Speaker, VIEWERS);
        let without = bench.turn(system, &load)?;
        let with = bench.turn(system, &Load { flood: Some(JUNK), ..load })?;
        say("\n         junk/s  lost %  stalls  p50 us  p99 us  cores  memory meanwhile");
        for figures in [&without, &with] {
            say(&format!(
                "{:<6} {:>8.0} {:>7.3} {:>7} {:>7} {:>7} {:>6.2} {:>+14} kB",
                system.to_string(),
                figures.junk_per_second,
                100.0 * figures.lost_share,
                figures.stalls,
                figures.p50_us,
                figures.p99_us,
                figures.server_cores(),
                figures.grown_meanwhile_kb,
            ));
        }
        let is_full = with.junk_per_second >= 0.95 * f64::from(JUNK);
        let sent = format!("{:.0} junk/s{}", with.junk_per_second, if is_full { "" } else { ": TOO FEW" });
        let found =
            format!("{:.3} % ({:.3} % without; {sent})", 100.0 * with.lost_share, 100.0 * without.lost_share);
        bench.judge(
            "flood of 200,000 a second",
            "less than 0.5 % lost",
            found,
            is_full && with.lost_share < LOST_MAX,
        );
        let grown = with.grown_meanwhile_kb;
        let found = format!("{grown:+} kB ({:+} kB without)", without.grown_meanwhile_kb);
        bench.judge("flood of 200,000 a second", "memory flat, to 1 MB", found, grown <= GROWN_KB_MAX);
    }
    Ok(())
}
