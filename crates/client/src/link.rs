//! The links people are given: an invite to a meeting, and the right to create one.
//!
//! Only `http://` is understood. The participant is a tool for tests and load on a trusted path; a TLS
//! stack comes with the first use that crosses an untrusted one, and until then `https://` is refused
//! rather than quietly downgraded.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use sabha_protocol::{
    MeetingId,
    gate::{FRAGMENT_PREFIX, LINK_SECRET_BYTES, gate_key},
    secret::{CreationKey, GateKey},
};

use crate::error::ClientError;

/// Where a server listens: `host:port`, host in brackets if it is an IPv6 address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server(String);

impl Server {
    /// Returns `host:port`, as `Host` headers and sockets want it.
    pub fn authority(&self) -> &str {
        &self.0
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
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        Ok((Self(authority), tail))
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

/// An invite: `http://host/m/<meeting_id>#v1.<secret>`. Shows that its bearer was given it, and no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// Where the meeting is.
    pub server: Server,
    /// Which meeting.
    pub meeting: MeetingId,
    secret: [u8; LINK_SECRET_BYTES],
}

impl Invite {
    /// Returns the invite with this secret, which the creator drew from a secure source.
    pub const fn new(server: Server, meeting: MeetingId, secret: [u8; LINK_SECRET_BYTES]) -> Self {
        Self { server, meeting, secret }
    }

    /// Returns what the server checks in place of the secret.
    pub fn gate_key(&self) -> GateKey {
        gate_key(&self.secret, &self.meeting)
    }

    /// Returns the link to pass on, secret included.
    pub fn expose(&self) -> String {
        format!(
            "{}/m/{}#{FRAGMENT_PREFIX}{}",
            self.server,
            self.meeting,
            BASE64URL_NOPAD.encode(&self.secret)
        )
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite")
            .field("server", &self.server)
            .field("meeting", &self.meeting)
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
        let (path, fragment) = tail.split_once('#').ok_or(ClientError::Link("it has no secret after '#'"))?;
        if path == "/new" {
            let key = CreationKey::try_from(fragment.to_owned())
                .map_err(|_| ClientError::Link("its creation key is damaged"))?;
            return Ok(Self::NewMeeting(NewMeeting { server, key }));
        }
        let meeting = path
            .strip_prefix("/m/")
            .and_then(|id| id.parse().ok())
            .ok_or(ClientError::Link("it names no meeting"))?;
        let secret = fragment
            .strip_prefix(FRAGMENT_PREFIX)
            .and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(ClientError::Link("its secret is damaged"))?;
        Ok(Self::Invite(Invite { server, meeting, secret }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invite_survives_its_text_form() {
        let server: Server = "http://127.0.0.1:8080".parse().unwrap();
        let invite = Invite::new(server, MeetingId::from_bytes([2; 20]), [7; 16]);

        assert_eq!(invite.expose().parse::<Link>().unwrap(), Link::Invite(invite.clone()));
        assert!(!format!("{invite:?}").contains(&BASE64URL_NOPAD.encode(&[7; 16])));
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
        assert_eq!("http://[::1]/".parse::<Server>().unwrap().authority(), "[::1]:80");
        assert_eq!("http://host".parse::<Server>().unwrap().authority(), "host:80");
    }

    #[test]
    fn foreign_or_damaged_links_are_refused() {
        let meeting = MeetingId::from_bytes([2; 20]);
        for url in [
            "",
            "http://",
            "http://user@host/new#x",
            "https://host/new#x",
            "http://host/new#short",
            "http://host/m/short#v1.AAAAAAAAAAAAAAAAAAAAAA",
            &format!("http://host/m/{meeting}"),
            &format!("http://host/m/{meeting}#v2.AAAAAAAAAAAAAAAAAAAAAA"),
            &format!("http://host/m/{meeting}#v1.AAAA"),
        ] {
            assert!(url.parse::<Link>().is_err(), "{url}");
        }
    }
}
