//! Losses, duplicates and whole frames by what RTP says in the clear, of packets that nobody opened.
//!
//! A picture's packets share a time, the last has the marker, and the first comes behind one of another time. So a frame is
//! known to be whole unless a packet right before it never came: which frame that belonged to, only what is sealed says.

/// Packets remembered, as for those that are opened.
const WINDOW: usize = 512;

/// The latest packets of a slot.
#[derive(Debug, Default)]
pub(super) struct Headers {
    /// `seen[sequence % WINDOW]`; made with the first packet, for most slots stay empty.
    seen: Vec<Seen>,
    first: u64,
    highest: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Plus one, so that zero is nothing.
    sequence: u64,
    time: u32,
    marker: bool,
    /// Whether it is the last of a frame that was counted.
    is_counted: bool,
}

/// What a packet came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// It was there before.
    Again,
    /// It is new.
    New {
        /// Packets that are missing since, if it is ahead; those before it that are not any more, as a negative number.
        lost: i64,
        /// Pictures that are whole since.
        frames: u64,
    },
}

impl Headers {
    /// Forgets the packets of the publication that was here.
    pub(super) fn restart(&mut self) {
        self.highest = None;
        self.seen.clear();
    }

    /// Takes a packet of a picture or a voice, of which frames only mean something if it is a picture.
    pub(super) fn receive(&mut self, sequence: u16, time: u32, marker: bool) -> Arrived {
        if self.seen.is_empty() {
            self.seen = vec![Seen::default(); WINDOW];
        }
        // The nearest to the highest; the first begins in the second round, so that what came before it has a number.
        let Some(highest) = self.highest else {
            let sequence = 0x1_0000 + u64::from(sequence);
            (self.first, self.highest) = (sequence, Some(sequence));
            self.note(sequence, time, marker);
            return Arrived::New { lost: 0, frames: self.complete(sequence) };
        };
        let step = i64::from(sequence.wrapping_sub(highest as u16) as i16);
        let Some(sequence) = highest.checked_add_signed(step) else { return Arrived::Again };
        if self.at(sequence).is_some() {
            return Arrived::Again;
        }
        self.note(sequence, time, marker);
        if step > 0 {
            self.highest = Some(sequence);
            // The common case costs nothing: only a marker can complete a frame.
            let frames = if marker { self.complete(sequence) } else { 0 };
            return Arrived::New { lost: step - 1, frames };
        }
        // Two frames may have waited for it: its own, and that which begins behind it.
        let frames = self.complete(sequence) + self.complete(sequence + 1);
        Arrived::New { lost: -1, frames }
    }

    fn note(&mut self, sequence: u64, time: u32, marker: bool) {
        let at = (sequence % WINDOW as u64) as usize;
        self.seen[at] = Seen { sequence: sequence + 1, time, marker, is_counted: false };
    }

    fn at(&self, sequence: u64) -> Option<&Seen> {
        let seen = self.seen.get((sequence % WINDOW as u64) as usize)?;
        (seen.sequence == sequence + 1).then_some(seen)
    }

    /// Returns 1 if the frame of this packet is whole and was not counted before.
    fn complete(&mut self, sequence: u64) -> u64 {
        self.last_of_whole(sequence).map_or(0, |last| {
            let seen = &mut self.seen[(last % WINDOW as u64) as usize];
            u64::from(!std::mem::replace(&mut seen.is_counted, true))
        })
    }

    fn last_of_whole(&self, sequence: u64) -> Option<u64> {
        let time = self.at(sequence)?.time;
        let mut first = sequence;
        while first != self.first {
            match self.at(first - 1)? {
                before if before.time == time => first -= 1,
                _ => break,
            }
        }
        let mut last = sequence;
        while !self.at(last)?.marker {
            last += 1;
            self.at(last).filter(|seen| seen.time == time)?;
        }
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::{
        super::{
            StreamFigures,
            stream::{Receiver, Stream, assignment, camera, sink},
        },
        *,
    };
    use crate::media::ReceivedPacket;

    fn run(packets: &[(u16, u32, bool)]) -> (i64, u64, u64) {
        let mut headers = Headers::default();
        let (mut lost, mut frames, mut again) = (0, 0, 0);
        for (sequence, time, marker) in packets {
            match headers.receive(*sequence, *time, *marker) {
                Arrived::Again => again += 1,
                Arrived::New { lost: more, frames: whole } => (lost, frames) = (lost + more, frames + whole),
            }
        }
        (lost, frames, again)
    }

    #[test]
    fn frames_are_whole_over_the_wrap_once_each() {
        let packets =
            [(65_534, 1, false), (65_535, 1, true), (0, 2, true), (1, 3, false), (1, 3, false), (2, 3, true)];
        assert_eq!(run(&packets), (0, 3, 1));
    }

    #[test]
    fn late_packet_completes_the_frame_that_it_ends_and_the_one_behind_it() {
        let packets = [(1, 1, false), (3, 2, false), (4, 2, true), (2, 1, true), (2, 1, true)];
        assert_eq!(run(&packets), (0, 2, 1));
        let in_the_middle = [(1, 1, false), (3, 1, true), (2, 1, false)];
        assert_eq!(run(&in_the_middle), (0, 1, 0));
    }

    #[test]
    fn frame_behind_a_packet_that_never_came_is_not_known_to_be_whole() {
        let packets = [(1, 1, true), (3, 2, false), (4, 2, true), (5, 3, true)];
        assert_eq!(run(&packets), (1, 2, 0));
    }

    #[test]
    fn what_comes_before_the_first_is_new_and_later_publications_begin_anew() {
        let mut headers = Headers::default();
        assert_eq!(headers.receive(5, 2, true), Arrived::New { lost: 0, frames: 1 });
        assert_eq!(headers.receive(4, 1, true), Arrived::New { lost: -1, frames: 0 });
        headers.restart();
        assert_eq!(headers.receive(5, 2, true), Arrived::New { lost: 0, frames: 1 });
        assert_eq!(headers.receive(900, 3, true), Arrived::New { lost: 894, frames: 0 });
    }

    /// Feeds both sinks, and returns what each made of it.
    fn both(packets: &[ReceivedPacket]) -> [StreamFigures; 2] {
        let start = packets[0].at;
        [false, true].map(|only_counts| {
            let Receiver { sink, mut frames } = sink(start);
            let mut sink = sink.counting_only(only_counts);
            sink.assign(&[assignment("v0", Some(camera(1)))]);
            packets.iter().for_each(|packet| sink.receive(packet, &mut frames));
            sink.publications()[0].figures.clone()
        })
    }

    proptest! {
        #[test]
        fn counting_by_headers_comes_to_the_same_as_opening(
            fates in prop::collection::vec((0_u8..20, 1_usize..40), 150),
            repairs: bool,
        ) {
            let start = Instant::now();
            let mut stream = Stream::new(start);
            let sent: Vec<_> = (0..50).flat_map(|number| stream.frame(number == 0)).collect();
            // Lost, late, and twice: what is lost comes in the end, or never. The last packets come in order, so that both
            // know where the stream ends.
            let (mut order, mut late): (Vec<usize>, Vec<(usize, usize)>) = (vec![0], Vec::new());
            for (index, (fate, by)) in fates.iter().enumerate().skip(1).take(sent.len() - 7) {
                late.retain(|(due, index)| {
                    if *due <= order.len() {
                        order.push(*index);
                    }
                    *due > order.len()
                });
                match fate {
                    0 => late.push((if repairs { order.len() + by } else { usize::MAX }, index)),
                    1 => order.extend([index, index]),
                    _ => order.push(index),
                }
            }
            order.extend(late.iter().filter(|(due, _)| *due != usize::MAX).map(|(_, index)| *index));
            order.extend(sent.len() - 6..sent.len());
            let came: Vec<_> = order.iter().map(|index| copy(&sent[*index])).collect();

            let [opened, counted] = both(&came);

            let of = |figures: &StreamFigures| {
                let StreamFigures { packets, bytes, lost, duplicates, longest_gap_ms, .. } = *figures;
                (packets, bytes, lost, duplicates, longest_gap_ms)
            };
            prop_assert_eq!(of(&opened), of(&counted));
            prop_assert_eq!((counted.frames, opened.unopened), (0, 0));
            if opened.lost == 0 {
                prop_assert_eq!(opened.frames, counted.unopened);
            } else {
                // Behind each that never came there is at most one frame of which only its descriptor says that it is whole.
                prop_assert!(counted.unopened <= opened.frames);
                prop_assert!(opened.frames <= counted.unopened + opened.lost);
            }
        }
    }

    fn copy(packet: &ReceivedPacket) -> ReceivedPacket {
        ReceivedPacket { payload: packet.payload.clone(), ..*packet }
    }
}
