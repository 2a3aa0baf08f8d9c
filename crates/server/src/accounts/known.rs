//! Wrong credentials are counted by address. Who has sent too many is not looked up any more, except for credentials that
//! were good a short time ago: a neighbour who guesses signs nobody out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::throttle::{NetworkThrottle, Pace};

/// How long a credential that was good is looked up whatever comes from its address.
const REMEMBERED_FOR: Duration = Duration::from_secs(12 * 60 * 60);

/// Credentials remembered. Beyond it the newest are not; they are looked up like any other.
const REMEMBERED_MAX: usize = 20_000;

/// Which credentials may be looked up. Decides nothing about whether they are good: the database does, each time.
#[derive(Debug)]
pub(crate) struct Credentials {
    wrong: NetworkThrottle,
    /// Hashes of those that were good, and when.
    good: Mutex<HashMap<[u8; 32], Instant>>,
}

impl Credentials {
    /// Returns a table of what one address gets wrong.
    pub(super) fn new(wrong: Pace) -> Self {
        Self { wrong: NetworkThrottle::new(wrong), good: Mutex::default() }
    }

    /// Returns whether a credential with this hash may be looked up.
    pub(crate) fn may_look_up(&self, hash: &[u8; 32], address: IpAddr, now: Instant) -> bool {
        !self.wrong.is_spent((), address, now) || self.was_good(hash, now)
    }

    /// Notes what the look-up found.
    pub(crate) fn found(&self, hash: &[u8; 32], is_good: bool, address: IpAddr, now: Instant) {
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_good {
            good.remove(hash);
            drop(good);
            self.wrong.take((), address, now);
            return;
        }
        if good.len() >= REMEMBERED_MAX && !good.contains_key(hash) {
            good.retain(|_, at| now.saturating_duration_since(*at) < REMEMBERED_FOR);
        }
        if good.len() < REMEMBERED_MAX || good.contains_key(hash) {
            good.insert(*hash, now);
        }
    }

    fn was_good(&self, hash: &[u8; 32], now: Instant) -> bool {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.get(hash).is_some_and(|at| now.saturating_duration_since(*at) < REMEMBERED_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_is_not_looked_up_any_more_and_locks_nobody_out() {
        let (credentials, now) = (Credentials::new(Pace::per_minute(60)), Instant::now());
        let (here, elsewhere) = ("192.0.2.1".parse().unwrap(), "198.51.100.1".parse().unwrap());
        let (own, late) = ([1; 32], [2; 32]);
        credentials.found(&own, true, here, now);
        let looked_up = (0..1000_u32).filter(|number| {
            let mut guess = [0; 32];
            guess[..4].copy_from_slice(&number.to_be_bytes());
            let may = credentials.may_look_up(&guess, here, now);
            if may {
                credentials.found(&guess, false, here, now);
            }
            may
        });
        assert_eq!(looked_up.count(), 60);
        assert!(credentials.may_look_up(&own, here, now), "who was in stays in");
        assert!(credentials.may_look_up(&late, elsewhere, now), "and who comes from elsewhere comes in");
        assert!(!credentials.may_look_up(&late, here, now));
        credentials.found(&own, false, elsewhere, now);
        assert!(!credentials.may_look_up(&own, here, now), "what was withdrawn is one of many");
        assert!(
            credentials.may_look_up(&late, here, now + Duration::from_secs(1)),
            "the neighbours wait a second"
        );
    }
}
