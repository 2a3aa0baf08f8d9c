//! The CSAF trusted provider of this server: whose documents it publishes, and as whom.
//!
//! One server is one provider, and a provider publishes its own documents only (CSAF 2.0 section 7.2): those of one member
//! organisation, which the administrator names. Others share by the bulletin all the same.

use std::convert::Infallible;

use axum::http::Uri;
use jiff::Timestamp;
use sabha_advisory::{
    Tlp,
    csaf::{
        model::Publisher,
        provider::{self, Published},
    },
};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::SigningKey;
use crate::{
    config::{ConfigError, ProviderSettings, PublicUrl},
    data_dir::ServerKey,
    storage::Issuer,
};

/// Where the public key is, by its fingerprint.
pub(crate) const KEYS_PATH: &str = "/.well-known/csaf/openpgp/";

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Lists that are made at one time. Of the most documents that an organisation can have, each with the longest summary, one takes some
/// 300 MB while it is made.
const LISTS_AT_ONCE: usize = 2;

/// For how long `security.txt` says that it is good, in days. RFC 9116 section 2.5.5 wants less than a year.
const SECURITY_TXT_DAYS: u64 = 30;

/// What tells the documents of the feeds apart: profiles of the standard (section 4).
pub(crate) const CATEGORIES: [&str; 5] = [
    "csaf_base",
    "csaf_informational_advisory",
    "csaf_security_advisory",
    "csaf_security_incident_response",
    "csaf_vex",
];

/// When nothing was ever published.
const NEVER: &str = "1970-01-01T00:00:00Z";

/// A trusted provider.
#[derive(Debug)]
pub(crate) struct Provider {
    issuer: Issuer,
    origin: String,
    key: SigningKey,
    security_contact: Option<String>,
    lists: Semaphore,
}

impl Provider {
    /// Refuses settings that make no provider.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub(crate) fn check(settings: &ProviderSettings) -> Result<(), ConfigError> {
        let refuse = |text: &str| Err(ConfigError::Invalid(format!("bulletin.provider: {text}")));
        match (&settings.organisation, &settings.namespace) {
            (None, None) => return Ok(()),
            (Some(_), Some(namespace)) => {
                let uri = namespace.parse::<Uri>().ok();
                if uri.is_none_or(|uri| uri.scheme_str() != Some("https") || uri.host().is_none()) {
                    return refuse("namespace is an address of the publisher, https://…");
                }
            }
            _ => return refuse("organisation and namespace go together"),
        }
        let is_line = |text: &String| {
            !text.trim().is_empty() && text.len() <= 1000 && !text.chars().any(char::is_control)
        };
        if ![&settings.contact_details, &settings.issuing_authority].into_iter().flatten().all(is_line) {
            return refuse("contact_details and issuing_authority are each a line of at most 1000 bytes");
        }
        let is_contact = |text: &String| {
            let scheme = ["https://", "mailto:", "tel:"].iter().any(|scheme| text.starts_with(scheme));
            scheme && text.len() <= 1000 && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !settings.security_contact.iter().all(is_contact) {
            return refuse("security_contact is a URI, mailto:…, https://… or tel:…");
        }
        Ok(())
    }

    /// Returns the provider that is reached at `url`; `None` if there is none.
    pub(crate) fn new(settings: &ProviderSettings, url: &PublicUrl, key: &ServerKey) -> Option<Self> {
        let (organisation, namespace) = (settings.organisation.clone()?, settings.namespace.clone()?);
        let publisher = Publisher {
            category: settings.category,
            contact_details: settings.contact_details.clone(),
            issuing_authority: settings.issuing_authority.clone(),
            name: organisation.as_str().to_owned(),
            namespace,
        };
        Some(Self {
            issuer: Issuer { organisation, publisher },
            origin: url.origin().to_owned(),
            key: key.signing_key(),
            security_contact: settings.security_contact.clone(),
            lists: Semaphore::new(LISTS_AT_ONCE),
        })
    }

    /// Returns as whom documents are published.
    pub(crate) const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns the fingerprint of the key by which documents are signed.
    pub(crate) fn fingerprint(&self) -> String {
        self.key.fingerprint()
    }

    /// Returns that key.
    pub(crate) fn public_key(&self) -> String {
        self.key.public_key(&self.issuer.publisher.name)
    }

    /// Waits for its turn to make a list.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.lists.acquire().await.ok()
    }

    /// Returns `provider-metadata.json`. `published_ms` is when something was published last that everybody may read.
    pub(crate) fn metadata(&self, published_ms: Option<u64>) -> Vec<u8> {
        let url = format!("{}{KEYS_PATH}{}.asc", self.origin, self.fingerprint());
        let key = provider::Key { fingerprint: self.fingerprint(), url };
        let updated = published_ms.map_or_else(|| NEVER.to_owned(), rfc_3339);
        provider::metadata(&self.origin, &self.issuer.publisher, &[key], &Tlp::ALL, &updated)
    }

    /// Returns the service document.
    pub(crate) fn service(&self) -> Vec<u8> {
        provider::service(&self.origin, &Tlp::ALL)
    }

    /// Returns the category document.
    pub(crate) fn category() -> Vec<u8> {
        provider::category(&CATEGORIES)
    }

    /// Returns the feed of a label.
    pub(crate) fn feed(&self, documents: &[Published], label: Tlp) -> Vec<u8> {
        let times = documents.iter().filter(|document| document.label == label);
        let newest = times.max_by_key(|document| document.updated.parse::<Timestamp>().ok());
        provider::feed(&self.origin, documents, label, newest.map_or(NEVER, |document| &document.updated))
    }

    /// Returns the file at `path` of those that a published document has: itself, its hashes, its signature.
    pub(crate) fn file(
        &self,
        document: &Published,
        written: Vec<u8>,
        published_ms: u64,
        path: &str,
    ) -> Option<Vec<u8>> {
        let sign = |bytes: &[u8]| Ok::<_, Infallible>(self.key.sign(bytes, published_ms));
        let Ok(files) = provider::files(document, written, sign);
        files.into_iter().find(|file| file.path == path).map(|file| file.content)
    }

    /// Returns `security.txt` (RFC 9116); `None` if nobody is named whom to tell.
    pub(crate) fn security_txt(&self, now_ms: u64) -> Option<String> {
        let contact = self.security_contact.as_ref()?;
        // The same for a day: it says nothing of when it was asked for.
        let days = now_ms / DAY_MS + SECURITY_TXT_DAYS;
        let (expires, origin) = (rfc_3339(days * DAY_MS), &self.origin);
        let csaf = provider::security_txt_line(origin);
        Some(format!(
            "Contact: {contact}\nExpires: {expires}\nCanonical: {origin}/.well-known/security.txt\n{csaf}"
        ))
    }
}

/// Returns a time as documents write it. One that is no time is the first.
pub(crate) fn rfc_3339(ms: u64) -> String {
    timestamp(ms).to_string()
}

/// Returns a time as RSS writes it: RFC 822, with a year of four digits. One that is no time is the first.
pub(crate) fn rfc_822(ms: u64) -> String {
    let written = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&timestamp(ms));
    written.expect("years from 1970 to 9999 have four digits")
}

fn timestamp(ms: u64) -> Timestamp {
    let time = i64::try_from(ms / 1000).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_as_the_formats_want_them() {
        assert_eq!(rfc_3339(1_795_780_800_123), "2026-11-27T12:00:00Z");
        assert_eq!(rfc_3339(0), NEVER);
        assert_eq!(rfc_3339(u64::MAX), NEVER);
        assert_eq!(rfc_822(1_795_780_800_123), "Fri, 27 Nov 2026 12:00:00 GMT");
        assert_eq!(rfc_822(u64::MAX), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
