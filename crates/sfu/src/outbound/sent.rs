//! Counts what was sent of a stream, for its sender reports.
//!
//! Source: RFC 3550 section 6.4.1.

use std::time::Instant;

use crate::{rtcp::SenderInfo, timeline::Timeline};

/// What was sent of one stream.
#[derive(Debug)]
pub(crate) struct Sent {
    clock_rate: u32,
    packets: u32,
    octets: u32,
    /// When the newest timestamp was first sent.
    newest: Option<(Instant, u32)>,
    /// What the reports of who made it say.
    timeline: Option<Timeline>,
}

impl Sent {
    /// Returns the counters of a stream of which nothing has been sent. `clock_rate` is that of its timestamps, in Hz.
    pub(crate) fn new(clock_rate: u32) -> Self {
        Self { clock_rate, packets: 0, octets: 0, newest: None, timeline: None }
    }

    /// Counts a packet with so many bytes of payload, header and padding excluded.
    pub(crate) fn count(&mut self, now: Instant, timestamp: u32, octets: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(octets as u32);
        // The packets of a picture share a timestamp and may leave over many milliseconds: the first one tells when
        // the picture was there. What is older was sent again, or late.
        if self.newest.is_none_or(|(_, newest)| (timestamp.wrapping_sub(newest) as i32) > 0) {
            self.newest = Some((now, timestamp));
        }
    }

    /// Lets reports say what those of the stream's maker say; `None` while there are none.
    pub(crate) fn follow(&mut self, timeline: Option<Timeline>) {
        self.timeline = timeline;
    }

    /// Returns what a report says that leaves now, when the wall clock shows `ntp`: where the stream's maker says that its
    /// timestamps stand, or as long as it says nothing, where they stand if what was sent last was made when it was
    /// sent. `None` as long as nothing has been sent.
    pub(crate) fn sender_info(&self, now: Instant, ntp: u64) -> Option<SenderInfo> {
        let (at, timestamp) = self.newest?;
        let timeline = self.timeline.unwrap_or(Timeline { at, timestamp });
        Some(SenderInfo {
            ntp,
            timestamp: timeline.timestamp_at(now, self.clock_rate),
            packets: self.packets,
            octets: self.octets,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn nothing_is_said_before_anything_was_sent() {
        assert_eq!(Sent::new(90_000).sender_info(Instant::now(), 1), None);
    }

    #[test]
    fn timestamp_goes_on_from_the_first_packet_of_the_newest_picture() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut sent = Sent::new(90_000);
        sent.count(at(0), u32::MAX, 100);
        sent.count(at(10), 2999, 200);
        sent.count(at(15), 2999, 300);
        sent.count(at(20), u32::MAX, 400);

        let info = sent.sender_info(at(110), 7).unwrap();
        assert_eq!(info, SenderInfo { ntp: 7, timestamp: 2999 + 9000, packets: 4, octets: 1000 });
    }

    #[test]
    fn report_says_what_the_maker_of_the_stream_says() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut sent = Sent::new(90_000);
        sent.count(at(50), 900, 100);
        assert_eq!(sent.sender_info(at(60), 1).unwrap().timestamp, 1800);
        sent.follow(Some(Timeline { at: at(0), timestamp: 900 }));
        assert_eq!(sent.sender_info(at(60), 1).unwrap().timestamp, 900 + 5400);
        sent.follow(None);
        assert_eq!(sent.sender_info(at(60), 1).unwrap().timestamp, 1800);
    }

    #[test]
    fn counters_wrap() {
        let start = Instant::now();
        let mut sent = Sent { packets: u32::MAX, octets: u32::MAX, ..Sent::new(48_000) };
        sent.count(start, 0, 11);
        let info = sent.sender_info(start, 0).unwrap();
        assert_eq!((info.packets, info.octets), (0, 10));
    }
}
