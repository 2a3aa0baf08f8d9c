//! Puts turns side by side: medians, and the ratio of the first system to each other within a round, with its spread.

use std::fmt::Write as _;

use crate::{figures::Figures, system::System};

/// Loads that differ by more than this are not equal: what a packet costs depends on how many there are.
const LOAD_DIFFERENCE_MAX: f64 = 0.1;

/// Every turn so far, by system, in the order in which they came first.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    systems: Vec<(System, Vec<Figures>)>,
}

impl Comparison {
    /// Adds a turn.
    pub(crate) fn add(&mut self, system: System, figures: Figures) {
        match self.systems.iter_mut().find(|(known, _)| *known == system) {
            Some((_, turns)) => turns.push(figures),
            None => self.systems.push((system, vec![figures])),
        }
    }

    /// Returns the table.
    pub(crate) fn table(&self) -> String {
        let mut out = String::from(
            "\nmedians   packets/s  per CPU s   user  system  kB/stream  lost  p50 us  p99 us  p99.9 us  SRTP\n",
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
                "{:<9} {:>9.0} {:>10.0} {:>6.2} {:>7.2} {:>10.0} {:>5.0} {:>7.0} {:>7.0} {:>9.0}  {profile}",
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
            );
        }
        let Some(((first, own), others)) = self.systems.split_first() else { return out };
        for (other, turns) in others {
            let ratios: Vec<_> = own
                .iter()
                .zip(turns)
                .map(|(own, other)| own.packets_per_cpu_second / other.packets_per_cpu_second)
                .collect();
            let is_equal = own.iter().zip(turns).all(|(own, other)| {
                (own.packets_per_second / other.packets_per_second - 1.0).abs() <= LOAD_DIFFERENCE_MAX
            });
            let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
            let most = ratios.iter().copied().fold(0.0, f64::max);
            let _infallible = writeln!(
                out,
                "{first} / {other}, packets per CPU second: {:.2} ({least:.2} to {most:.2} in {} rounds){}",
                median(ratios.clone()),
                ratios.len(),
                if is_equal { "" } else { "; NOT at equal load" },
            );
        }
        out
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
