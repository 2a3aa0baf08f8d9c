//! Twenty who all send voice and camera and watch each other at 180 lines.
//!
//! Sabha twice: forwarding every voice, for the same packets as Janus, and as it is, which is fewer packets. What forwarding
//! costs and what not forwarding saves are two figures.

use anyhow::Result;

use crate::{bench::Bench, comparison::rounds, figures::Figures, load::Scenario, say, system::System};

pub(super) fn run(bench: &Bench) -> Result<()> {
    let systems = bench.systems(&[System::SabhaAllVoices, System::Janus, System::Sabha]);
    let comparison = rounds(bench, &systems, &bench.load(Scenario::Grid20, 20))?;
    say(&comparison.table());
    if let Some(ratio) = comparison.ratio(System::SabhaAllVoices, System::Janus) {
        let holds = ratio.median >= 2.0 && ratio.is_equal;
        bench.judge("grid of 20, same packets", "at least 2 x Janus", ratio.to_string(), holds);
    }
    let cores = |system| comparison.median(system, Figures::server_cores);
    let packets = |system| comparison.median(system, |turn| turn.packets_per_second);
    for (name, other) in [("sabha-all-voices", System::SabhaAllVoices), ("janus", System::Janus)] {
        let (Some(own), Some(theirs)) = (cores(System::Sabha), cores(other)) else { continue };
        let (Some(fewer), Some(all)) = (packets(System::Sabha), packets(other)) else { continue };
        say(&format!(
            "as it is, sabha sends {:.0} % of the packets of {name} and uses {:.2} of its cores' time ({own:.3} to {theirs:.3})",
            100.0 * fewer / all,
            own / theirs,
        ));
    }
    Ok(())
}
