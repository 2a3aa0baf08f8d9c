//! How often something may be asked for: by one address, by the network around it, by one account.
//!
//! Every throttle is a table of token buckets with a bound. A bucket that is full again is forgotten. While a flood of
//! keys fills the table, those that do not fit share one bucket more: memory does not grow, nobody who is in the table
//! notices, and together the others get what one of them would.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::signalling::{TokenBucket, network};

/// Keys remembered in one table: some 6 MB.
const KEYS_MAX: usize = 65_536;

/// The network around an address gets this many times what the address gets.
pub(crate) const NETWORK_FACTOR: u32 = 4;

/// So many at once, so many a second after that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pace {
    pub(crate) burst: f64,
    pub(crate) per_second: f64,
}

impl Pace {
    /// Returns `per_second`, and so many seconds' worth of it at once.
    pub(crate) fn of(per_second: u32, seconds_at_once: u32) -> Self {
        let per_second = f64::from(per_second);
        Self { burst: per_second * f64::from(seconds_at_once), per_second }
    }

    /// Returns so many a minute, and as many at once.
    pub(crate) fn per_minute(count: u32) -> Self {
        Self { burst: f64::from(count), per_second: f64::from(count) / 60.0 }
    }

    /// Returns so many an hour, and as many at once.
    pub(crate) fn per_hour(count: u32) -> Self {
        Self { burst: f64::from(count), per_second: f64::from(count) / 3600.0 }
    }

    pub(crate) fn times(self, factor: u32) -> Self {
        let factor = f64::from(factor);
        Self { burst: self.burst * factor, per_second: self.per_second * factor }
    }

    fn bucket(self, now: Instant) -> TokenBucket {
        TokenBucket::new(now, self.burst, self.per_second)
    }
}

/// Counts by key.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    pace: Pace,
    keys_max: usize,
    table: Mutex<Table<K>>,
}

#[derive(Debug)]
struct Table<K> {
    buckets: HashMap<K, TokenBucket>,
    /// Of all who did not fit.
    rest: Option<TokenBucket>,
}

impl<K: Eq + Hash> Throttle<K> {
    /// Returns an empty table.
    pub(crate) fn new(pace: Pace) -> Self {
        Self::bounded(pace, KEYS_MAX)
    }

    fn bounded(pace: Pace, keys_max: usize) -> Self {
        Self { pace, keys_max, table: Mutex::new(Table { buckets: HashMap::new(), rest: None }) }
    }

    /// Counts one more of `key`, or returns `false` if it has had enough.
    pub(crate) fn take(&self, key: K, now: Instant) -> bool {
        self.with(key, now, |bucket| bucket.take(now))
    }

    /// Returns whether `key` has had enough, and counts nothing.
    pub(crate) fn is_spent(&self, key: K, now: Instant) -> bool {
        self.with(key, now, |bucket| bucket.is_spent(now))
    }

    /// Counts one less of `key`, of which one was counted that should not have been.
    pub(crate) fn give_back(&self, key: &K, now: Instant) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        // Who is not in the table has a full bucket, or paid from the one that is shared.
        if let Some(bucket) = table.buckets.get_mut(key) {
            bucket.give_back(now);
        }
    }

    fn with<T>(&self, key: K, now: Instant, act: impl FnOnce(&mut TokenBucket) -> T) -> T {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Table { buckets, rest } = &mut *table;
        if !buckets.contains_key(&key) && buckets.len() >= self.keys_max {
            buckets.retain(|_, bucket| !bucket.is_full(now));
            if buckets.len() >= self.keys_max {
                return act(rest.get_or_insert_with(|| self.pace.bucket(now)));
            }
        }
        act(buckets.entry(key).or_insert_with(|| self.pace.bucket(now)))
    }
}

/// Counts by address, and by the network around it, for each `K`.
#[derive(Debug)]
pub(crate) struct NetworkThrottle<K = ()> {
    addresses: Throttle<(K, IpAddr)>,
    networks: Throttle<(K, IpAddr)>,
}

impl<K: Copy + Eq + Hash> NetworkThrottle<K> {
    /// Returns an empty table of what one address gets; the network around it gets [`NETWORK_FACTOR`] times that.
    pub(crate) fn new(address: Pace) -> Self {
        Self::with_network(address, address.times(NETWORK_FACTOR))
    }

    /// Returns an empty table of what one address gets, and what the network around it gets.
    pub(crate) fn with_network(address: Pace, network: Pace) -> Self {
        Self { addresses: Throttle::new(address), networks: Throttle::new(network) }
    }

    /// Counts one more, or returns `false` if the address or its network has had enough. What the
    /// network is refused is not counted for the address: a neighbour's flood costs nobody their own share.
    pub(crate) fn take(&self, of: K, address: IpAddr, now: Instant) -> bool {
        let address = network(address);
        let around = neighbourhood(address);
        // The network is asked first, so that one with many addresses leaves no trace of them.
        !self.networks.is_spent((of, around), now)
            && self.addresses.take((of, address), now)
            && self.networks.take((of, around), now)
    }

    /// Counts one less, of which one was counted that should not have been.
    pub(crate) fn give_back(&self, of: K, address: IpAddr, now: Instant) {
        let address = network(address);
        self.addresses.give_back(&(of, address), now);
        self.networks.give_back(&(of, neighbourhood(address)), now);
    }

    /// Returns whether the address or its network has had enough, and counts nothing.
    pub(crate) fn is_spent(&self, of: K, address: IpAddr, now: Instant) -> bool {
        let address = network(address);
        let around = neighbourhood(address);
        self.networks.is_spent((of, around), now) || self.addresses.is_spent((of, address), now)
    }
}

/// Returns the network that one customer is given at most: /24 of IPv4, also when written as IPv6, /48 of IPv6.
pub(crate) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << 8))),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TWO: Pace = Pace { burst: 2.0, per_second: 1.0 };

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_is_what_one_customer_is_given() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.200", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("::ffff:192.0.2.1", "192.0.2.9", true),
            ("2001:db8:1:2::1", "2001:db8:1:ffff::9", true),
            ("2001:db8:1::1", "2001:db8:2::1", false),
        ] {
            assert_eq!(neighbourhood(address(one)) == neighbourhood(address(other)), same, "{one} {other}");
        }
    }

    #[test]
    fn one_address_has_its_share_and_its_network_four_times_that() {
        let (throttle, now) = (NetworkThrottle::new(TWO), Instant::now());
        let taken = |text: &str| (0..10).filter(|_| throttle.take((), address(text), now)).count();
        assert_eq!(taken("192.0.2.1"), 2);
        assert!(throttle.is_spent((), address("192.0.2.1"), now));
        assert_eq!(taken("192.0.2.2"), 2);
        let others: usize = (3..250).map(|last| taken(&format!("192.0.2.{last}"))).sum();
        assert_eq!(others, 4, "the whole /24 gets eight");
        assert_eq!(taken("192.0.3.1"), 2, "its neighbours notice nothing");
        assert!(throttle.take((), address("192.0.2.1"), now + Duration::from_secs(1)));
    }

    #[test]
    fn a_flood_of_keys_takes_no_memory_and_no_share_of_who_is_known() {
        let (throttle, now) = (Throttle::bounded(TWO, 100), Instant::now());
        for key in 0..100 {
            assert!(throttle.take(key, now));
        }
        let beyond = (100..100_000).filter(|key| throttle.take(*key, now)).count();
        assert_eq!(beyond, 2, "together as many as one");
        assert_eq!(throttle.table.lock().unwrap().buckets.len(), 100);
        assert!(throttle.take(7, now), "who is known has its own share");

        let later = now + Duration::from_secs(60);
        assert!(throttle.take(100_000, later) && throttle.take(100_000, later));
        assert!(throttle.table.lock().unwrap().buckets.len() < 100, "who was quiet is forgotten");
    }
}
