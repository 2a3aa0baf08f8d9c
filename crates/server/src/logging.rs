//! The log on standard error, and the types through which personal data may enter it.
//!
//! Names and tokens never do: their types print a length or nothing. Addresses do only as an [`AddressTag`],
//! which tells two of them apart for as long as the process lives, and no more.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::OnceLock,
};

use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::config::{LogFormat, LogSettings};

/// Parses a log filter.
///
/// # Errors
/// When a directive is not one of `tracing`'s.
pub fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(text)
}

/// Starts the log. Does nothing if the process has one already.
///
/// # Errors
/// When the level is not a filter.
pub fn start(settings: &LogSettings) -> Result<(), ParseError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&settings.level)?)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // A second start fails because a log is there, which is what was wanted.
    let _ = match settings.format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.try_init(),
    };
    Ok(())
}

/// A network address for the log: eight hexadecimal digits, keyed by a value that dies with the process.
#[derive(Clone, Copy)]
pub struct AddressTag(pub IpAddr);

impl fmt::Display for AddressTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        let hash = KEY.get_or_init(RandomState::new).hash_one(self.0);
        write!(f, "address-{:08x}", hash & 0xFFFF_FFFF)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_readable_in_the_log_but_recognisable() {
        let tag = |text: &str| AddressTag(text.parse().unwrap()).to_string();
        assert!(!tag("192.0.2.1").contains("192"));
        assert_eq!(tag("192.0.2.1"), tag("192.0.2.1"));
        assert_ne!(tag("192.0.2.1"), tag("192.0.2.2"));
    }
}
