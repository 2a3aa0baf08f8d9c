//! What a probe found: the lesser of how fast it left and how fast it arrived.
//!
//! The bounds are libwebrtc's. Packets that leave or arrive within a millisecond count as one burst, for senders of
//! segmented messages and receivers that are woken late.

use super::{
    history::Sent,
    probe::{Probe, ProbeId},
};

/// Probes that may be under way.
const PROBES: usize = 4;
/// Share of packets and bytes that must arrive, in per cent.
const ARRIVED: usize = 80;
/// Microseconds of a burst.
const BURST: i64 = 1_000;
/// Longer or shorter, in microseconds, is no probe.
const SPAN_MAX: i64 = 1_000_000;
const SPAN_MIN: i64 = 3_000;
/// Arrival cannot be so many times as fast as sending; it was held back and handed over at once.
const FASTER_MAX: u64 = 2;
/// Slower than this share of sending, in per cent, the link is full; of that, so much is kept.
const SLOWER: u64 = 90;
const FULL: u64 = 95;

#[derive(Clone, Copy, Debug)]
struct Under {
    id: ProbeId,
    packets_min: usize,
    bytes_min: usize,
    packets: usize,
    bytes: usize,
    first_sent: i64,
    last_sent: i64,
    last_bytes: usize,
    first_arrived: i64,
    last_arrived: i64,
    first_bytes: usize,
    is_new: bool,
}

/// The probes under way.
#[derive(Debug, Default)]
pub(super) struct Answers {
    probes: [Option<Under>; PROBES],
}

impl Answers {
    pub(super) fn expect(&mut self, probe: &Probe) {
        self.probes[probe.id.place(PROBES)] = Some(Under {
            id: probe.id,
            packets_min: probe.min_packets * ARRIVED / 100,
            bytes_min: probe.min_bytes / 100 * ARRIVED,
            packets: 0,
            bytes: 0,
            first_sent: i64::MAX,
            last_sent: i64::MIN,
            last_bytes: 0,
            first_arrived: i64::MAX,
            last_arrived: i64::MIN,
            first_bytes: 0,
            is_new: false,
        });
    }

    /// Takes a packet that arrived.
    pub(super) fn packet(&mut self, sent: &Sent, arrived: i64) {
        let Some(id) = sent.probe else { return };
        let Some(under) = self.probes[id.place(PROBES)].as_mut().filter(|under| under.id == id) else {
            return;
        };
        let bytes = usize::from(sent.bytes);
        under.packets += 1;
        under.bytes += bytes;
        under.is_new = true;
        if under.last_sent == i64::MIN || sent.at > under.last_sent + BURST {
            (under.last_sent, under.last_bytes) = (sent.at, bytes);
        } else if sent.at >= under.last_sent - BURST {
            under.last_bytes += bytes;
        }
        under.first_sent = under.first_sent.min(sent.at);
        if under.first_arrived == i64::MAX || arrived < under.first_arrived - BURST {
            (under.first_arrived, under.first_bytes) = (arrived, bytes);
        } else if arrived <= under.first_arrived + BURST {
            under.first_bytes += bytes;
        }
        under.last_arrived = under.last_arrived.max(arrived);
    }

    /// Returns what was found since the last call, in bits per second.
    pub(super) fn take(&mut self) -> impl Iterator<Item = (ProbeId, u64)> {
        self.probes.iter_mut().flatten().filter_map(|under| {
            if !std::mem::take(&mut under.is_new) {
                return None;
            }
            under.rate().map(|rate| (under.id, rate))
        })
    }
}

impl Under {
    fn rate(&self) -> Option<u64> {
        if self.packets < self.packets_min || self.bytes < self.bytes_min {
            return None;
        }
        let sent = rate(self.bytes - self.last_bytes, self.last_sent - self.first_sent)?;
        let arrived = rate(self.bytes - self.first_bytes, self.last_arrived - self.first_arrived)?;
        if arrived / FASTER_MAX > sent {
            return None;
        }
        Some(if arrived < sent * SLOWER / 100 { arrived * FULL / 100 } else { arrived.min(sent) })
    }
}

fn rate(bytes: usize, micros: i64) -> Option<u64> {
    (SPAN_MIN..=SPAN_MAX).contains(&micros).then(|| bytes as u64 * 8_000_000 / micros.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::super::probe::{Path, Prober};
    use super::*;

    /// What a probe of 2 Mbit/s finds: 8 packets of 1250 bytes, 5 ms apart, that arrive so many µs apart.
    fn found(apart: i64, arrived: i64) -> Option<u64> {
        let mut prober = Prober::new(1_000_000);
        prober.set_desired(1_334_000, 0);
        let path = Path { estimate: 0, is_calm: true, since_lowered: 0 };
        let probe = prober.poll(0, path).unwrap();
        let mut answers = Answers::default();
        answers.expect(&probe);
        for n in 0..arrived {
            let sent = Sent { at: n * 5000, bytes: 1250, probe: Some(probe.id) };
            answers.packet(&sent, 1_000_000 + n * apart);
        }
        answers.take().next().map(|(_, rate)| rate)
    }

    #[test]
    fn rate_is_the_lesser_of_leaving_and_arriving() {
        assert_eq!(found(5000, 8), Some(2_000_000));
        assert_eq!(found(4000, 8), Some(2_000_000));
        assert_eq!(found(10_000, 8), Some(950_000));
    }

    #[test]
    fn too_few_or_too_fast_find_nothing() {
        assert_eq!(found(5000, 3), None);
        assert_eq!(found(2000, 8), None);
        assert_eq!(found(0, 8), None);
    }
}
