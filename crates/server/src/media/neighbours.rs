//! What a shard's thread says to the others, for rooms that are on several of them.
//!
//! Packets go as far as there is room for them. Everything else waits here, in its order, until the other thread takes it,
//! and if that takes nothing for so long that too much waits, the rooms that both have a part of fail rather than that
//! one part of them knows what the other does not.

use std::collections::VecDeque;

use sabha_sfu::{Relay, ShardIndex};

use super::link::{Control, ShardLink};

/// What may wait for one shard: what a hundred full rooms that begin at once have to say, several times over.
const WAITING_MAX: usize = 65_536;

/// The shards, this one among them.
pub(super) struct Neighbours {
    shard: ShardIndex,
    all: Vec<Neighbour>,
}

struct Neighbour {
    link: ShardLink,
    waiting: VecDeque<Control>,
    /// Something was queued for it in this turn.
    is_told: bool,
    is_sent_packets: bool,
    /// Too much waited.
    is_lost: bool,
}

impl Neighbours {
    pub(super) fn new(shard: ShardIndex, links: Vec<ShardLink>) -> Self {
        let neighbour = |link| Neighbour {
            link,
            waiting: VecDeque::new(),
            is_told: false,
            is_sent_packets: false,
            is_lost: false,
        };
        Self { shard, all: links.into_iter().map(neighbour).collect() }
    }

    pub(super) fn link(&self, shard: ShardIndex) -> Option<&ShardLink> {
        self.all.get(usize::from(shard.0)).map(|neighbour| &neighbour.link)
    }

    /// Returns whether there is no other shard.
    pub(super) fn is_alone(&self) -> bool {
        self.all.len() == 1
    }

    /// Returns whether something waits until another shard takes it.
    pub(super) fn are_owed(&self) -> bool {
        self.all.iter().any(|neighbour| !neighbour.waiting.is_empty())
    }

    /// Says something to another shard, now or as soon as it takes it.
    pub(super) fn say(&mut self, to: ShardIndex, control: Control) {
        let Some(neighbour) = self.all.get_mut(usize::from(to.0)) else { return };
        neighbour.waiting.push_back(control);
        neighbour.push();
        if neighbour.waiting.len() > WAITING_MAX {
            neighbour.waiting.clear();
            neighbour.waiting.push_back(Control::ShardLost { shard: self.shard });
            neighbour.is_lost = true;
        }
    }

    /// Sends a packet to another shard. Returns it if there is no room.
    pub(super) fn send(&mut self, to: ShardIndex, relay: Relay) -> Result<(), Relay> {
        let Some(neighbour) = self.all.get_mut(usize::from(to.0)) else { return Err(relay) };
        neighbour.link.relay(self.shard, relay)?;
        neighbour.is_sent_packets = true;
        Ok(())
    }

    /// Returns a shard to which something that was said is lost.
    pub(super) fn take_lost(&mut self) -> Option<ShardIndex> {
        let place = self.all.iter_mut().position(|neighbour| std::mem::take(&mut neighbour.is_lost))?;
        u8::try_from(place).ok().map(ShardIndex)
    }

    /// Ends a turn: who was told or sent something is woken.
    pub(super) fn flush(&mut self) {
        for neighbour in &mut self.all {
            neighbour.push();
            let (is_told, is_sent_packets) =
                (std::mem::take(&mut neighbour.is_told), std::mem::take(&mut neighbour.is_sent_packets));
            if is_told || is_sent_packets {
                neighbour.link.wake_for(!is_told);
            }
        }
    }

    /// Tells the others that what this shard knew of their rooms is gone.
    pub(super) fn begin_afresh(&mut self) {
        for (place, neighbour) in self.all.iter_mut().enumerate() {
            if place != usize::from(self.shard.0) {
                neighbour.waiting.clear();
                neighbour.waiting.push_back(Control::ShardLost { shard: self.shard });
            }
        }
    }
}

impl Neighbour {
    /// Queues what waits, as far as there is room.
    fn push(&mut self) {
        while let Some(control) = self.waiting.pop_front() {
            match self.link.say(control) {
                Ok(()) => self.is_told = true,
                Err(control) => return self.waiting.push_front(control),
            }
        }
    }
}
