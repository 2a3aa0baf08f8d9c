//! How often the passcode of one meeting is tried from one address, and from the network around it, without being right.
//!
//! A host's device looks at twenty wrong passcodes in a meeting, whoever sends them, and then at none until its host has
//! set another. A device key costs nothing, so that without a count by address one machine could use them up for
//! everybody. What is counted is what the server sees: that a guest begins to prove, and that a host's device says that
//! somebody has proven. Who has proven is not counted, nor are its slips before: an office behind one address shares what
//! its people get wrong, and not how many they are. The counts are by meeting and outlive its room. A host's device
//! relies on none of this.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Instant};

use sabha_conference::ConnectionKey;
use sabha_protocol::MeetingId;

use crate::throttle::{NetworkThrottle, Pace};

/// The network around an address gets this many times what the address gets. Less than others get: with the numbers that
/// come with Sabha a network has half of what a host's device takes, and it takes two of them, or two hours, to use it up.
const NETWORK_FACTOR: u32 = 2;

/// The counts of all meetings. Cloned freely.
#[derive(Clone, Debug)]
pub(super) struct PasscodeThrottle(Arc<NetworkThrottle<MeetingId>>);

/// The counts of one meeting, as its room keeps them.
#[derive(Debug)]
pub(super) struct Passcodes {
    throttle: PasscodeThrottle,
    meeting: MeetingId,
    /// How often each connection has begun to prove and has not proven.
    unproven: HashMap<ConnectionKey, u32>,
}

impl PasscodeThrottle {
    /// Returns empty tables of what one address gets.
    pub(super) fn new(address: Pace) -> Self {
        Self(Arc::new(NetworkThrottle::with_network(address, address.times(NETWORK_FACTOR))))
    }

    /// Returns the counts of one meeting.
    pub(super) fn of(&self, meeting: MeetingId) -> Passcodes {
        Passcodes { throttle: self.clone(), meeting, unproven: HashMap::new() }
    }
}

impl Passcodes {
    /// Somebody begins to prove the passcode: returns `false` if too many from its address or network were wrong.
    pub(super) fn begin(&mut self, connection: ConnectionKey, address: IpAddr, now: Instant) -> bool {
        let is_heard = self.throttle.0.take(self.meeting, address, now);
        if is_heard {
            *self.unproven.entry(connection).or_default() += 1;
        }
        is_heard
    }

    /// A host's device says that the proof was right: what it took to get there is not counted.
    pub(super) fn proven(&mut self, connection: ConnectionKey, address: IpAddr, now: Instant) {
        for _ in 0..self.unproven.remove(&connection).unwrap_or_default() {
            self.throttle.0.give_back(self.meeting, address, now);
        }
    }

    /// A connection is gone; what it left unproven stays counted.
    pub(super) fn gone(&mut self, connection: ConnectionKey) {
        self.unproven.remove(&connection);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn five_an_hour() -> Passcodes {
        PasscodeThrottle::new(Pace::per_hour(5)).of(MeetingId::from_bytes([7; 20]))
    }

    #[test]
    fn one_address_is_wrong_five_times_and_its_network_ten_times_in_an_hour() {
        let (mut passcodes, now) = (five_an_hour(), Instant::now());
        let mut tries = |from: &str, now| {
            (0..20).filter(|&key| passcodes.begin(ConnectionKey(key), address(from), now)).count()
        };
        assert_eq!([tries("192.0.2.1", now), tries("192.0.2.2", now), tries("192.0.2.3", now)], [5, 5, 0]);
        assert_eq!([tries("2001:db8::1", now), tries("2001:db8::2", now)], [5, 0], "one /64 is one address");
        assert_eq!(
            [tries("2001:db8:0:1::1", now), tries("2001:db8:0:2::1", now)],
            [5, 0],
            "one /48 is one network"
        );
        assert_eq!(tries("198.51.100.7", now), 5, "somebody else");
        let later = now + Duration::from_secs(12 * 60);
        assert_eq!(tries("198.51.100.7", later), 1);
    }

    #[test]
    fn an_office_uses_up_only_what_its_people_never_got_right() {
        let (mut passcodes, now) = (five_an_hour(), Instant::now());
        let office = address("192.0.2.1");
        for person in (0..100).map(ConnectionKey) {
            assert!(passcodes.begin(person, office, now), "a slip");
            assert!(passcodes.begin(person, office, now), "the right one");
            passcodes.proven(person, office, now);
            passcodes.proven(person, office, now);
        }
        let strangers = (200..300).map(ConnectionKey);
        assert_eq!(strangers.filter(|&key| passcodes.begin(key, office, now)).count(), 5);
    }

    #[test]
    fn who_goes_away_unproven_and_comes_again_has_gained_nothing() {
        let (mut passcodes, now) = (five_an_hour(), Instant::now());
        let here = address("192.0.2.1");
        let mut heard = 0;
        for key in (0..20).map(ConnectionKey) {
            heard += usize::from(passcodes.begin(key, here, now));
            passcodes.gone(key);
            passcodes.proven(key, here, now);
        }
        assert_eq!(heard, 5);
        let mut reopened = passcodes.throttle.of(passcodes.meeting);
        assert!(!reopened.begin(ConnectionKey(99), here, now), "the room was opened anew");
        let mut other = passcodes.throttle.of(MeetingId::from_bytes([8; 20]));
        assert!(other.begin(ConnectionKey(99), here, now), "another meeting");
    }
}
