//! When each packet was sent, for whoever receives it in the same process.
//!
//! A server changes a packet's numbers, and time, but not what is in it: what is sealed arrives as it was sealed. So the
//! last bytes of the payload find the time at which it was sent, whether or not the receiver can open it, and whichever
//! server forwarded it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Packets remembered: at 10,000 a second, 13 seconds of them. A packet that finds its place taken takes it.
const PLACES: usize = 1 << 17;

/// Bytes of a payload that tell it from others. The shortest, a sealed packet of silence, is longer.
const TELLING_BYTES: usize = 16;

/// The latest packets and their times. Shared by all who send and receive; nobody waits for anybody.
#[derive(Debug)]
pub(crate) struct SendTimes {
    places: Box<[Place]>,
}

#[derive(Debug, Default)]
struct Place {
    sent_ns: AtomicU64,
    /// The packet's key, with the time mixed in by exclusive or: what belongs to two packets does not go together.
    check: AtomicU64,
}

impl SendTimes {
    pub(crate) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| Place::default()).collect() }
    }

    /// Takes note of a packet that is sent at this time.
    pub(crate) fn sent(&self, payload: &[u8], at_ns: u64) {
        let Some(key) = key(payload) else { return };
        let place = self.place(key);
        place.sent_ns.store(at_ns, Ordering::Relaxed);
        place.check.store(key ^ at_ns, Ordering::Relaxed);
    }

    /// Returns when a packet was sent, unless that is forgotten.
    pub(crate) fn find(&self, payload: &[u8]) -> Option<u64> {
        let key = key(payload)?;
        let place = self.place(key);
        let sent = place.sent_ns.load(Ordering::Relaxed);
        (place.check.load(Ordering::Relaxed) ^ sent == key).then_some(sent)
    }

    fn place(&self, key: u64) -> &Place {
        &self.places[(key % PLACES as u64) as usize]
    }
}

fn key(payload: &[u8]) -> Option<u64> {
    let (_, tail) = payload.split_last_chunk::<TELLING_BYTES>()?;
    let number = u128::from_le_bytes(*tail);
    // What is sealed is as good as random, so any function of it will do. Zero is that of an empty place.
    Some(((number ^ (number >> 59)) as u64).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_is_found_by_its_end_and_others_are_not() {
        let times = SendTimes::new();
        let payload: Vec<u8> = (0..100).collect();
        times.sent(&payload, 42);

        assert_eq!(times.find(&payload), Some(42));
        let rewritten = [&[9, 9, 9], &payload[3..]].concat();
        assert_eq!(times.find(&rewritten), Some(42), "a server changes the payload descriptor");
        let mut other = payload.clone();
        other[99] ^= 1;
        assert_eq!((times.find(&other), times.find(&[1, 2])), (None, None));
    }

    #[test]
    fn times_read_while_they_are_written_are_those_of_the_packet() {
        let times = SendTimes::new();
        // Two keys of one place.
        let payload = |high: u64| {
            let number = 5 + high * PLACES as u64;
            let bytes = u128::from(number).to_le_bytes();
            assert_eq!(key(&bytes), Some(number));
            bytes
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..200_000 {
                    times.sent(&payload(1 + round % 2), 100 + round % 2);
                }
            });
            for round in 0..200_000 {
                let found = times.find(&payload(1 + round % 2));
                assert!(found.is_none_or(|at| at == 100 + round % 2), "{found:?}");
            }
        });
    }
}
