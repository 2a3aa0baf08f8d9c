//! Where a webhook may lead. Whoever administers an organisation chooses an address, and this server connects to it: so it is
//! never one behind the server, unless the server's administrator named the network.
//!
//! A name is looked up once for each delivery, and the connection is made to an address that was looked at, so that a name
//! cannot mean one thing when it is checked and another when it is used.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::Uri;
use ipnet::IpNet;
use sabha_protocol::limits::WEBHOOK_URL_BYTES_MAX;

/// Networks of IPv4 that are not of the Internet (RFC 6890 and the registry that it began).
const SPECIAL: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// Within what is given out of IPv6, networks that lead elsewhere: IETF protocol assignments with Teredo, documentation, 6to4.
const SPECIAL_V6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// Which addresses are connected to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    allowed: Vec<IpNet>,
}

/// An address of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) is_secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query.
    pub(super) path: String,
    /// What the `Host` header says.
    pub(super) authority: String,
}

/// Why an address is none for a webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BadTarget {
    /// Not a URL.
    #[error(
        "a webhook is a URL of at most {WEBHOOK_URL_BYTES_MAX} bytes: https://host/path, without user or fragment"
    )]
    Form,
    /// In the clear over a network.
    #[error("a webhook is https; http is for this very machine only")]
    Insecure,
    /// Behind this server.
    #[error(
        "the address is not of the Internet: an administrator of the server can allow its network in bulletin.webhooks.networks"
    )]
    Private,
}

impl Targets {
    pub(crate) const fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Checks an address as somebody gave it. A name is not looked up here: what it means is asked when it is used.
    ///
    /// # Errors
    /// [`BadTarget`].
    pub(crate) fn check(&self, url: &str) -> Result<(), BadTarget> {
        let target = Target::read(url)?;
        match target.host.parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(BadTarget::Private),
            Err(_) if target.host == "localhost" && !self.allows(IpAddr::V4(Ipv4Addr::LOCALHOST)) => {
                Err(BadTarget::Private)
            }
            _ => Ok(()),
        }
    }

    /// Returns whether an address may be connected to.
    fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_of_the_internet(address) || self.allowed.iter().any(|network| network.contains(&address))
    }

    /// Returns the first address of a host that may be connected to.
    pub(super) async fn resolve(&self, target: &Target) -> Result<SocketAddr, Unresolved> {
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| Unresolved::Name)?.collect();
        let allowed = |address: &&SocketAddr| {
            self.allows(address.ip()) && (target.is_secure || address.ip().to_canonical().is_loopback())
        };
        found.iter().find(allowed).copied().ok_or(Unresolved::Private)
    }
}

/// Why a host is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// There is none of the name.
    Name,
    /// It is not of the Internet.
    Private,
}

impl Target {
    pub(super) fn read(url: &str) -> Result<Self, BadTarget> {
        if url.len() > WEBHOOK_URL_BYTES_MAX || url.contains('#') {
            return Err(BadTarget::Form);
        }
        let uri: Uri = url.parse().map_err(|_| BadTarget::Form)?;
        let authority = uri.authority().ok_or(BadTarget::Form)?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(BadTarget::Form),
        };
        let host = authority.host().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        if authority.as_str().contains('@') || host.is_empty() || authority.port_u16() == Some(0) {
            return Err(BadTarget::Form);
        }
        let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !is_secure && !is_local {
            return Err(BadTarget::Insecure);
        }
        Ok(Self {
            is_secure,
            port: authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            authority: authority.as_str().to_owned(),
            host,
        })
    }
}

fn is_of_the_internet(address: IpAddr) -> bool {
    let within = |networks: &[&str]| {
        networks
            .iter()
            .filter_map(|network| network.parse::<IpNet>().ok())
            .any(|network| network.contains(&address))
    };
    match address {
        IpAddr::V4(_) => !within(&SPECIAL),
        // What IANA gives out for the Internet is 2000::/3, and nothing else.
        IpAddr::V6(v6) => is_global_unicast(v6) && !within(&SPECIAL_V6),
    }
}

const fn is_global_unicast(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xe000 == 0x2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_network_of_this_list_has_a_slip_in_it() {
        for network in SPECIAL.iter().chain(&SPECIAL_V6) {
            assert!(network.parse::<IpNet>().is_ok_and(|parsed| parsed == parsed.trunc()), "{network}");
        }
    }

    /// BULLETIN.WEBHOOK
    #[test]
    fn a_webhook_leads_to_the_internet_over_tls_and_nowhere_else() {
        let targets = Targets::default();
        for good in ["https://hooks.example.org/a?b=c", "https://8.8.8.8:8443", "https://[2606:4700::1111]/x"]
        {
            assert_eq!(targets.check(good), Ok(()), "{good}");
        }
        for private in [
            "https://127.0.0.1/",
            "http://127.0.0.1:9/",
            "http://localhost:9/",
            "https://localhost./",
            "https://10.1.2.3/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.1.1/",
            "https://[::1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[2002:0a00:0001::1]/",
            "https://[64:ff9b::a00:1]/",
            "https://0.0.0.0/",
            "https://192.168.1.1/",
        ] {
            assert_eq!(targets.check(private), Err(BadTarget::Private), "{private}");
        }
        assert_eq!(targets.check("http://hooks.example.org/"), Err(BadTarget::Insecure));
        let long = format!("https://a.example/{}", "x".repeat(WEBHOOK_URL_BYTES_MAX));
        for wrong in [
            "",
            "hooks.example.org",
            "ftp://a.example",
            "https://u@a.example",
            "https://a.example/#x",
            "https://",
            &long,
        ] {
            assert_eq!(targets.check(wrong), Err(BadTarget::Form), "{wrong}");
        }
        let allowing = Targets::new(vec!["10.1.0.0/16".parse().unwrap()]);
        assert_eq!(allowing.check("https://10.1.2.3/"), Ok(()));
        assert_eq!(allowing.check("https://10.2.0.1/"), Err(BadTarget::Private));
    }

    #[tokio::test]
    async fn what_a_name_means_is_asked_when_it_is_used() {
        // A name that somebody else points at this machine is let in as a name, and led nowhere.
        let target =
            Target { host: "localhost".to_owned(), ..Target::read("https://hooks.example.org/").unwrap() };
        assert_eq!(Targets::default().resolve(&target).await, Err(Unresolved::Private));
        let local = Targets::new(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        assert!(local.resolve(&target).await.is_ok());
    }
}
