//! The lister or aggregator of CSAF that this server is (CSAF 2.0 sections 7.2.4 and 7.2.5): whom it follows, and what it shows of
//! them.
//!
//! It shows nothing that is not for everybody, since it keeps nothing else. A copy has the signature of its provider and one of this
//! server, by which a reader knows that it was not changed since it was fetched, and nothing more.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rustls::ClientConfig;
use sabha_advisory::csaf::{
    mirror::{self, About, Address, Entry, ProviderMetadata, Reach, Role, Source},
    provider::{self, HashKind, Key, OWN_SIGNATURE, Published},
};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{SigningKey, rfc_3339};
use crate::{
    accounts::authorities,
    config::{AggregatedProvider, AggregatorSettings, ConfigError, PublicUrl},
    data_dir::ServerKey,
    storage::{MirrorMetadata, MirroredFile},
};

/// Where everything is.
pub(crate) const AGGREGATOR_PATH: &str = "/.well-known/csaf-aggregator";

/// Most providers that are followed.
const PROVIDERS_MAX: usize = 64;

/// Longest name of one, in bytes: it is a folder.
const NAME_BYTES_MAX: usize = 64;

/// Shortest and longest time between two runs, in minutes: a week.
const INTERVAL_MINUTES: std::ops::RangeInclusive<u32> = 5..=7 * 24 * 60;

/// Lists that are made at one time, as of the provider.
const LISTS_AT_ONCE: usize = 2;

/// A provider that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Followed {
    pub(super) name: String,
    /// As it is written in the configuration.
    pub(super) from: String,
    pub(super) sources: Vec<Source>,
    pub(super) reach: Reach,
    pub(super) fingerprint: Option<String>,
    pub(super) mirror: bool,
}

/// A lister or aggregator.
#[derive(Debug)]
pub(crate) struct Aggregator {
    about: About,
    origin: String,
    key: SigningKey,
    followed: Vec<Followed>,
    interval_ms: u64,
    private: bool,
    tls: Arc<ClientConfig>,
    lists: Semaphore,
}

impl Aggregator {
    /// Refuses settings that make no aggregator.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub(crate) fn check(settings: &AggregatorSettings) -> Result<(), ConfigError> {
        let refuse = |text: &str| Err(ConfigError::Invalid(format!("bulletin.aggregator: {text}")));
        let texts = [&settings.contact_details, &settings.issuing_authority];
        let is_line =
            |text: &str| !text.trim().is_empty() && text.len() <= 1000 && !text.chars().any(char::is_control);
        match (&settings.name, &settings.namespace) {
            (None, None) if settings.providers.is_empty() => return Ok(()),
            (Some(name), Some(namespace)) => {
                if !is_line(name) || Address::parse(namespace, false).is_err() {
                    return refuse(
                        "name is a line of at most 1000 bytes, and namespace an address, https://…",
                    );
                }
            }
            _ => return refuse("name and namespace go together, and with them providers"),
        }
        if !texts.into_iter().flatten().all(|text| is_line(text)) {
            return refuse("contact_details and issuing_authority are each a line of at most 1000 bytes");
        }
        if !INTERVAL_MINUTES.contains(&settings.interval_minutes) {
            let (least, most) = INTERVAL_MINUTES.into_inner();
            return refuse(&format!("interval_minutes is {least} to {most}"));
        }
        if settings.providers.len() > PROVIDERS_MAX {
            return refuse(&format!("there are at most {PROVIDERS_MAX} providers"));
        }
        let mut names = BTreeSet::new();
        for provider in &settings.providers {
            let name = &provider.name;
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !name.bytes().all(plain) || !names.insert(name)
            {
                return refuse(&format!(
                    "each name of a provider is another, of a to z, 0 to 9 and -, and at most {NAME_BYTES_MAX} long"
                ));
            }
            let digits = |text: &String| {
                matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            };
            if !provider.fingerprint.iter().all(digits) {
                return refuse(&format!("{name}: fingerprint is 40 or 64 hexadecimal digits"));
            }
            if let Err(error) = Followed::new(provider, settings.private_addresses) {
                return refuse(&format!("{name}: {error}"));
            }
        }
        Ok(())
    }

    /// Returns the aggregator that is reached at `url`; `None` if there is none.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`]: the file of authorities cannot be read.
    pub(crate) fn new(
        settings: &AggregatorSettings,
        url: &PublicUrl,
        key: &ServerKey,
    ) -> Result<Option<Self>, ConfigError> {
        let (Some(name), Some(namespace)) = (settings.name.clone(), settings.namespace.clone()) else {
            return Ok(None);
        };
        let invalid = |text: String| ConfigError::Invalid(format!("bulletin.aggregator: {text}"));
        let followed = settings.providers.iter();
        let followed: Result<_, _> =
            followed.map(|provider| Followed::new(provider, settings.private_addresses)).collect();
        Ok(Some(Self {
            about: About {
                name,
                namespace,
                contact_details: settings.contact_details.clone(),
                issuing_authority: settings.issuing_authority.clone(),
            },
            origin: url.origin().to_owned(),
            key: key.signing_key(),
            followed: followed.map_err(|trouble: mirror::Trouble| invalid(trouble.to_string()))?,
            interval_ms: u64::from(settings.interval_minutes) * 60 * 1000,
            private: settings.private_addresses,
            tls: authorities(settings.ca_file.as_deref()).map_err(invalid)?,
            lists: Semaphore::new(LISTS_AT_ONCE),
        }))
    }

    pub(super) fn followed(&self) -> &[Followed] {
        &self.followed
    }

    pub(super) const fn interval_ms(&self) -> u64 {
        self.interval_ms
    }

    pub(super) const fn reaches_private_addresses(&self) -> bool {
        self.private
    }

    pub(super) fn tls(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// Waits for its turn to make a list.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.lists.acquire().await.ok()
    }

    /// Returns `aggregator.json`; `None` while the standard allows none, since too few are known.
    pub(crate) fn document(&self, known: &[MirrorMetadata]) -> Option<Vec<u8>> {
        let entries: Vec<Entry> = known
            .iter()
            .filter(|known| self.followed.iter().any(|followed| followed.name == known.name))
            .filter_map(|known| {
                let metadata = ProviderMetadata::read(known.metadata.as_ref()?).ok()?;
                let at = || format!("{}/provider-metadata.json", self.base(&known.name));
                Some(Entry { metadata, mirror: self.mirror_of(known).map(|_| at()) })
            })
            .collect();
        let url = format!("{}{AGGREGATOR_PATH}/aggregator.json", self.origin);
        mirror::aggregator(&url, &self.about, &entries)
    }

    /// Returns what a provider says of itself, if copies of its documents are shown: it is configured so, the provider wants it now, and
    /// a run over it has ended well.
    pub(crate) fn mirror_of(&self, known: &MirrorMetadata) -> Option<ProviderMetadata> {
        let followed = self.followed.iter().find(|followed| followed.name == known.name)?;
        let metadata = ProviderMetadata::read(known.metadata.as_ref()?).ok()?;
        let wanted = followed.mirror && metadata.may_be_mirrored && metadata.role == Role::TrustedProvider;
        (wanted && known.reached).then_some(metadata)
    }

    /// Returns the `provider-metadata.json` of a mirror.
    pub(crate) fn metadata(
        &self,
        name: &str,
        metadata: &ProviderMetadata,
        mirrored_ms: Option<u64>,
    ) -> Vec<u8> {
        let base = self.base(name);
        let fingerprint = self.key.fingerprint();
        let own = Key { url: format!("{base}/{fingerprint}.asc"), fingerprint };
        mirror::mirror_metadata(&base, metadata, &own, &rfc_3339(mirrored_ms.unwrap_or_default()))
    }

    /// Returns the key of this server if that is the file's name.
    pub(crate) fn key_file(&self, file: &str) -> Option<Vec<u8>> {
        let is_ours = file == format!("{}.asc", self.key.fingerprint());
        is_ours.then(|| self.key.public_key(&self.about.name).into_bytes())
    }

    /// Returns the feed of a mirror.
    pub(crate) fn feed(&self, name: &str, documents: &[Published]) -> Vec<u8> {
        let newest = documents.iter().max_by_key(|document| document.updated.parse::<Timestamp>().ok());
        let updated = newest.map_or_else(|| rfc_3339(0), |document| document.updated.clone());
        provider::mirror_feed(&format!("{}/clear", self.base(name)), documents, name, &updated)
    }

    /// Returns one of the files of a copy, by what is added to the document's name.
    pub(crate) fn file(&self, copy: MirroredFile, ending: &str) -> Option<Vec<u8>> {
        let hash = |kind| provider::hash_file(&copy.content, copy.listed.file_name(), kind).into_bytes();
        match ending {
            "" => Some(copy.content),
            ".sha256" => Some(hash(HashKind::Sha256)),
            ".sha512" => Some(hash(HashKind::Sha512)),
            ".asc" => Some(copy.signature),
            OWN_SIGNATURE => Some(self.key.sign(&copy.content, copy.mirrored_ms).into_bytes()),
            _ => None,
        }
    }

    fn base(&self, name: &str) -> String {
        format!("{}{AGGREGATOR_PATH}/{name}", self.origin)
    }
}

impl Followed {
    /// Reads whom to follow: by the address of their metadata, or by a domain (section 7.3).
    fn new(settings: &AggregatedProvider, private: bool) -> Result<Self, mirror::Trouble> {
        let from = settings.from.as_str();
        let by_url = from.starts_with("https://") || from.starts_with("http://");
        let dns_path = format!("csaf.data.security.{from}");
        let named = if by_url {
            {
                let address = Address::parse(from, private)?;
                let host = address.authority();
                // Of `http` the port that goes without saying is another.
                vec![if host.contains(':') || address.is_secure() { host } else { format!("{host}:80") }]
            }
        } else {
            vec![from.to_owned(), dns_path.clone()]
        };
        let hosts = named.iter().chain(&settings.hosts).map(String::as_str);
        let reach = Reach::new(hosts, private)?;
        let sources = if by_url {
            vec![Source::Metadata(reach.address(from)?)]
        } else {
            vec![
                Source::Metadata(
                    reach.address(&format!("https://{from}/.well-known/csaf/provider-metadata.json"))?,
                ),
                Source::SecurityTxt(reach.address(&format!("https://{from}/.well-known/security.txt"))?),
                Source::Metadata(reach.address(&format!("https://{dns_path}/"))?),
            ]
        };
        Ok(Self {
            name: settings.name.clone(),
            from: settings.from.clone(),
            sources,
            reach,
            fingerprint: settings.fingerprint.clone(),
            mirror: settings.mirror,
        })
    }
}
