//! Measures each stream that one participant receives, while its gauge says so.
//!
//! What arrived is counted by the [`Sink`](crate::Sink) from the first packet on; this keeps the difference over the
//! measured time, and adds what only a load asks for: how long packets were on their way, and when a picture stood still
//! or a voice was late.

use std::{sync::Arc, time::Duration};

use sabha_protocol::{MediaKind, wire::server::Occupant};

use super::{
    gauge::Gauge,
    histogram::Histogram,
    stamp::{Check, check},
};
use crate::{sink::StreamFigures, source::AUDIO_TICKS};

/// A picture stands still when the next frame takes three times as long as usual, and this much longer.
/// Source: `freezeCount` of the W3C's "Identifiers for WebRTC's Statistics API".
const FREEZE_EXTRA: Duration = Duration::from_millis(150);

/// The usual time between frames is that of about so many.
const USUAL_FRAMES: u64 = 16;

/// A voice is late when its packet comes so much later after the one before than it was spoken: a jitter buffer of a
/// browser holds about as much.
const GAP_MIN: Duration = Duration::from_millis(60);

/// Measures the streams of one receiver.
#[derive(Debug)]
pub(crate) struct Meter {
    gauge: Arc<Gauge>,
    receiver: usize,
    streams: Vec<StreamMeter>,
    scratch: Vec<u8>,
}

/// What is known of a packet that came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    /// When the kernel had it, in unix nanoseconds.
    pub(crate) arrived_ns: u64,
    /// RTP time.
    pub(crate) time: u32,
    pub(crate) srtp_tag_bytes: usize,
    /// What tells when it was sent, where that was opened.
    pub(crate) payload: Option<&'a [u8]>,
}

/// What was measured of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) publication: Occupant,
    /// What arrived while it was measured.
    pub(crate) figures: StreamFigures,
    pub(crate) latency: Histogram,
    pub(crate) stalls: Stalls,
    pub(crate) checks: Checks,
    /// Bytes that SRTP added to a packet.
    pub(crate) srtp_tag_bytes: usize,
}

/// How often, and how long, a picture stood still or a voice was late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stalls {
    pub(crate) count: u64,
    pub(crate) total: Duration,
    pub(crate) longest: Duration,
}

/// Opened frames, by what came of the check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checks {
    pub(crate) right: u64,
    pub(crate) silent: u64,
    pub(crate) wrong: u64,
}

#[derive(Clone, Debug)]
struct StreamMeter {
    before: Option<StreamFigures>,
    after: Option<StreamFigures>,
    latency: Histogram,
    pace: Pace,
    stalls: Stalls,
    checks: Checks,
    srtp_tag_bytes: usize,
}

/// When the last frame or packet came, in unix nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    last_ns: Option<u64>,
    last_time: u32,
    /// Nanoseconds between two frames.
    usual_ns: u64,
}

impl Meter {
    pub(crate) const fn new(gauge: Arc<Gauge>, receiver: usize) -> Self {
        Self { gauge, receiver, streams: Vec::new(), scratch: Vec::new() }
    }

    /// Returns whether the frames of this down-slot are opened.
    pub(crate) fn opens(&self, slot: usize) -> bool {
        self.gauge.opens(self.receiver, slot)
    }

    /// Takes a packet of the stream with this index, before it is counted in `figures`.
    pub(crate) fn packet(
        &mut self,
        index: usize,
        kind: MediaKind,
        packet: Arrival<'_>,
        figures: &StreamFigures,
    ) {
        let Self { gauge, streams, .. } = self;
        let stream = stream(streams, index);
        if gauge.is_over(packet.arrived_ns) {
            stream.after.get_or_insert_with(|| figures.clone());
            return;
        }
        if gauge.covers(packet.arrived_ns) {
            stream.before.get_or_insert_with(|| figures.clone());
            // Padding, and what a retransmission says of the packet that it repeats, make single packets longer.
            stream.srtp_tag_bytes = stream.srtp_tag_bytes.min(packet.srtp_tag_bytes);
            if let Some(sent_ns) = packet.payload.and_then(|payload| gauge.times.find(payload)) {
                // The two clocks are one, but it may be set meanwhile.
                stream.latency.record(packet.arrived_ns.saturating_sub(sent_ns) / 1_000);
            }
        }
        if kind == MediaKind::Audio {
            let late = stream.pace.sound(packet.arrived_ns, packet.time);
            if gauge.covers(packet.arrived_ns) {
                stream.stalls.add(late);
            }
        }
    }

    /// Takes a frame that is whole; `opened` is what is in it, if it was opened.
    pub(crate) fn frame(&mut self, index: usize, kind: MediaKind, arrived_ns: u64, opened: Option<&[u8]>) {
        let Self { gauge, streams, scratch, .. } = self;
        let stream = stream(streams, index);
        let stood_still =
            if kind == MediaKind::Video { stream.pace.picture(arrived_ns) } else { Duration::ZERO };
        if !gauge.covers(arrived_ns) {
            return;
        }
        stream.stalls.add(stood_still);
        match opened.map(|frame| check(frame, scratch)) {
            None => {}
            Some(Check::Right) => stream.checks.right += 1,
            Some(Check::Silent) => stream.checks.silent += 1,
            Some(Check::Wrong) => stream.checks.wrong += 1,
        }
    }

    /// Says that the server has stopped the stream, so that what comes next is not late.
    pub(crate) fn pause(&mut self, index: usize) {
        stream(&mut self.streams, index).pace = Pace::default();
    }

    /// Returns what was measured of the stream with this index, whose figures are these now; nothing if no packet came
    /// meanwhile. A picture that still stands counts up to the end.
    pub(crate) fn measured(
        &self,
        index: usize,
        publication: Occupant,
        figures: &StreamFigures,
    ) -> Option<Measured> {
        let stream = self.streams.get(index)?;
        let before = stream.before.as_ref()?;
        let figures = stream.after.as_ref().unwrap_or(figures).since(before);
        let mut stalls = stream.stalls;
        if publication.source.kind() == MediaKind::Video && stream.after.is_none() {
            let (mut pace, ended_ns) = (stream.pace, self.gauge.ended_ns());
            stalls.add(if ended_ns == u64::MAX { Duration::ZERO } else { pace.picture(ended_ns) });
        }
        let (latency, checks) = (stream.latency.clone(), stream.checks);
        let srtp_tag_bytes = stream.srtp_tag_bytes;
        Some(Measured { publication, figures, latency, stalls, checks, srtp_tag_bytes })
    }
}

impl Stalls {
    fn add(&mut self, time: Duration) {
        if !time.is_zero() {
            self.count += 1;
            self.total += time;
            self.longest = self.longest.max(time);
        }
    }
}

impl Pace {
    /// Takes a frame, and returns for how long the picture stood still before it.
    fn picture(&mut self, at_ns: u64) -> Duration {
        let Some(last_ns) = self.last_ns.replace(at_ns) else { return Duration::ZERO };
        let took_ns = at_ns.saturating_sub(last_ns);
        let usual_ns = self.usual_ns;
        let stands_still =
            usual_ns > 0 && took_ns >= (3 * usual_ns).max(usual_ns + FREEZE_EXTRA.as_nanos() as u64);
        if stands_still {
            return Duration::from_nanos(took_ns - usual_ns);
        }
        self.usual_ns =
            if usual_ns == 0 { took_ns } else { usual_ns - usual_ns / USUAL_FRAMES + took_ns / USUAL_FRAMES };
        Duration::ZERO
    }

    /// Takes a packet of sound, and returns how late it came after the one before.
    fn sound(&mut self, at_ns: u64, time: u32) -> Duration {
        let last_time = std::mem::replace(&mut self.last_time, time);
        let Some(last_ns) = self.last_ns.replace(at_ns) else { return Duration::ZERO };
        let spoken_ns = u64::from(time.wrapping_sub(last_time)) * 1_000_000_000 / u64::from(AUDIO_TICKS);
        let late = Duration::from_nanos(at_ns.saturating_sub(last_ns).saturating_sub(spoken_ns));
        if late >= GAP_MIN { late } else { Duration::ZERO }
    }
}

fn stream(streams: &mut Vec<StreamMeter>, index: usize) -> &mut StreamMeter {
    if streams.len() <= index {
        streams.resize_with(index + 1, || StreamMeter {
            before: None,
            after: None,
            latency: Histogram::new(),
            pace: Pace::default(),
            stalls: Stalls::default(),
            checks: Checks::default(),
            srtp_tag_bytes: usize::MAX,
        });
    }
    &mut streams[index]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn picture_stands_still_when_a_frame_takes_far_longer_than_usual() {
        let mut pace = Pace::default();
        let mut at = 5_000 * MS;
        let mut after = |ms| {
            at += ms * MS;
            pace.picture(at)
        };
        for _ in 0..50 {
            assert_eq!(after(33), Duration::ZERO);
        }
        assert_eq!(after(100), Duration::ZERO, "three frames late is not yet a freeze of 150 ms");
        assert!(after(400) > Duration::from_millis(350));
        assert_eq!(after(33), Duration::ZERO);
    }

    #[test]
    fn silence_of_discontinuous_transmission_is_not_late_and_a_held_packet_is() {
        let mut pace = Pace::default();
        assert_eq!(pace.sound(1_000 * MS, 0), Duration::ZERO);
        assert_eq!(pace.sound(1_400 * MS, 19_200), Duration::ZERO);
        assert_eq!(pace.sound(1_420 * MS, 20_160), Duration::ZERO);
        assert_eq!(pace.sound(1_540 * MS, 21_120), Duration::from_millis(100));
        assert_eq!(pace.sound(1_541 * MS, 22_080), Duration::ZERO, "what was held with it comes at once");
    }
}
