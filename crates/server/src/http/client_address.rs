//! Whose address a request counts for: the connection's, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The far end of the TCP connection, put into each request by the acceptor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Returns whether `address` is one of the operator's reverse proxies.
pub(super) fn is_trusted(proxies: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    proxies.iter().any(|network| network.contains(&address))
}

/// Returns the address of the client: the last one in `X-Forwarded-For` that no trusted proxy wrote about
/// itself. The header is believed only from a trusted proxy; anybody else could name any address.
pub(super) fn client_address(proxies: &[IpNet], extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
    let peer = extensions.get::<Peer>().map_or(unspecified, |peer| peer.0).ip().to_canonical();
    if !is_trusted(proxies, peer) {
        return peer;
    }
    headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|entry| entry.trim().parse::<IpAddr>().map(|address| address.to_canonical()))
        .rev()
        // An entry that is no address ends the chain: nothing left of it can be believed.
        .map_while(Result::ok)
        .find(|address| !is_trusted(proxies, *address))
        .unwrap_or(peer)
}

/// Returns whether the request comes from this machine itself, not through a proxy.
pub(super) fn is_local(extensions: &Extensions, headers: &HeaderMap) -> bool {
    let forwarded = headers.contains_key(FORWARDED_FOR) || headers.contains_key("forwarded");
    let peer = extensions.get::<Peer>();
    !forwarded && peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let proxies = ["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let mut extensions = Extensions::new();
        extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        client_address(&proxies, &extensions, &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(address("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(address("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(address("::ffff:127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn a_client_cannot_hide_behind_entries_of_its_own() {
        assert_eq!(address("127.0.0.1", &["1.1.1.1, 198.51.100.1, 10.1.2.3"]), "198.51.100.1");
        assert_eq!(address("127.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(address("127.0.0.1", &["198.51.100.1, junk"]), "127.0.0.1");
        assert_eq!(address("127.0.0.1", &[]), "127.0.0.1");
    }
}
