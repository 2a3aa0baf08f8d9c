//! Puts turns side by side: medians, and the ratio of the first system to each other within a round, with its spread.

use std::fmt::{self, Write as _};

use anyhow::{Result, ensure};

use crate::{bench::Bench, figures::Figures, load::Load, say, system::System};

/// Loads that differ by more than this are not equal: what a packet costs depends on how many there are.
const LOAD_DIFFERENCE_MAX: f64 = 0.1;

/// Every turn so far, by system, in the order in which they came first.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    systems: Vec<(System, Vec<Figures>)>,
}

/// A ratio of two systems, within rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    least: f64,
    most: f64,
    rounds: usize,
    /// Whether what was received differs by little enough to compare.
    pub(crate) is_equal: bool,
}

impl Comparison {
    /// Adds a turn.
    fn add(&mut self, system: System, figures: Figures) {
        match self.systems.iter_mut().find(|(known, _)| *known == system) {
            Some((_, turns)) => turns.push(figures),
            None => self.systems.push((system, vec![figures])),
        }
    }

    /// Returns the table.
    pub(crate) fn table(&self) -> String {
        let mut out = String::from(
            "\nmedians          packets/s  per CPU s   user  system  kB/stream  lost  p50 us  p99 us  p99.9 us  client  SRTP\n",
        );
        for (system, turns) in &self.systems {
            let of = |figure: fn(&Figures) -> f64| median(turns.iter().map(figure).collect());
            let profile = match turns.iter().map(|turn| turn.srtp_tag_bytes).min() {
                Some(16) => "AES-GCM",
                Some(10) => "HMAC-SHA1-80",
                _ => "unknown",
            };
            // Writing to a string cannot fail.
            let _infallible = writeln!(
                out,
                "{:<16} {:>9.0} {:>10.0} {:>6.2} {:>7.2} {:>10.0} {:>5.0} {:>7.0} {:>7.0} {:>9.0} {:>7.2}  {profile}",
                system.to_string(),
                of(|turn| turn.packets_per_second),
                of(|turn| turn.packets_per_cpu_second),
                of(|turn| turn.user_cores),
                of(|turn| turn.system_cores),
                of(|turn| turn.kb_per_stream),
                of(|turn| turn.lost as f64),
                of(|turn| turn.p50_us as f64),
                of(|turn| turn.p99_us as f64),
                of(|turn| turn.p999_us as f64),
                of(|turn| turn.client_cores),
            );
        }
        let Some(((first, _), others)) = self.systems.split_first() else { return out };
        for (other, _) in others {
            let Some(ratio) = self.ratio(*first, *other) else { continue };
            let _infallible = writeln!(out, "{first} / {other}, packets per CPU second: {ratio}");
        }
        out
    }

    /// Returns how many times as many packets per CPU second one system forwards as another.
    pub(crate) fn ratio(&self, one: System, other: System) -> Option<Ratio> {
        let (own, other) = (self.turns(one)?, self.turns(other)?);
        let ratios: Vec<_> = own
            .iter()
            .zip(other)
            .map(|(own, other)| own.packets_per_cpu_second / other.packets_per_cpu_second)
            .collect();
        let is_equal = own.iter().zip(other).all(|(own, other)| {
            (own.packets_per_second / other.packets_per_second - 1.0).abs() <= LOAD_DIFFERENCE_MAX
        });
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        Some(Ratio { median: median(ratios.clone()), least, most, rounds: ratios.len(), is_equal })
    }

    /// Returns the median of a figure.
    pub(crate) fn median(&self, system: System, figure: fn(&Figures) -> f64) -> Option<f64> {
        Some(median(self.turns(system)?.iter().map(figure).collect()))
    }

    fn turns(&self, system: System) -> Option<&[Figures]> {
        let found = self.systems.iter().find(|(known, _)| *known == system);
        found.map(|(_, turns)| turns.as_slice())
    }
}

/// Gives every system its turn, as often as the bench's pace has rounds.
///
/// # Errors
/// When no round was complete, or not all were.
pub(crate) fn rounds(bench: &Bench, systems: &[System], load: &Load) -> Result<Comparison> {
    ensure!(!systems.is_empty(), "nothing is left to compare");
    let (mut comparison, mut complete) = (Comparison::default(), 0);
    for round in 1..=bench.pace.rounds {
        let turns: Result<Vec<_>> =
            systems.iter().map(|system| Ok((*system, bench.turn(*system, load)?))).collect();
        match turns {
            Ok(turns) => {
                complete += 1;
                turns.into_iter().for_each(|(system, figures)| comparison.add(system, figures));
            }
            // Ratios are of one round, so half a round says nothing.
            Err(error) => say(&format!("round {round} is left out: {error:#}")),
        }
    }
    let rounds = bench.pace.rounds;
    ensure!(complete == rounds, "only {complete} of {rounds} rounds were complete\n{}", comparison.table());
    Ok(comparison)
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, least, most, rounds, is_equal } = self;
        write!(f, "{median:.2} ({least:.2} to {most:.2} in {rounds} rounds)")?;
        f.write_str(if *is_equal { "" } else { "; NOT at equal load" })
    }
}

/// Returns the middle of the values; of an even number, the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count.is_multiple_of(2) => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::report;

    #[test]
    fn ratios_are_taken_within_a_round_and_told_with_their_spread() {
        let mut comparison = Comparison::default();
        for (own, other) in [(300.0, 100.0), (100.0, 100.0), (400.0, 200.0)] {
            comparison.add(System::Sabha, Figures::read(&report(own)).unwrap());
            comparison.add(System::Janus, Figures::read(&report(other)).unwrap());
        }
        let table = comparison.table();
        assert!(
            table.contains("sabha / janus, packets per CPU second: 2.00 (1.00 to 3.00 in 3 rounds)"),
            "{table}"
        );
        assert!(table.contains("AES-GCM"));
        assert!(!table.contains("NOT"), "{table}");
    }

    #[test]
    fn ratio_of_unequal_loads_says_so() {
        let mut comparison = Comparison::default();
        let mut less = report(100.0);
        less["video"]["packets_per_second"] = 500.0.into();
        comparison.add(System::Sabha, Figures::read(&report(100.0)).unwrap());
        comparison.add(System::Janus, Figures::read(&less).unwrap());
        assert!(comparison.table().contains("NOT at equal load"), "{}", comparison.table());
    }

    #[test]
    fn median_is_in_the_middle() {
        assert_eq!(
            [median(vec![3.0, 1.0, 2.0]), median(vec![4.0, 1.0]), median(Vec::new())],
            [2.0, 2.5, 0.0]
        );
    }
}
