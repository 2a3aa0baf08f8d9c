//! What left and has not been reported yet: a ring by transport-wide sequence number.

use super::probe::ProbeId;

/// Packets remembered at most: 35 Mbit/s for a feedback interval of 250 ms and a round trip of 300 ms. 32 KiB.
pub(super) const PACKETS: usize = 1 << 11;
/// Packets remembered at first: 4 Mbit/s, likewise. 4 KiB.
const PACKETS_AT_FIRST: usize = 1 << 8;
/// A packet that was not reported on for so long never will be: its place may be taken. Microseconds.
const REPORTED_WITHIN: i64 = 2_000_000;

/// A packet as it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// Microseconds since the estimator began.
    pub(super) at: i64,
    /// On the wire.
    pub(super) bytes: u16,
    pub(super) probe: Option<ProbeId>,
}

/// What a report says that was not known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Lost,
    Received {
        /// It had been reported as lost: it was only late.
        was_lost: bool,
    },
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: i64,
    bytes: u16,
    seq: u16,
    probe: Option<ProbeId>,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lost,
    Never,
    Received,
    Unknown,
}

const _: () = assert!(size_of::<Entry>() == 16);
const _: () = assert!(PACKETS.is_power_of_two() && PACKETS <= 1 << 15);
const _: () = assert!(PACKETS_AT_FIRST.is_power_of_two() && PACKETS_AT_FIRST <= PACKETS);

const NEVER: Entry = Entry { at: 0, bytes: 0, seq: 0, probe: None, fate: Fate::Never };

/// The last packets, [`PACKETS_AT_FIRST`] of them; where more are on their way at once, twice as many, up to
/// [`PACKETS`]. A number is used again only after 65536 packets, when its place has long been taken by others: so the
/// 16 bits tell packets apart and nothing is unwrapped.
#[derive(Debug)]
pub(super) struct History {
    entries: Box<[Entry]>,
}

impl History {
    pub(super) fn new() -> Self {
        Self { entries: vec![NEVER; PACKETS_AT_FIRST].into_boxed_slice() }
    }

    pub(super) fn sent(&mut self, seq: u16, sent: Sent) {
        let Sent { at, bytes, probe } = sent;
        let before = *self.entry(seq);
        let is_awaited = before.fate == Fate::Unknown && at - before.at < REPORTED_WITHIN;
        if is_awaited && before.seq != seq && self.entries.len() < PACKETS {
            self.grow();
        }
        *self.entry(seq) = Entry { at, bytes, seq, probe, fate: Fate::Unknown };
    }

    /// Remembers twice as many. What is remembered stays.
    fn grow(&mut self) {
        let larger = vec![NEVER; self.entries.len() * 2].into_boxed_slice();
        let remembered = std::mem::replace(&mut self.entries, larger);
        for entry in remembered.iter().filter(|entry| entry.fate != Fate::Never) {
            *self.entry(entry.seq) = *entry;
        }
    }

    /// Returns the packet that a report is about, or `None` if it is too old, was never sent or was reported so
    /// before.
    pub(super) fn report(&mut self, seq: u16, received: bool) -> Option<(Sent, News)> {
        let entry = self.entry(seq);
        if entry.seq != seq {
            return None;
        }
        let news = match (entry.fate, received) {
            (Fate::Never | Fate::Received, _) | (Fate::Lost, false) => return None,
            (Fate::Unknown, false) => News::Lost,
            (Fate::Unknown, true) => News::Received { was_lost: false },
            (Fate::Lost, true) => News::Received { was_lost: true },
        };
        entry.fate = if received { Fate::Received } else { Fate::Lost };
        Some((Sent { at: entry.at, bytes: entry.bytes, probe: entry.probe }, news))
    }

    fn entry(&mut self, seq: u16) -> &mut Entry {
        let mask = self.entries.len() - 1;
        &mut self.entries[usize::from(seq) & mask]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at: i64) -> Sent {
        Sent { at, bytes: 100, probe: None }
    }

    #[test]
    fn packet_is_news_once_and_once_more_if_it_was_only_late() {
        let mut history = History::new();
        history.sent(7, at(1));
        assert_eq!(history.report(7, false), Some((at(1), News::Lost)));
        assert_eq!(history.report(7, false), None);
        assert_eq!(history.report(7, true), Some((at(1), News::Received { was_lost: true })));
        assert_eq!(history.report(7, true), None);
        assert_eq!(history.report(7, false), None);
    }

    #[test]
    fn packet_never_sent_or_long_ago_is_none() {
        let mut history = History::new();
        assert_eq!(history.report(0, true), None);
        for seq in 0..=PACKETS as u16 {
            history.sent(seq, at(i64::from(seq)));
        }
        assert_eq!(history.report(0, true), None);
        assert!(history.report(1, true).is_some());
        assert_eq!(history.report(PACKETS as u16 + 1, true), None);
    }

    #[test]
    fn as_much_is_remembered_as_is_on_its_way() {
        let mut history = History::new();
        for seq in 0..1000_u16 {
            history.sent(seq, at(i64::from(seq)));
            if seq >= 100 {
                assert!(history.report(seq - 100, true).is_some());
            }
        }
        assert_eq!(history.entries.len(), PACKETS_AT_FIRST);
        for seq in 1000..3000_u16 {
            history.sent(seq, at(i64::from(seq)));
        }
        assert_eq!(history.entries.len(), PACKETS);
        assert!((1000..3000).all(|seq| history.report(seq, true).is_some()));
        let mut unheard = History::new();
        for packet in 0..5000_i64 {
            unheard.sent(packet as u16, at(packet * REPORTED_WITHIN / 200));
        }
        assert_eq!(unheard.entries.len(), PACKETS_AT_FIRST, "reports that never come need no room");
    }

    #[test]
    fn numbers_wrap() {
        let mut history = History::new();
        for packet in 0..200_000_u32 {
            history.sent(packet as u16, at(i64::from(packet)));
            if packet >= 100 {
                let (sent, _) = history.report((packet - 100) as u16, true).unwrap();
                assert_eq!(sent.at, i64::from(packet - 100));
            }
        }
    }
}
