//! Addresses that a provider's files name, and which of them are asked at all.
//!
//! Of all that a URL can be (RFC 3986) so much is left that two programs never read one in two ways: a scheme, a host, a port, and a path
//! of plain names. No user, query, fragment or escape, and no segment that leads up or nowhere.

use std::{fmt, net::IpAddr};

use super::Trouble;

/// Longest address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 1000;

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    host: String,
    port: u16,
    /// Begins with `/`.
    path: String,
    secure: bool,
}

impl Address {
    /// Reads a URL. `https`, or `http` on this very machine if that is allowed.
    ///
    /// # Errors
    /// [`Trouble::Address`].
    pub fn parse(url: &str, local: bool) -> Result<Self, Trouble> {
        Self::read(url, local).ok_or_else(|| Trouble::Address(super::cut(url)))
    }

    fn read(url: &str, local: bool) -> Option<Self> {
        if url.len() > ADDRESS_BYTES_MAX {
            return None;
        }
        let (secure, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, url.strip_prefix("http://").filter(|_| local)?),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = authority_of(authority, if secure { 443 } else { 80 })?;
        let path = if path.is_empty() { "/" } else { path };
        let address = Self { host, port, path: path.to_owned(), secure };
        (is_path(&path[1..]) && (secure || address.is_loopback())).then_some(address)
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// Returns the host: a name in small letters, or an IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the host if it is an IP address.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Returns the port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the path, from its first `/` on.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns whether it is asked over TLS.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns host and port as `Host` of HTTP has them: the scheme's own port is left out.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let own = if self.secure { 443 } else { 80 };
        if self.port == own { host } else { format!("{host}:{}", self.port) }
    }

    /// Returns the last segment of the path: a file's name, or nothing for a folder.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the folder in which it is.
    #[must_use]
    pub fn folder(&self) -> Self {
        let end = self.path.rfind('/').map_or(0, |at| at + 1);
        Self { path: self.path[..end].to_owned(), ..self.clone() }
    }

    /// Returns whether it is below a folder, and not the folder itself.
    pub fn is_below(&self, folder: &Self) -> bool {
        (&self.host, self.port, self.secure) == (&folder.host, folder.port, folder.secure)
            && folder.path.ends_with('/')
            && self.path.len() > folder.path.len()
            && self.path.starts_with(&folder.path)
    }

    /// Returns what is at a relative path below this folder.
    ///
    /// # Errors
    /// [`Trouble::Address`]: the path is none, or leads out of the folder.
    pub fn below(&self, path: &str) -> Result<Self, Trouble> {
        let trouble = || Trouble::Address(super::cut(path));
        let whole = format!("{}{path}", self.path);
        if path.is_empty() || path.starts_with('/') || whole.len() > ADDRESS_BYTES_MAX || !is_path(path) {
            return Err(trouble());
        }
        Ok(Self { path: whole, ..self.clone() })
    }

    /// Returns the file whose name is this one's and an ending: its hash, its signature.
    #[must_use]
    pub fn beside(&self, ending: &str) -> Self {
        Self { path: format!("{}{ending}", self.path), ..self.clone() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

/// Which hosts are asked: those that somebody has written into the configuration, and nobody else's word adds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    hosts: Vec<(String, u16)>,
    local: bool,
}

impl Reach {
    /// Allows these hosts, each a name or an IP address, with a port unless it is 443. `local` allows `http` on this machine.
    ///
    /// # Errors
    /// [`Trouble::Address`]: one is no host.
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a str>, local: bool) -> Result<Self, Trouble> {
        let read = |host: &str| authority_of(host, 443).ok_or_else(|| Trouble::Address(super::cut(host)));
        Ok(Self { hosts: hosts.into_iter().map(read).collect::<Result<_, _>>()?, local })
    }

    /// Reads a URL that a provider's file names.
    ///
    /// # Errors
    /// [`Trouble::Address`], [`Trouble::Elsewhere`].
    pub fn address(&self, url: &str) -> Result<Address, Trouble> {
        let address = Address::parse(url, self.local)?;
        if !self.hosts.iter().any(|(host, port)| (host, *port) == (&address.host, address.port)) {
            return Err(Trouble::Elsewhere(address.to_string()));
        }
        Ok(address)
    }
}

fn authority_of(text: &str, own_port: u16) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some("")))
        }
        None => {
            let (host, port) = text.split_once(':').map_or((text, ""), |(host, port)| (host, port));
            let is_name = |label: &str| {
                let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
            };
            (host.len() <= 253 && host.split('.').all(is_name)).then_some((host, Some(port)))?
        }
    };
    let port = match port? {
        "" => own_port,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port != 0)?
        }
        _ => return None,
    };
    Some((host.to_ascii_lowercase(), port))
}

/// Returns whether a path without its first `/` is made of plain names; its last one may be empty, which is a folder.
fn is_path(path: &str) -> bool {
    let mut segments: Vec<&str> = path.split('/').collect();
    if segments.last().is_some_and(|last| last.is_empty()) {
        segments.pop();
    }
    segments.into_iter().all(|segment| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+@:,=!()*'&$;".contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Option<Address> {
        Address::parse(url, true).ok()
    }

    #[test]
    fn an_address_is_https_or_on_this_machine_and_has_nothing_to_misread() {
        let read = address("https://Cert.Example.org:443/.well-known/csaf/a.json").unwrap();
        assert_eq!(read.to_string(), "https://cert.example.org/.well-known/csaf/a.json");
        assert_eq!((read.host(), read.port(), read.file_name()), ("cert.example.org", 443, "a.json"));
        assert_eq!(address("https://[2001:DB8::1]:8443").unwrap().to_string(), "https://[2001:db8::1]:8443/");
        assert!(address("http://127.0.0.1:80/x").is_some() && address("http://localhost:1/").is_some());
        for wrong in [
            "",
            "https://",
            "https:///x",
            "http://cert.example.org/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "https://user@host/",
            "https://host:0/",
            "https://host:99999/",
            "https://host:8a/",
            "https://ho st/",
            "https://-a.org/",
            "https://a..org/",
            "https://[::1/",
            "https://[host]/",
            "https://host\\@evil/",
            "https://host/a?b",
            "https://host/a#b",
            "https://host/a/../b",
            "https://host/./b",
            "https://host//b",
            "https://host/%2e%2e/b",
            "https://host/a\\b",
            "https://host/a\nb",
            "https://host/\u{0939}",
            &format!("https://host/{}", "a".repeat(ADDRESS_BYTES_MAX)),
        ] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
        assert!(Address::parse("http://127.0.0.1/x", false).is_err(), "unless that is allowed");
    }

    #[test]
    fn only_hosts_that_are_configured_are_asked() {
        let reach = Reach::new(["Cert.example.org", "[::1]:8443"], false).unwrap();
        assert!(reach.address("https://cert.example.org/a").is_ok());
        assert!(reach.address("https://[::1]:8443/a").is_ok());
        for url in [
            "https://cert.example.org:8443/a",
            "https://evil.org/",
            "https://cert.example.org.evil.org/",
            "https://[::1]/",
        ] {
            assert!(matches!(reach.address(url), Err(Trouble::Elsewhere(_))), "{url}");
        }
        assert!(Reach::new(["a b"], false).is_err());
    }

    #[test]
    fn a_path_never_leads_out_of_its_folder() {
        let folder = address("https://host/csaf/clear/x.json").unwrap().folder();
        let file = folder.below("2026/a.json").unwrap();
        assert_eq!(file.to_string(), "https://host/csaf/clear/2026/a.json");
        assert!(file.is_below(&folder) && !folder.is_below(&folder));
        assert!(!address("https://host/csaf/clearly/a.json").unwrap().is_below(&folder));
        assert!(!address("https://host:8443/csaf/clear/a.json").unwrap().is_below(&folder));
        for wrong in
            ["", "/etc/passwd", "../a.json", "2026/../../a.json", "a//b", "https://evil/a", "a?b", "a%2f"]
        {
            // A colon is a name's, and so `https:` is a folder, below which there is an empty name.
            assert!(folder.below(wrong).is_err(), "{wrong}");
        }
        assert_eq!(file.beside(".asc").file_name(), "a.json.asc");
    }
}
