//! Which addresses peers are told, and which local address each stands for.
//!
//! A peer sends to an *advertised* address. Behind one-to-one NAT that is not an address of this machine, so
//! the SFU only ever hears of advertised addresses and this table translates at the socket.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

/// Addresses told at most; each is a candidate that every browser tries.
const ADVERTISED_MAX: usize = 8;

/// One address that peers are told, and the local one behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    advertised: IpAddr,
    local: IpAddr,
}

/// The table of advertised addresses. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AddressTable {
    pairs: Vec<Pair>,
    port: u16,
    strangers: Strangers,
}

/// What becomes of packets that come from other machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strangers {
    Admitted,
    Refused,
}

impl AddressTable {
    /// Builds the table for a socket bound to `bound`.
    ///
    /// `external` are the addresses the administrator named; if there are none, the bound address is
    /// advertised, or every address of this machine when bound to all of them.
    ///
    /// # Errors
    /// When the machine's interfaces cannot be read, or none has an address of the bound family.
    pub(super) fn new(bound: SocketAddr, external: &[IpAddr]) -> io::Result<Self> {
        let locals = if bound.ip().is_unspecified() {
            interface_addresses(bound.is_ipv4())?
        } else {
            vec![bound.ip()]
        };
        Self::from_parts(bound, external, &locals).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "no network interface has an address that participants could reach; name one with --external-ip",
            )
        })
    }

    /// Builds the table for a server on loopback, which is for this machine alone: loopback first, then the
    /// machine's other addresses, and [`admits`](Self::admits) refuses whatever comes from elsewhere.
    ///
    /// Firefox pairs a candidate on loopback only with one of its own on loopback, and makes none by default
    /// (ESR 153, measured); it reaches a server on the same machine under any other address of it.
    pub(super) fn within_machine(port: u16) -> Self {
        let others = interface_addresses(true).unwrap_or_default();
        Self::within_machine_of(&others, port)
    }

    fn within_machine_of(locals: &[IpAddr], port: u16) -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let others = locals.iter().copied().filter(|local| !local.is_loopback());
        let pairs = std::iter::once(loopback)
            .chain(others)
            .map(|local| Pair { advertised: local, local })
            .take(ADVERTISED_MAX)
            .collect();
        Self { pairs, port, strangers: Strangers::Refused }
    }

    /// Returns whether a packet from `source` may be looked at. The kernel drops packets that arrive from
    /// outside under an address of this machine, so the source cannot be forged to pass.
    pub(super) fn admits(&self, source: IpAddr) -> bool {
        match self.strangers {
            Strangers::Admitted => true,
            Strangers::Refused => source.is_loopback() || self.pairs.iter().any(|pair| pair.local == source),
        }
    }

    fn from_parts(bound: SocketAddr, external: &[IpAddr], locals: &[IpAddr]) -> Option<Self> {
        let pairs: Vec<Pair> = if external.is_empty() {
            locals.iter().map(|&local| Pair { advertised: local, local }).take(ADVERTISED_MAX).collect()
        } else {
            // An external address that is one of ours stands for itself; any other is behind NAT, which
            // delivers to the first local address of the same family.
            external
                .iter()
                .filter_map(|&advertised| {
                    let local = locals
                        .iter()
                        .find(|local| **local == advertised)
                        .or_else(|| locals.iter().find(|local| local.is_ipv4() == advertised.is_ipv4()))?;
                    Some(Pair { advertised, local: *local })
                })
                .take(ADVERTISED_MAX)
                .collect()
        };
        (!pairs.is_empty()).then_some(Self { pairs, port: bound.port(), strangers: Strangers::Admitted })
    }

    /// Returns what peers are told, best first.
    pub(super) fn advertised(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.pairs.iter().map(|pair| SocketAddr::new(pair.advertised, self.port))
    }

    /// Returns the advertised address behind which a packet arrived at `local`; the first if it is not known,
    /// as when the kernel does not tell.
    pub(super) fn advertised_for(&self, local: Option<IpAddr>) -> SocketAddr {
        let pair = local
            .and_then(|local| self.pairs.iter().find(|pair| pair.local == local.to_canonical()))
            .unwrap_or(&self.pairs[0]);
        SocketAddr::new(pair.advertised, self.port)
    }

    /// Returns the local address from which to send what leaves under `advertised`.
    pub(super) fn local_for(&self, advertised: IpAddr) -> Option<IpAddr> {
        self.pairs.iter().find(|pair| pair.advertised == advertised).map(|pair| pair.local)
    }
}

/// Returns the machine's addresses of one family, loopback only if there is nothing else.
fn interface_addresses(ipv4: bool) -> io::Result<Vec<IpAddr>> {
    let mut found: Vec<IpAddr> = if_addrs::get_if_addrs()?
        .into_iter()
        .map(|interface| interface.ip())
        // Link-local addresses need a zone, which a candidate cannot carry.
        .filter(|ip| ip.is_ipv4() == ipv4 && !matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local()))
        .collect();
    found.dedup();
    if found.iter().any(|ip| !ip.is_loopback()) {
        found.retain(|ip| !ip.is_loopback());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn table(external: &[&str], locals: &[&str]) -> AddressTable {
        let external: Vec<IpAddr> = external.iter().copied().map(ip).collect();
        let locals: Vec<IpAddr> = locals.iter().copied().map(ip).collect();
        AddressTable::from_parts("0.0.0.0:7000".parse().unwrap(), &external, &locals).unwrap()
    }

    #[test]
    fn without_external_addresses_the_local_ones_are_told() {
        let table = table(&[], &["192.0.2.1", "198.51.100.1"]);
        let told: Vec<String> = table.advertised().map(|address| address.to_string()).collect();
        assert_eq!(told, ["192.0.2.1:7000", "198.51.100.1:7000"]);
    }

    #[test]
    fn an_external_address_behind_nat_stands_for_the_first_local_one() {
        let table = table(&["203.0.113.9"], &["10.0.0.5", "10.0.0.6"]);
        assert_eq!(table.advertised_for(Some(ip("10.0.0.5"))), "203.0.113.9:7000".parse().unwrap());
        assert_eq!(table.advertised_for(None), "203.0.113.9:7000".parse().unwrap());
        assert_eq!(table.local_for(ip("203.0.113.9")), Some(ip("10.0.0.5")));
    }

    #[test]
    fn an_external_address_that_is_ours_stands_for_itself() {
        let table = table(&["10.0.0.6"], &["10.0.0.5", "10.0.0.6"]);
        assert_eq!(table.local_for(ip("10.0.0.6")), Some(ip("10.0.0.6")));
    }

    #[test]
    fn an_external_address_of_a_family_we_do_not_have_is_an_error() {
        let bound = "0.0.0.0:1".parse().unwrap();
        assert_eq!(AddressTable::from_parts(bound, &[ip("2001:db8::1")], &[ip("10.0.0.5")]), None);
    }

    #[test]
    fn a_server_on_loopback_hears_this_machine_under_each_of_its_addresses_and_nobody_else() {
        let table = AddressTable::within_machine_of(&[ip("127.0.0.1"), ip("192.0.2.7")], 7000);

        let told: Vec<String> = table.advertised().map(|address| address.to_string()).collect();
        assert_eq!(told, ["127.0.0.1:7000", "192.0.2.7:7000"]);
        assert!(
            table.admits(ip("127.0.0.1")) && table.admits(ip("127.8.0.1")) && table.admits(ip("192.0.2.7"))
        );
        assert!(!table.admits(ip("192.0.2.8")) && !table.admits(ip("203.0.113.1")));
    }
}
