//! The links people are given: an invite to a meeting, and the right to create one.
//!
//! A server is reached over `https://`; over `http://` only on this machine, where nobody is in between.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use rustls::pki_types::{DnsName, ServerName};
use sabha_crypto::{
    invitation::Invitation,
    link::{Link as MeetingLink, LinkSecret},
};
use sabha_protocol::{
    MeetingId,
    secret::{AccessToken, CreationKey, InvalidSecret},
};
use zeroize::Zeroizing;

use crate::error::ClientError;

/// Hosts that are this machine under any configuration, as browsers and `sabha_crypto::link` have it.
const THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    origin: String,
    authority: String,
    name: ServerName<'static>,
}

impl Server {
    /// Returns `host:port`, as sockets want it, host in brackets if it is an IPv6 address.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns host and port as HTTP has them: without the port that goes without saying.
    pub(crate) fn host(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, host)| host)
    }

    /// Returns whether TLS is spoken.
    pub(crate) fn is_secure(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// Returns whether it is this machine, under any configuration of it.
    pub(crate) fn is_this_machine(&self) -> bool {
        let host = self.authority.rsplit_once(':').map_or("", |(host, _)| host);
        THIS_MACHINE.contains(&host)
    }

    /// Returns what the server's certificate has to be for.
    pub(crate) const fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// Splits a URL into its server and the rest, which starts with `/`, `#`, `?` or is empty.
    fn split(url: &str) -> Result<(Self, &str), ClientError> {
        let (scheme, default_port, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => ("https", 443, rest),
            (None, Some(rest)) => ("http", 80, rest),
            (None, None) => return Err(ClientError::Link("it does not start with https://")),
        };
        let end = rest.find(['/', '#', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand in brackets; one after them begins a port.
            Some((host, port)) if !port.contains(']') => {
                let port = port.parse().ok().filter(|port| *port > 0);
                (host, port.ok_or(ClientError::Link("its port is not one"))?)
            }
            _ => (authority, default_port),
        };
        let host = host.to_ascii_lowercase();
        let name = host_name(&host).ok_or(ClientError::Link("it names no host"))?;
        // TLS-01
        if scheme == "http" && !THIS_MACHINE.contains(&host.as_str()) {
            return Err(ClientError::Link("TLS-01: a server on another machine is reached over https://"));
        }
        // Browsers leave the scheme's own port out of an origin, and write hosts in lower case.
        let port_said = if port == default_port { String::new() } else { format!(":{port}") };
        let origin = format!("{scheme}://{host}{port_said}");
        Ok((Self { origin, authority: format!("{host}:{port}"), name }, tail))
    }
}

/// Reads a host as URLs have it (RFC 3986 section 3.2.2): a name, an IPv4 address, or an IPv6 address in brackets.
fn host_name(host: &str) -> Option<ServerName<'static>> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(ServerName::IpAddress(IpAddr::V6(address).into()));
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(ServerName::IpAddress(address.into()));
    }
    DnsName::try_from(host.to_owned()).ok().map(ServerName::DnsName)
}

impl FromStr for Server {
    type Err = ClientError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match Self::split(url)? {
            (server, "" | "/") => Ok(server),
            _ => Err(ClientError::Link("a server's URL has no path")),
        }
    }
}

impl fmt::Display for Server {
    /// Writes the origin, as a browser says it: `https://host`, and the port unless it is 443.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// An invite: `https://host/m/<meeting_id>#v1.<secret>`. Shows that its bearer was given it, and no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    server: Server,
    link: MeetingLink,
}

impl Invite {
    /// Returns the invite with this secret, which the creator drew from a secure source.
    ///
    /// # Errors
    /// [`ClientError::Invite`] when links to this server would be refused by who reads them.
    pub fn new(server: Server, meeting: MeetingId, secret: LinkSecret) -> Result<Self, ClientError> {
        let link = MeetingLink::new(&server.origin, meeting, secret)?;
        Ok(Self { server, link })
    }

    /// Returns where the meeting is.
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Returns which meeting.
    pub const fn meeting(&self) -> MeetingId {
        self.link.meeting()
    }

    /// Returns the secret.
    pub const fn secret(&self) -> &LinkSecret {
        self.link.secret()
    }

    /// Returns the invite, in a link that was made for one person.
    pub fn invitation(&self) -> Option<&Invitation> {
        self.link.invitation()
    }

    /// Returns the link to pass on, secret included.
    pub fn expose(&self) -> Zeroizing<String> {
        self.link.expose()
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite")
            .field("server", &self.server)
            .field("meeting", &self.meeting())
            .finish_non_exhaustive()
    }
}

/// What an API key begins with.
const API_KEY_PREFIX: &str = "sabha_";

/// By what right meetings are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeetingKey {
    /// Of somebody with an account, by an API key with the scope `meetings:create`.
    Account(AccessToken),
    /// Whoever has the server's creation key.
    Creation(CreationKey),
}

impl FromStr for MeetingKey {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        match text.strip_prefix(API_KEY_PREFIX) {
            Some(token) => token.to_owned().try_into().map(Self::Account),
            None => text.to_owned().try_into().map(Self::Creation),
        }
    }
}

impl From<MeetingKey> for String {
    fn from(key: MeetingKey) -> Self {
        match key {
            MeetingKey::Account(token) => format!("{API_KEY_PREFIX}{}", Self::from(token)),
            MeetingKey::Creation(key) => key.into(),
        }
    }
}

/// The right to create meetings: `https://host/new#<creation key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMeeting {
    /// On which server.
    pub server: Server,
    /// By which key.
    pub key: MeetingKey,
}

/// Any link of Sabha's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// To a meeting.
    Invite(Invite),
    /// To make one.
    NewMeeting(NewMeeting),
}

impl FromStr for Link {
    type Err = ClientError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (server, tail) = Server::split(url)?;
        if let Some(key) = tail.strip_prefix("/new#") {
            let key = CreationKey::try_from(key.to_owned())
                .map(MeetingKey::Creation)
                .map_err(|_| ClientError::Link("its creation key is damaged"))?;
            return Ok(Self::NewMeeting(NewMeeting { server, key }));
        }
        Ok(Self::Invite(Invite { server, link: MeetingLink::parse(url)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invite_survives_its_text_form_and_is_not_printed() {
        let server: Server = "http://127.0.0.1:8080".parse().unwrap();
        let secret = LinkSecret::from_bytes([7; 16]);
        let invite = Invite::new(server, MeetingId::from_bytes([2; 20]), secret.clone()).unwrap();

        assert_eq!(invite.expose().parse::<Link>().unwrap(), Link::Invite(invite.clone()));
        assert!(!format!("{invite:?}").contains(secret.fragment().trim_start_matches("v1.")));
    }

    #[test]
    fn new_meeting_link_carries_the_creation_key() {
        let key = CreationKey::from_bytes([3; 32]);
        let url = format!("http://[::1]:99/new#{}", String::from(key.clone()));

        let Link::NewMeeting(new) = url.parse().unwrap() else { panic!("not a new-meeting link") };

        assert_eq!((new.server.authority(), new.key), ("[::1]:99", MeetingKey::Creation(key)));
    }

    #[test]
    fn server_is_written_as_browsers_write_it_whatever_was_typed() {
        for (url, authority, origin) in [
            ("http://[::1]/", "[::1]:80", "http://[::1]"),
            ("http://localhost:8080", "localhost:8080", "http://localhost:8080"),
            ("https://Meet.Example.org", "meet.example.org:443", "https://meet.example.org"),
            ("https://meet.example.org:443/", "meet.example.org:443", "https://meet.example.org"),
            ("https://192.0.2.7:8443", "192.0.2.7:8443", "https://192.0.2.7:8443"),
            ("https://[2001:db8::1]", "[2001:db8::1]:443", "https://[2001:db8::1]"),
        ] {
            let server: Server = url.parse().unwrap();
            assert_eq!((server.authority(), server.to_string().as_str()), (authority, origin));
            assert_eq!(format!("{}://{}", origin.split_once("://").unwrap().0, server.host()), origin);
            assert_eq!(server.is_secure(), origin.starts_with("https://"));
        }
    }

    #[test]
    fn certificate_has_to_be_for_the_host_without_brackets_and_port() {
        for (url, name) in [
            ("https://meet.example.org:8443", "meet.example.org"),
            ("https://192.0.2.7", "192.0.2.7"),
            ("https://[2001:db8::1]:443", "2001:db8::1"),
        ] {
            let server: Server = url.parse().unwrap();
            assert_eq!(server.name(), &ServerName::try_from(name).unwrap(), "{url}");
        }
    }

    /// TLS-01
    #[test]
    fn server_elsewhere_is_reached_over_https_only() {
        let meeting = MeetingId::from_bytes([2; 20]);
        for url in [
            "http://meet.example.org/".to_owned(),
            format!("http://meet.example.org/new#{}", "A".repeat(43)),
            format!("http://192.0.2.7:8080/m/{meeting}#v1.AAAAAAAAAAAAAAAAAAAAAA"),
            "http://localhost.example.org/".to_owned(),
            "http://127.0.0.1.example.org/".to_owned(),
        ] {
            let refused = [url.parse::<Server>().err(), url.parse::<Link>().err()];
            let named = |error: &ClientError| error.to_string().contains("TLS-01");
            assert!(refused.iter().flatten().any(named), "{url}: {refused:?}");
        }
        let invite = format!("https://meet.example.org/m/{meeting}#v1.AAAAAAAAAAAAAAAAAAAAAA");
        let Link::Invite(invite) = invite.parse().unwrap() else { panic!("not an invite") };
        assert!(invite.server().is_secure());
    }

    #[test]
    fn keys_of_accounts_are_told_from_the_servers() {
        let (account, creation) = (AccessToken::from_bytes([4; 32]), CreationKey::from_bytes([4; 32]));
        for key in [MeetingKey::Account(account), MeetingKey::Creation(creation)] {
            assert_eq!(String::from(key.clone()).parse(), Ok(key));
        }
        assert!("sabha_short".parse::<MeetingKey>().is_err());
    }

    #[test]
    fn foreign_or_damaged_links_are_refused() {
        let meeting = MeetingId::from_bytes([2; 20]);
        for url in [
            "",
            "http://",
            "http://user@localhost/new#x",
            "https://localhost/new#x",
            "https://host:0/",
            "https://host:70000/",
            "https://ho st/",
            "https://[::1/",
            "https://[192.0.2.7]/",
            "https://::1/",
            "HTTPS://host/",
            "http://localhost/new#short",
            "http://localhost/m/short#v1.AAAAAAAAAAAAAAAAAAAAAA",
            &format!("http://meet.example.org/m/{meeting}#v1.AAAAAAAAAAAAAAAAAAAAAA"),
            &format!("http://localhost/m/{meeting}"),
            &format!("http://localhost/m/{meeting}#v2.AAAAAAAAAAAAAAAAAAAAAA"),
            &format!("http://localhost/m/{meeting}#v1.AAAA"),
        ] {
            assert!(url.parse::<Link>().is_err(), "{url}");
        }
    }
}
