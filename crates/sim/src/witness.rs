//! Watches the rooms from inside the server, and says whether a packet that a client received was allowed.

use std::{collections::BTreeMap, time::Instant};

use sabha_conference::Room;
use sabha_protocol::{MediaState, ParticipantId, Source, wire::server::Presence};

use crate::peer::Label;

/// Somebody as the witness knows them.
#[derive(Clone, Debug)]
struct Known {
    media: MediaState,
    presence: Presence,
}

/// What a room was like, over time. A new one after each restart.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    known: BTreeMap<ParticipantId, Known>,
    /// Since when a source that was on is off or gone.
    off_since: BTreeMap<(ParticipantId, Source), Instant>,
}

impl Witness {
    /// Looks at a room after each of its steps. Returns what it may not be like.
    pub(crate) fn look(&mut self, now: Instant, room: &Room) -> Vec<String> {
        let mut breaches = Vec::new();
        let mut found = BTreeMap::new();
        for view in room.participants() {
            let before = self.known.remove(&view.id);
            if let Some(before) = &before
                && before.presence == Presence::Reconnecting
                && view.presence == Presence::Connected
                && view.media.and(before.media) != view.media
            {
                breaches.push(format!(
                    "{} came back with {:?}, left with {:?}",
                    view.id, view.media, before.media
                ));
            }
            for source in Source::ALL {
                match (before.as_ref().is_some_and(|before| before.media.has(source)), view.media.has(source))
                {
                    (_, true) => drop(self.off_since.remove(&(view.id, source))),
                    (true, false) => drop(self.off_since.insert((view.id, source), now)),
                    (false, false) => drop(self.off_since.entry((view.id, source)).or_insert(now)),
                }
            }
            found.insert(view.id, Known { media: view.media, presence: view.presence });
        }
        for (gone, _) in std::mem::replace(&mut self.known, found) {
            for source in Source::ALL {
                self.off_since.entry((gone, source)).or_insert(now);
            }
        }
        breaches
    }

    /// Returns why a packet should not have been forwarded, if so. One made before its source was switched off may
    /// still be under way, or be repaired from the shard's memory; one made after may not.
    pub(crate) fn judge(&self, label: Label) -> Option<String> {
        let off = self.off_since.get(&(label.sender, label.source)).copied()?;
        let late = label.made.saturating_duration_since(off);
        (!late.is_zero()).then(|| format!("{label:?} was made {late:?} after its source went off"))
    }
}
