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
    pub(super) fn send(&mut self, to: ShardIndex, relay: Relay) -> Option<Relay> {
        let Some(neighbour) = self.all.get_mut(usize::from(to.0)) else { return Some(relay) };
        let left = neighbour.link.relay(self.shard, relay);
        neighbour.is_sent_packets |= left.is_none();
        left
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
                None => self.is_told = true,
                Some(control) => return self.waiting.push_front(control),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mio::{Poll, Token, Waker};

    use super::*;
    use crate::media::link::{self, Queues};

    const OTHER: ShardIndex = ShardIndex(1);

    /// Returns what the first of two shards has, and the queues of the second.
    fn two() -> (Neighbours, Queues) {
        let shard = || link::link(Waker::new(Poll::new().unwrap().registry(), Token(0)).unwrap(), 2);
        let ((own, _), (other, queues)) = (shard(), shard());
        (Neighbours::new(ShardIndex(0), vec![own, other]), queues)
    }

    fn numbered(number: usize) -> Control {
        let source = std::net::SocketAddr::from(([127, 0, 0, 1], number as u16));
        Control::Learn { source, owner: OTHER }
    }

    /// Takes all that is queued: numbers, and nothing for that a shard is lost.
    fn take(queues: &Queues) -> Vec<Option<usize>> {
        let number = |control| match control {
            Control::Learn { source, .. } => Some(source.port().into()),
            _ => None,
        };
        queues.control.try_iter().map(number).collect()
    }

    #[test]
    fn what_a_busy_shard_does_not_take_waits_in_its_order() {
        let (mut neighbours, queues) = two();
        (0..10_000).for_each(|number| neighbours.say(OTHER, numbered(number)));
        let mut taken = Vec::new();
        while neighbours.are_owed() {
            taken.extend(take(&queues));
            neighbours.flush();
        }
        taken.extend(take(&queues));
        assert_eq!(taken, (0..10_000).map(Some).collect::<Vec<_>>());
        assert_eq!(neighbours.take_lost(), None);
    }

    #[test]
    fn shard_that_takes_nothing_any_more_is_lost_and_learns_so_before_all_else() {
        let (mut neighbours, queues) = two();
        let mut said = 0;
        let lost = loop {
            neighbours.say(OTHER, numbered(said));
            said += 1;
            if let Some(lost) = neighbours.take_lost() {
                break lost;
            }
        };
        assert_eq!((lost, neighbours.take_lost()), (OTHER, None));
        neighbours.say(OTHER, numbered(7));
        let queued = take(&queues).len();
        assert!(said > WAITING_MAX && queued < WAITING_MAX);
        neighbours.flush();
        assert_eq!(take(&queues), [None, Some(7)]);
    }
}
