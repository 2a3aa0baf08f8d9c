//! How much one address, and the network around it, may ask for at once: open connections, and new ones per second.
//!
//! An address is an IPv4 address, or the /64 network of an IPv6 address, since that is what one
//! subscriber is given; the network around it is what one customer is given. Nothing is kept of an address that has
//! been quiet.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use super::rate::TokenBucket;
use crate::throttle::{NETWORK_FACTOR, neighbourhood};

/// Addresses remembered, and networks. Beyond it, those that are new are refused until others have been quiet; one
/// network comes nowhere near it.
const ADDRESSES_MAX: usize = 65_536;

/// What an address and all of them together may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddressLimits {
    /// Open at once, over all addresses.
    pub(crate) open_max: usize,
    /// Open at once, from one address.
    pub(crate) open_per_address_max: usize,
    /// Open at once, from the network around one address.
    pub(crate) open_per_network_max: usize,
    /// New per second from one address, sustained; ten times as many at once. From the network around it
    /// [`NETWORK_FACTOR`] times that.
    pub(crate) new_per_second: u32,
}

/// Why a connection was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The server has as many as it takes.
    Full,
    /// This address has, or opens, too many, or the network around it does.
    Address,
}

/// Counts connections by address.
#[derive(Clone, Debug)]
pub(crate) struct Addresses(Arc<Mutex<Table>>);

#[derive(Debug)]
struct Table {
    limits: AddressLimits,
    open: usize,
    by_address: HashMap<IpAddr, Entry>,
    by_network: HashMap<IpAddr, Entry>,
}

#[derive(Debug)]
struct Entry {
    open: usize,
    fresh: TokenBucket,
}

/// A place for one connection, given back on drop.
#[derive(Debug)]
pub(crate) struct Permit {
    addresses: Addresses,
    /// None for a connection that speaks for many.
    address: Option<IpAddr>,
}

impl Addresses {
    /// Returns an empty table.
    pub(crate) fn new(limits: AddressLimits) -> Self {
        Self(Arc::new(Mutex::new(Table {
            limits,
            open: 0,
            by_address: HashMap::new(),
            by_network: HashMap::new(),
        })))
    }

    /// Counts one more connection from `address`.
    ///
    /// # Errors
    /// [`Refused`], and nothing is counted except that the address tried.
    pub(crate) fn admit(&self, address: IpAddr, now: Instant) -> Result<Permit, Refused> {
        let address = network(address);
        let mut table = self.table();
        let table = &mut *table;
        if table.open >= table.limits.open_max {
            return Err(Refused::Full);
        }
        let limits = table.limits;
        let per_second = f64::from(limits.new_per_second);
        let around = neighbourhood(address);
        // The network first: what it is refused leaves no trace among the addresses, however many it has.
        let network = entry(&mut table.by_network, around, per_second * f64::from(NETWORK_FACTOR), now)?;
        if network.open >= limits.open_per_network_max || network.fresh.is_spent(now) {
            return Err(Refused::Address);
        }
        let own = entry(&mut table.by_address, address, per_second, now)?;
        if !own.fresh.take(now) || own.open >= limits.open_per_address_max {
            return Err(Refused::Address);
        }
        own.open += 1;
        network.fresh.take(now);
        network.open += 1;
        table.open += 1;
        Ok(Permit { addresses: self.clone(), address: Some(address) })
    }

    /// Counts one more connection from a reverse proxy, which speaks for many addresses.
    ///
    /// # Errors
    /// [`Refused::Full`].
    pub(crate) fn admit_proxy(&self) -> Result<Permit, Refused> {
        let mut table = self.table();
        if table.open >= table.limits.open_max {
            return Err(Refused::Full);
        }
        table.open += 1;
        Ok(Permit { addresses: self.clone(), address: None })
    }

    /// Returns how many may be open.
    pub(crate) fn open_max(&self) -> usize {
        self.table().limits.open_max
    }

    /// Returns how many are open.
    pub(crate) fn open(&self) -> usize {
        self.table().open
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Returns whether more than half of all places are taken.
    pub(crate) fn is_crowded(&self) -> bool {
        let table = self.addresses.table();
        table.open > table.limits.open_max / 2
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut table = self.addresses.table();
        let table = &mut *table;
        table.open = table.open.saturating_sub(1);
        let Some(address) = self.address else { return };
        let entries = [table.by_address.get_mut(&address), table.by_network.get_mut(&neighbourhood(address))];
        for entry in entries.into_iter().flatten() {
            entry.open = entry.open.saturating_sub(1);
        }
    }
}

/// Returns what is counted of `key`, from now on if it is new.
fn entry(
    entries: &mut HashMap<IpAddr, Entry>,
    key: IpAddr,
    per_second: f64,
    now: Instant,
) -> Result<&mut Entry, Refused> {
    if !entries.contains_key(&key) && entries.len() >= ADDRESSES_MAX {
        entries.retain(|_, entry| entry.open > 0 || !entry.fresh.is_full(now));
        if entries.len() >= ADDRESSES_MAX {
            return Err(Refused::Full);
        }
    }
    let fresh = || Entry { open: 0, fresh: TokenBucket::new(now, per_second * 10.0, per_second) };
    Ok(entries.entry(key).or_insert_with(fresh))
}

/// Returns what one subscriber holds: an IPv4 address, also when written as IPv6, or an IPv6 /64 network.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits() -> AddressLimits {
        AddressLimits { open_max: 5, open_per_address_max: 3, open_per_network_max: 4, new_per_second: 1 }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_the_places_of_others() {
        let (table, now) = (Addresses::new(limits()), Instant::now());
        let greedy: Vec<_> = (0..3).map(|_| table.admit(address("2001:db8::1"), now).unwrap()).collect();
        assert_eq!(table.admit(address("2001:db8::2"), now).unwrap_err(), Refused::Address, "same /64");
        let other = table.admit(address("192.0.2.1"), now).unwrap();
        let mapped = table.admit(address("::ffff:192.0.2.1"), now).unwrap();
        assert_eq!(table.admit(address("192.0.2.9"), now).unwrap_err(), Refused::Full);

        drop((greedy, other, mapped));
        assert_eq!(table.open(), 0);
        assert!(table.admit(address("192.0.2.9"), now).is_ok());
    }

    #[test]
    fn one_network_cannot_take_the_places_of_others() {
        let (table, now) = (Addresses::new(limits()), Instant::now());
        let held: Vec<_> =
            (1..=4).map(|last| table.admit(address(&format!("192.0.2.{last}")), now).unwrap()).collect();
        assert_eq!(table.admit(address("192.0.2.5"), now).unwrap_err(), Refused::Address, "same /24");
        assert!(held[0].is_crowded());
        assert!(table.admit(address("192.0.3.1"), now).is_ok());
        drop(held);

        // With an address of its own for each try a network gets no more than four addresses do.
        let tries = (0..10_000_u32).filter(|number| {
            let address = std::net::Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(*number) << 64);
            table.admit(address.into(), now).is_ok()
        });
        assert_eq!(tries.count(), 40);
        assert!(table.table().by_address.len() < 50, "the others left no trace");
    }

    #[test]
    fn reconnecting_without_pause_is_refused() {
        let (table, now) = (Addresses::new(limits()), Instant::now());
        let tries = (0..20).filter(|_| table.admit(address("192.0.2.1"), now).is_ok()).count();
        assert_eq!(tries, 10, "the burst");
        assert!(table.admit(address("192.0.2.1"), now + Duration::from_secs(1)).is_ok());
    }
}
