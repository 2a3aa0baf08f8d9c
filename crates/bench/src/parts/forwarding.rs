//! What forwarding costs at equal load: one sender of voice and a picture of 720 lines, 99 viewers, every system in turns.

use anyhow::Result;

use crate::{
    bench::Bench,
    comparison::{Comparison, rounds},
    load::{Load, Scenario, VIEWERS_OF_A_ROOM},
    say,
    system::System,
};

/// Packets per CPU second that are the goal on the reference machine.
const GOAL: f64 = 300_000.0;

pub(super) fn run(bench: &Bench) -> Result<()> {
    let short = [System::Sabha, System::SabhaNoGso, System::Plain, System::Janus, System::Galene];
    let long =
        [System::Sabha, System::SabhaNoGso, System::Library, System::Plain, System::Janus, System::Galene];
    let systems = bench.systems(if bench.pace.is_short { &short } else { &long });
    let load = bench.load(Scenario::Speaker, VIEWERS_OF_A_ROOM);
    let comparison = rounds(bench, &systems, &load)?;
    say(&comparison.table());
    judge(bench, &comparison, &load);
    Ok(())
}

/// Says what came of the goals of equal load.
pub(super) fn judge(bench: &Bench, comparison: &Comparison, load: &Load) {
    let at = format!("{}, {}", bench.part.get(), load.told());
    for (other, goal, text) in
        [(System::Janus, 3.0, "at least 3 x Janus"), (System::Plain, 2.0, "at least 2 x plain")]
    {
        if let Some(ratio) = comparison.ratio(System::Sabha, other) {
            bench.judge(&at, text, ratio.to_string(), ratio.median >= goal);
        }
    }
    if let Some(own) = comparison.median(System::Sabha, |turn| turn.packets_per_cpu_second) {
        bench.judge(&at, "300,000 packets per CPU second", format!("{own:.0}"), own >= GOAL);
    }
    if let Some(lost) = comparison.median(System::Sabha, |turn| turn.lost as f64) {
        bench.judge(&at, "nothing lost below saturation", format!("{lost:.0} packets"), lost == 0.0);
    }
}
