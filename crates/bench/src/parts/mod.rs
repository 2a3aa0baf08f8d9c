//! What can be measured, each part by itself.

mod delivery;
mod flood;
mod forwarding;
mod grid;
mod idle;
mod latency;
mod line;
mod memory;
mod saturation;

use anyhow::Result;
use clap::ValueEnum;

pub(crate) use self::saturation::Most;

use crate::bench::Bench;

/// A part of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// What forwarding costs at equal load: one sender, 99 viewers, every system in turns.
    Forwarding,
    /// The same, where the client's cores do what the kernel does to hand it a packet.
    Delivery,
    /// The most that each system forwards, and what that costs.
    Saturation,
    /// How cost grows with those who watch.
    Line,
    /// Twenty who all send and watch each other.
    Grid,
    /// A thousand who are connected and do nothing.
    Idle,
    /// Memory for each who watches ten streams.
    Memory,
    /// What a flood of junk does to those who watch.
    Flood,
    /// How long packets are on their way, at half of saturation.
    Latency,
    /// Every part.
    All,
    /// Every part, as short as possible: at most ten minutes.
    Quick,
}

impl Part {
    /// Returns the parts that this one stands for.
    pub(crate) fn parts(self) -> &'static [Self] {
        const EVERY: [Part; 9] = [
            Part::Forwarding,
            Part::Delivery,
            Part::Line,
            Part::Saturation,
            Part::Latency,
            Part::Grid,
            Part::Memory,
            Part::Flood,
            Part::Idle,
        ];
        match self {
            Self::Forwarding => &EVERY[0..1],
            Self::Delivery => &EVERY[1..2],
            Self::Line => &EVERY[2..3],
            Self::Saturation => &EVERY[3..4],
            Self::Latency => &EVERY[4..5],
            Self::Grid => &EVERY[5..6],
            Self::Memory => &EVERY[6..7],
            Self::Flood => &EVERY[7..8],
            Self::Idle => &EVERY[8..9],
            Self::All | Self::Quick => &EVERY,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Forwarding => "forwarding",
            Self::Delivery => "delivery",
            Self::Saturation => "saturation",
            Self::Line => "line",
            Self::Grid => "grid",
            Self::Idle => "idle",
            Self::Memory => "memory",
            Self::Flood => "flood",
            Self::Latency => "latency",
            Self::All => "all",
            Self::Quick => "quick",
        }
    }

    /// Measures it, and prints what came of it.
    ///
    /// # Errors
    /// When too little of it could be measured to say anything.
    pub(crate) fn run(self, bench: &Bench) -> Result<()> {
        bench.part.set(self.name());
        match self {
            Self::Forwarding => forwarding::run(bench),
            Self::Delivery => delivery::run(bench),
            Self::Saturation => saturation::run(bench),
            Self::Line => line::run(bench),
            Self::Grid => grid::run(bench),
            Self::Idle => idle::run(bench),
            Self::Memory => memory::run(bench),
            Self::Flood => flood::run(bench),
            Self::Latency => latency::run(bench),
            Self::All | Self::Quick => self.parts().iter().try_for_each(|part| part.run(bench)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_in_all_of_them_and_is_itself() {
        for part in Part::value_variants() {
            assert!(matches!(part, Part::All | Part::Quick) || part.parts() == [*part], "{part:?}");
            assert!(part.parts().iter().all(|part| Part::All.parts().contains(part)));
        }
        assert_eq!(Part::All.parts().len() + 2, Part::value_variants().len());
    }
}
