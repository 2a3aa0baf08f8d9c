//! Memory for each who watches ten streams: what more of them add to the same ten senders, so that fixed costs cancel.

use anyhow::Result;

use crate::{bench::Bench, load::Scenario, say, system::System};

/// Viewers beside the ten senders of a room.
const FEW: u16 = 20;
const MANY: u16 = 80;

/// The goal, in kB.
const KB_MAX: f64 = 150.0;

pub(super) fn run(bench: &Bench) -> Result<()> {
    for system in bench.systems(&[System::Sabha]) {
        let few = bench.turn(system, &bench.load(Scenario::Stage, FEW))?;
        let many = bench.turn(system, &bench.load(Scenario::Stage, MANY))?;
        let kb = (many.grown_kb - few.grown_kb) as f64 / f64::from(MANY - FEW);
        say(&format!(
            "\n{system}: {kb:.0} kB for each who watches ten streams ({} kB grown with {FEW}, {} kB with {MANY})",
            few.grown_kb, many.grown_kb
        ));
        let found = format!("{kb:.0} kB");
        bench.judge("memory of who watches ten streams", "at most 150 kB", found, kb <= KB_MAX);
    }
    Ok(())
}
