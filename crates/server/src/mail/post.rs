//! The mail server that takes what is sent: over TLS, or on this machine.

use std::{path::Path, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};

use sabha_protocol::wire::plans::MailTrouble;

use crate::config::{ConfigError, MailSettings, PublicUrl};

/// Longest time for one command; a mail server may look hard at what it is given.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// What came of giving a message to the mail server.
#[derive(Debug)]
pub(crate) enum Given {
    Taken,
    /// It says that it never takes it.
    Refused(String),
    /// It could not be reached, is not known to be it, or says that it may take it later.
    Later(MailTrouble, String),
}

/// The way to the mail server.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Where a mail server is.
struct Place<'a> {
    host: &'a str,
    port: Option<u16>,
    tls: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// This machine needs none.
    None,
    /// Before anything is said (RFC 3207), or not at all.
    Start,
    /// From the first byte (RFC 8314).
    Whole,
}

impl Post {
    /// Refuses settings that cannot be meant, before anything is read.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub(crate) fn check(settings: &MailSettings) -> Result<(), ConfigError> {
        let refuse = |text: &str| Err(ConfigError::Invalid(text.to_owned()));
        if settings.user.is_some() != settings.password_file.is_some() {
            return refuse("mail: user and password_file go together");
        }
        match (&settings.server, &settings.from) {
            (Some(server), Some(from)) => {
                Place::read(server)?;
                from_address(from).map(drop)
            }
            (Some(_), None) => refuse("mail.from is missing: from whom do mails come?"),
            (None, _) => Ok(()),
        }
    }

    /// Returns the way to the mail server; `None` if there is none.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`]: a file cannot be read, or does not hold what it should.
    pub(crate) fn new(settings: &MailSettings, url: &PublicUrl) -> Result<Option<Self>, ConfigError> {
        let (Some(server), Some(from)) = (&settings.server, &settings.from) else { return Ok(None) };
        let invalid = |text: String| ConfigError::Invalid(format!("mail: {text}"));
        let place = Place::read(server)?;
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(place.host)
            .timeout(Some(ANSWER_MAX))
            .hello_name(ClientId::Domain(hello_name(url)))
            .port(place.port());
        let parameters = || {
            let mut parameters = TlsParameters::builder(place.host.to_owned());
            if let Some(file) = &settings.ca_file {
                let pem = read(file).map_err(invalid)?;
                let authorities = Certificate::from_pem(&pem).map_err(|error| invalid(error.to_string()))?;
                parameters =
                    parameters.certificate_store(CertificateStore::None).add_root_certificate(authorities);
            }
            parameters.build_rustls().map_err(|error| invalid(error.to_string()))
        };
        transport = transport.tls(match place.tls {
            Kind::None => Tls::None,
            Kind::Start => Tls::Required(parameters()?),
            Kind::Whole => Tls::Wrapper(parameters()?),
        });
        if let (Some(user), Some(file)) = (&settings.user, &settings.password_file) {
            let password = String::from_utf8(read(file).map_err(invalid)?)
                .map_err(|_| invalid(format!("{}: not text", file.display())))?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Some(Self { transport: transport.build(), from: from_address(from)? }))
    }

    /// From whom mails come.
    pub(crate) const fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Gives a message to the mail server.
    pub(crate) async fn give(&self, message: Message) -> Given {
        match self.transport.send(message).await {
            Ok(_) => Given::Taken,
            Err(error) if error.is_permanent() => Given::Refused(error.to_string()),
            Err(error) => Given::Later(trouble(&error), error.to_string()),
        }
    }
}

fn trouble(error: &lettre::transport::smtp::Error) -> MailTrouble {
    if error.is_transient() {
        return MailTrouble::Later;
    }
    // What a mail server has to offer, and the library misses, is TLS.
    if error.is_client() {
        return MailTrouble::NoTls;
    }
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        // An I/O error has what it is about inside, and not as its source.
        let inner = cause.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        if cause.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return MailTrouble::Certificate;
        }
        next = cause.source();
    }
    MailTrouble::Unreachable
}

impl<'a> Place<'a> {
    fn read(server: &'a str) -> Result<Self, ConfigError> {
        let invalid =
            || ConfigError::Invalid("mail.server is smtps://host, smtp://host, or with :port".to_owned());
        let (scheme, place) = server.split_once("://").ok_or_else(invalid)?;
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().map_err(|_| invalid())?)),
            _ => (place, None),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_name) || port == Some(0) {
            return Err(invalid());
        }
        let tls = match scheme {
            "smtps" => Kind::Whole,
            "smtp" if matches!(host, "localhost" | "127.0.0.1" | "[::1]") => Kind::None,
            "smtp" => Kind::Start,
            _ => return Err(invalid()),
        };
        Ok(Self { host: host.trim_matches(['[', ']']), port, tls })
    }

    fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Kind::None => 25,
            Kind::Start => 587,
            Kind::Whole => 465,
        })
    }
}

fn from_address(text: &str) -> Result<Mailbox, ConfigError> {
    text.parse().map_err(|error| ConfigError::Invalid(format!("mail.from `{text}` is no address: {error}")))
}

/// Returns what this server calls itself to a mail server.
fn hello_name(url: &PublicUrl) -> String {
    let host = url.origin().split_once("://").map_or("localhost", |(_, host)| host);
    host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned()
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_over_a_network_goes_over_tls() {
        let place = |text| Place::read(text).map(|place| (place.port(), place.tls));
        assert!(matches!(place("smtps://mail.example.org"), Ok((465, Kind::Whole))));
        assert!(matches!(place("smtp://mail.example.org"), Ok((587, Kind::Start))));
        assert!(matches!(place("smtp://192.0.2.1:25"), Ok((25, Kind::Start))));
        assert!(matches!(place("smtp://127.0.0.1:2525"), Ok((2525, Kind::None))));
        assert!(matches!(place("smtp://[::1]"), Ok((25, Kind::None))));
        for wrong in [
            "mail.example.org",
            "http://a",
            "smtp://",
            "smtp://a:0",
            "smtp://a:x",
            "smtp://a/b",
            "smtp://u@a",
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
