//! What a browser reports of slots to which nothing comes: for each of them, and by itself, that nothing came.
//!
//! libwebrtc has a sender of RTCP for each stream that it may receive (`modules/rtp_rtcp/source/rtcp_sender.cc`): each sends a
//! receiver report without a block every second for a picture and every five for sound, at random between half and one and
//! a half times that (RFC 3550 section 6.2), whether or not anything ever came. So a page with slots for 25 pictures sends 26
//! packets a second in a meeting in which nobody sends any (Chromium 156: `web/e2e/measure/idle.measure.ts`).

use sabha_protocol::MediaKind;

use crate::source::Random;

/// Between two reports of a slot, on the average, in nanoseconds.
const PICTURE_INTERVAL_NS: u64 = 1_000_000_000;
const SOUND_INTERVAL_NS: u64 = 5_000_000_000;

/// A receiver report without a block: version 2, type 201, one more word (RFC 3550 section 6.4.2).
const EMPTY_REPORT: [u8; 4] = [0x80, 201, 0, 1];

/// When each slot reports next.
#[derive(Debug)]
pub(super) struct Silence {
    ssrc: u32,
    slots: Vec<Slot>,
    random: Random,
}

#[derive(Debug)]
struct Slot {
    interval_ns: u64,
    /// Nothing before the first look.
    due_ns: Option<u64>,
}

impl Silence {
    /// Returns the reports of slots of these kinds, under this SSRC.
    pub(super) fn new(ssrc: u32, slots: impl Iterator<Item = MediaKind>) -> Self {
        let interval_ns =
            |kind| if kind == MediaKind::Audio { SOUND_INTERVAL_NS } else { PICTURE_INTERVAL_NS };
        let slots = slots.map(|kind| Slot { interval_ns: interval_ns(kind), due_ns: None });
        Self { ssrc, slots: slots.collect(), random: Random::new(ssrc.into()) }
    }

    /// Writes the report of one slot that is due at `now_ns` into `out`, which is empty; leaves it empty if none is.
    pub(super) fn report(&mut self, now_ns: u64, out: &mut Vec<u8>) {
        for Slot { interval_ns, due_ns } in &mut self.slots {
            if due_ns.is_some_and(|due| due > now_ns) {
                continue;
            }
            let half = *interval_ns / 2;
            let is_first = due_ns.is_none();
            // Reports that are late do not come at once after: browsers count from when they sent the last.
            *due_ns = Some(now_ns + half + self.random.next() % (2 * half));
            if !is_first {
                out.extend_from_slice(&EMPTY_REPORT);
                out.extend_from_slice(&self.ssrc.to_be_bytes());
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn each_slot_reports_by_itself_and_as_often_as_a_browsers() {
        let kinds = [MediaKind::Video; 25].into_iter().chain([MediaKind::Audio; 4]);
        let mut silence = Silence::new(0x0102_0304, kinds);
        let (mut at_once, mut reports) = (0, 0);
        let start = 7_000_000_000_000;
        for now_ns in (start..start + 100_000 * MS).step_by(50 * MS as usize) {
            let mut out = Vec::new();
            let mut here = 0;
            loop {
                silence.report(now_ns, &mut out);
                if out.is_empty() {
                    break;
                }
                assert_eq!(out, [0x80, 201, 0, 1, 1, 2, 3, 4]);
                out.clear();
                here += 1;
            }
            reports += here;
            at_once = at_once.max(here);
        }
        // A look every 50 ms makes each half of that later.
        assert!((2_350..2_650).contains(&reports), "{reports} in 100 s");
        assert!((2..12).contains(&at_once), "{at_once} at once");
    }
}
