//! Which packets are lost.

use crate::{Burst, Conditions, Random};

/// The state of a link that loses packets by chance and in bursts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Losses {
    is_bad: bool,
}

impl Losses {
    /// Returns whether the next packet is lost.
    pub(crate) fn next(&mut self, conditions: &Conditions, random: &mut Random) -> bool {
        self.is_bad = conditions.burst.is_some_and(|Burst { share, length }| {
            let leaves = 1.0 / f64::from(length.max(1));
            // The two states balance where as many enter the bad one as leave it.
            let enters = leaves * share / (1.0 - share.min(0.99));
            if self.is_bad { random.share() >= leaves } else { random.share() < enters }
        });
        self.is_bad || random.share() < conditions.loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKETS: usize = 200_000;

    fn lost(conditions: Conditions) -> Vec<bool> {
        let (mut losses, mut random) = (Losses::default(), Random::new(1));
        (0..PACKETS).map(|_| losses.next(&conditions, &mut random)).collect()
    }

    fn share(lost: &[bool]) -> f64 {
        lost.iter().filter(|is_lost| **is_lost).count() as f64 / lost.len() as f64
    }

    /// Returns the mean length of what is lost in a row.
    fn length(lost: &[bool]) -> f64 {
        let bursts = lost.chunk_by(|a, b| a == b).filter(|run| run[0]);
        let (count, sum) = bursts.fold((0, 0), |(count, sum), run| (count + 1, sum + run.len()));
        sum as f64 / f64::from(count)
    }

    #[test]
    fn chance_takes_its_share_and_no_more_in_a_row_than_chance_does() {
        let lost = lost(Conditions { loss: 0.05, ..Conditions::default() });
        assert!((share(&lost) - 0.05).abs() < 0.003, "{}", share(&lost));
        assert!((length(&lost) - 1.05).abs() < 0.02, "{}", length(&lost));
    }

    #[test]
    fn bursts_take_their_share_in_runs_of_their_length() {
        for (share_wanted, length_wanted) in [(0.01, 4), (0.05, 8), (0.2, 20)] {
            let burst = Some(Burst { share: share_wanted, length: length_wanted });
            let lost = lost(Conditions { burst, ..Conditions::default() });
            assert!((share(&lost) / share_wanted - 1.0).abs() < 0.15, "{share_wanted}: {}", share(&lost));
            let length_wanted = f64::from(length_wanted);
            assert!((length(&lost) / length_wanted - 1.0).abs() < 0.15, "{length_wanted}: {}", length(&lost));
        }
    }

    #[test]
    fn all_or_nothing_is_exactly_that() {
        assert_eq!(share(&lost(Conditions::default())), 0.0);
        assert_eq!(share(&lost(Conditions { loss: 1.0, ..Conditions::default() })), 1.0);
    }
}
