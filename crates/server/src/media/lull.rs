//! When nobody would notice if packets waited a moment to be taken together.
//!
//! A thousand who are connected and say nothing send consent checks and reports: a thousand packets a second, none of which is
//! urgent. Waking the thread for each costs several times what the packet itself does. So while no media passes and nobody
//! connects, what comes is looked at every [`PAUSE`] instead.

use std::time::{Duration, Instant};

/// How long a packet waits at most. The first one of a picture or a voice after a lull does, too; none after it.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// How long after a media packet the next ones are expected at any moment.
const AFTER_MEDIA: Duration = Duration::from_secs(1);

/// Time for ICE and DTLS of who begins to connect, where each step waits for the last.
const AFTER_CONNECTING: Duration = Duration::from_secs(10);

/// Packets are counted for this long.
const WINDOW: Duration = Duration::from_secs(1);

/// Packets of a window that begin a lull, and those below which it ends: with fewer, waking for each costs less than looking a
/// hundred times a second.
const PACKETS_MIN: u32 = 200;
const PACKETS_FEW: u32 = 100;

/// Whether there is a lull.
#[derive(Debug)]
pub(super) struct Lull {
    busy_until: Instant,
    window: Instant,
    packets: u32,
    is_on: bool,
}

impl Lull {
    pub(super) const fn new(now: Instant) -> Self {
        Self { busy_until: now, window: now, packets: 0, is_on: false }
    }

    /// Takes note that somebody begins to connect.
    pub(super) fn note_connecting(&mut self, now: Instant) {
        self.busy_until = self.busy_until.max(now + AFTER_CONNECTING);
    }

    /// Takes note of a packet. One of media that went nowhere, for its source is off, is like any other: Firefox sends one a
    /// second of a camera that was taken away.
    pub(super) fn note_packet(&mut self, now: Instant, contents: &[u8], was_off: bool) {
        self.packets = self.packets.saturating_add(1);
        // RFC 7983 section 7, and RFC 5761 section 4: media, and not its reports.
        if !was_off && matches!(contents, [128..=191, second, ..] if !(192..=223).contains(second)) {
            self.note_media(now);
        }
    }

    /// Takes note of a packet of media.
    pub(super) fn note_media(&mut self, now: Instant) {
        self.busy_until = self.busy_until.max(now + AFTER_MEDIA);
    }

    /// Returns whether there is one now.
    pub(super) fn is_on(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.window) >= WINDOW {
            self.is_on = self.packets >= if self.is_on { PACKETS_FEW } else { PACKETS_MIN };
            self.window = now;
            self.packets = 0;
        }
        self.is_on &= self.busy_until <= now;
        self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: &[u8] = &[0, 1, 0, 80];
    const REPORT: &[u8] = &[0x80, 201, 0, 1];
    const MEDIA: &[u8] = &[0x90, 96, 0, 1];

    /// Passes a second in which `packets` come.
    fn pass(lull: &mut Lull, now: &mut Instant, packets: u32) -> bool {
        for count in 0..packets {
            lull.note_packet(*now, if count % 2 == 0 { CHECK } else { REPORT }, false);
        }
        *now += WINDOW;
        lull.is_on(*now)
    }

    #[test]
    fn lull_needs_many_packets_and_no_media() {
        let mut now = Instant::now();
        let mut lull = Lull::new(now);
        assert!(!pass(&mut lull, &mut now, PACKETS_MIN - 1));
        assert!(pass(&mut lull, &mut now, PACKETS_MIN));
        assert!(pass(&mut lull, &mut now, PACKETS_FEW));
        assert!(!pass(&mut lull, &mut now, PACKETS_FEW - 1));
    }

    #[test]
    fn lull_ends_with_the_first_packet_of_media() {
        let mut now = Instant::now();
        let mut lull = Lull::new(now);
        assert!(pass(&mut lull, &mut now, 1000));
        lull.note_packet(now, MEDIA, false);
        assert!(!lull.is_on(now));
        assert!(pass(&mut lull, &mut now, 1000), "a second after the last");
    }

    #[test]
    fn media_of_a_source_that_is_off_does_not_end_a_lull() {
        let mut now = Instant::now();
        let mut lull = Lull::new(now);
        assert!(pass(&mut lull, &mut now, 1000));
        lull.note_packet(now, MEDIA, true);
        assert!(lull.is_on(now));
    }

    #[test]
    fn who_connects_never_waits() {
        let mut now = Instant::now();
        let mut lull = Lull::new(now);
        assert!(pass(&mut lull, &mut now, 1000));
        lull.note_connecting(now);
        for _ in 0..9 {
            assert!(!pass(&mut lull, &mut now, 1000));
        }
        assert!(pass(&mut lull, &mut now, 1000));
    }

    #[test]
    fn media_does_not_shorten_the_time_of_who_connects() {
        let mut now = Instant::now();
        let mut lull = Lull::new(now);
        lull.note_connecting(now);
        lull.note_packet(now, MEDIA, false);
        for _ in 0..9 {
            assert!(!pass(&mut lull, &mut now, 1000));
        }
        assert!(pass(&mut lull, &mut now, 1000));
    }

    #[test]
    fn media_are_told_from_reports_and_from_everything_else_at_their_bounds() {
        let media = [[128, 191], [191, 224], [144, 0], [144, 255]];
        let others = [[127, 96], [192, 96], [128, 192], [191, 223]];
        for (packets, ends) in [(media, true), (others, false)] {
            for packet in packets {
                let mut now = Instant::now();
                let mut lull = Lull::new(now);
                assert!(pass(&mut lull, &mut now, 1000));
                lull.note_packet(now, &packet, false);
                assert_eq!(!lull.is_on(now), ends, "{packet:?}");
            }
        }
        let mut now = Instant::now();
        let mut lull = Lull::new(now);
        assert!(pass(&mut lull, &mut now, 1000));
        [&[][..], &[144]].into_iter().for_each(|short| lull.note_packet(now, short, false));
        assert!(lull.is_on(now));
    }
}
