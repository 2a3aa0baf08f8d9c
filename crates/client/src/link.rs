//! The links people are given: an invite to a meeting, and the right to create one.
//!
//! Only `http://` is understood. The participant is a tool for tests and load on a trusted path; a TLS
//! stack comes with the first use that crosses an untrusted one, and until then `https://` is refused
//! rather than quietly downgraded. Invites are read by `sabha_crypto::link`, which allows `http://` to this
//! machine only: for a server elsewhere, bring its port here through a tunnel.

use std::{fmt, str::FromStr};

use sabha_crypto::link::{Link as MeetingLink, LinkSecret};
use sabha_protocol::{MeetingId, secret::CreationKey};
use zeroize::Zeroizing;

use crate::error::ClientError;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    origin: String,
    authority: String,
}

impl Server {
    /// Returns `host:port`, as sockets want it, host in brackets if it is an IPv6 address.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Splits a URL into its server and the rest, which starts with `/`, `#` or nothing.
    fn split(url: &str) -> Result<(Self, &str), ClientError> {
        let rest = url.strip_prefix("http://").ok_or(if url.starts_with("https://") {
            ClientError::Link("https is not supported yet; use http on a trusted path")
        } else {
            ClientError::Link("it does not start with http://")
        })?;
        let end = rest.find(['/', '#', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if authority.is_empty() || authority.contains('@') {
            return Err(ClientError::Link("it names no host"));
        }
        let has_port = authority.rfind(':').is_some_and(|colon| !authority[colon..].contains(']'));
        let origin = format!("http://{authority}");
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        Ok((Self { origin, authority }, tail))
    }
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
    /// Writes the origin, as a browser says it: `http://host`, and the port unless it is 80.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// An invite: `http://host/m/<meeting_id>#v1.<secret>`. Shows that its bearer was given it, and no more.
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

/// The right to create meetings: `http://host/new#<creation key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMeeting {
    /// On which server.
    pub server: Server,
    /// By which key.
    pub key: CreationKey,
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

        assert_eq!((new.server.authority(), new.key), ("[::1]:99", key));
    }

    #[test]
    fn default_port_is_added() {
        for (url, authority, origin) in
            [("http://[::1]/", "[::1]:80", "http://[::1]"), ("http://host", "host:80", "http://host")]
        {
            let server: Server = url.parse().unwrap();
            assert_eq!((server.authority(), server.to_string().as_str()), (authority, origin));
        }
    }

    #[test]
    fn foreign_or_damaged_links_are_refused() {
        let meeting = MeetingId::from_bytes([2; 20]);
        for url in [
            "",
            "http://",
            "http://user@localhost/new#x",
            "https://localhost/new#x",
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
