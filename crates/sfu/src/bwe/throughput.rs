//! What gets through: bytes reported as received, by the receiver's clock.

/// Length of a slice of time, in microseconds, and how many are kept.
const SLICE: i64 = 50_000;
const SLICES: usize = 10;
/// Longest pause that counts: after it the stream began anew.
const PAUSE: i64 = 1_000_000;
/// A gap longer than this that is most of the time measured says that nothing came through, not how fast what came did.
const GAP: i64 = 200_000;
/// Less time than this, in microseconds, measures chance.
const MEASURED: i64 = 100_000;

#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    number: i64,
    bytes: i64,
    arrived: i64,
    sent: i64,
    /// The longest time between two packets.
    gap: i64,
}

/// The last half second. Each packet counts with the time since the one before it; where reports were lost in
/// between, neither counts, so that a lost report does not look like a slow link.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    slices: [Slice; SLICES],
    newest: i64,
    /// When the last packet left and arrived.
    last: Option<(i64, i64)>,
}

/// What a stretch of time let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// Bits per second.
    pub(super) rate: u64,
    /// It took a tenth longer to arrive than to send: the link is full.
    pub(super) is_saturated: bool,
}

impl Throughput {
    /// Reports are missing between the last packet and the next.
    pub(super) fn gap(&mut self) {
        self.last = None;
    }

    /// Takes a packet, in order of arrival.
    pub(super) fn packet(&mut self, sent: i64, arrived: i64, bytes: u16) {
        let Some((last_sent, last_arrived)) = self.last.replace((sent, arrived)) else { return };
        let took = arrived - last_arrived;
        if !(0..=PAUSE).contains(&took) {
            return;
        }
        let number = arrived.div_euclid(SLICE);
        let slice = &mut self.slices[number.rem_euclid(SLICES as i64) as usize];
        if slice.number != number {
            *slice = Slice { number, ..Slice::default() };
        }
        slice.bytes += i64::from(bytes);
        slice.arrived += took;
        slice.gap = slice.gap.max(took);
        slice.sent += (sent - last_sent).clamp(-PAUSE, PAUSE);
        self.newest = number;
    }

    /// Returns what the last half second let through, or `None` if too little was reported.
    pub(super) fn rate(&self) -> Option<u64> {
        self.over(SLICES as i64).map(|measured| measured.rate)
    }

    /// Returns what the last quarter second let through.
    pub(super) fn recent(&self) -> Option<Measured> {
        self.over(SLICES as i64 / 2)
    }

    fn over(&self, slices: i64) -> Option<Measured> {
        let oldest = self.newest - slices;
        let mut sum = Slice::default();
        for slice in self.slices.iter().filter(|slice| (oldest + 1..=self.newest).contains(&slice.number)) {
            sum.bytes += slice.bytes;
            sum.arrived += slice.arrived;
            sum.sent += slice.sent;
            sum.gap = sum.gap.max(slice.gap);
        }
        if sum.arrived < MEASURED || sum.gap > GAP && sum.gap * 2 > sum.arrived {
            return None;
        }
        let rate = (sum.bytes * 8 * 1_000_000 / sum.arrived).unsigned_abs();
        Some(Measured { rate, is_saturated: sum.arrived * 10 > sum.sent * 11 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_stream_is_measured_exactly_and_a_gap_in_reports_changes_nothing() {
        let mut throughput = Throughput::default();
        for n in 0..200 {
            if (150..155).contains(&n) {
                throughput.gap();
                continue;
            }
            throughput.packet(n * 10_000, n * 10_000 + 123, 1250);
        }
        assert_eq!(throughput.rate(), Some(1_000_000));
        assert_eq!(throughput.recent(), Some(Measured { rate: 1_000_000, is_saturated: false }));
    }

    #[test]
    fn pause_of_the_link_is_no_rate() {
        let mut throughput = Throughput::default();
        for n in 0..100 {
            throughput.packet(n * 10_000, n * 10_000, 1250);
        }
        throughput.packet(1_010_000, 1_900_000, 1250);
        assert_eq!(throughput.recent(), None);
        for n in 102..200 {
            throughput.packet(n * 10_000, n * 10_000 + 900_000, 1250);
        }
        assert_eq!(throughput.rate(), Some(1_000_000));
    }

    #[test]
    fn link_that_takes_longer_than_the_sending_is_saturated() {
        let mut throughput = Throughput::default();
        for n in 0..100 {
            throughput.packet(n * 10_000, n * 20_000, 1250);
        }
        assert_eq!(throughput.recent(), Some(Measured { rate: 500_000, is_saturated: true }));
    }
}
