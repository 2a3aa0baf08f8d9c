//! Places whose holders were removed, so that no token of theirs opens anything (ROOM-07).
//!
//! Within an epoch the token of a removed place opens nothing anyway, since the place is gone; the list
//! gives the refusal its right name. It decides only while tokens of earlier epochs are accepted, and
//! nothing is forgotten before that is over.

use std::collections::BTreeSet;

use sabha_protocol::ParticipantId;

/// Removals remembered once tokens of earlier epochs are no longer accepted: 4 bytes each, and far more
/// people than one meeting removes.
const REMEMBERED_MAX: usize = 4096;

#[derive(Debug)]
pub(crate) struct Bans(BTreeSet<ParticipantId>);

impl Bans {
    pub(crate) fn of(removed: Vec<ParticipantId>) -> Self {
        Self(removed.into_iter().collect())
    }

    pub(crate) fn contains(&self, participant: ParticipantId) -> bool {
        self.0.contains(&participant)
    }

    pub(crate) fn insert(&mut self, participant: ParticipantId) {
        self.0.insert(participant);
    }

    /// Forgets the oldest removals beyond the bound.
    pub(crate) fn prune(&mut self) {
        while self.0.len() > REMEMBERED_MAX {
            self.0.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_removals_are_forgotten_beyond_the_bound() {
        let mut bans = Bans::of((1..=5000).map(ParticipantId).collect());
        bans.prune();
        assert!(!bans.contains(ParticipantId(1)));
        assert!(bans.contains(ParticipantId(5000)));
        assert_eq!(bans.0.len(), REMEMBERED_MAX);
    }
}
