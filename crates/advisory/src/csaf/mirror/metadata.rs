//! `provider-metadata.json` of others, as its schema wants it (section 7.1.7).

use serde::Deserialize;

use super::{Trouble, cut};
use crate::csaf::{instant::Instant, json::Json, model::Publisher, provider::Key, uri::is_uri};

/// Longest `provider-metadata.json`, in bytes.
pub const METADATA_BYTES_MAX: usize = 256 * 1024;

/// Most distributions, feeds and keys of a provider, each.
const ITEMS_MAX: usize = 64;

/// Longest text of a publisher, in characters.
const TEXT_CHARS_MAX: usize = 2000;

/// What a provider claims to be (section 7.2). A mere publisher has no such file of its own, and who writes one for it has other duties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Role {
    /// It publishes its own documents, and has lists of them.
    #[serde(rename = "csaf_provider")]
    Provider,
    /// And hashes and signatures.
    #[serde(rename = "csaf_trusted_provider")]
    TrustedProvider,
}

impl Role {
    /// Returns its word in the schema.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Provider => "csaf_provider",
            Self::TrustedProvider => "csaf_trusted_provider",
        }
    }
}

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderMetadata {
    /// Where it says that it is.
    pub canonical_url: String,
    /// When it changed last (RFC 3339).
    pub last_updated: String,
    /// Whether others may list it.
    pub may_be_listed: bool,
    /// Whether others may publish copies of its documents.
    pub may_be_mirrored: bool,
    /// Whose documents it has.
    pub publisher: Publisher,
    /// What it claims to be.
    pub role: Role,
    /// Feeds of what everybody may read.
    pub feeds: Vec<String>,
    /// Folders with lists in them, of whatever labels.
    pub directories: Vec<String>,
    /// By which keys it signs.
    pub keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Written {
    canonical_url: String,
    last_updated: String,
    #[serde(rename = "list_on_CSAF_aggregators")]
    list: bool,
    #[serde(rename = "mirror_on_CSAF_aggregators")]
    mirror: bool,
    metadata_version: String,
    publisher: Publisher,
    role: Role,
    distributions: Option<Vec<Distribution>>,
    #[serde(default)]
    public_openpgp_keys: Vec<WrittenKey>,
}

#[derive(Deserialize)]
struct Distribution {
    directory_url: Option<String>,
    rolie: Option<Rolie>,
}

#[derive(Deserialize)]
struct Rolie {
    feeds: Vec<Feed>,
}

#[derive(Deserialize)]
struct Feed {
    tlp_label: FeedLabel,
    url: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum FeedLabel {
    Unlabeled,
    White,
    Green,
    Amber,
    Red,
}

#[derive(Deserialize)]
struct WrittenKey {
    fingerprint: Option<String>,
    url: String,
}

impl ProviderMetadata {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Trouble::Metadata`], with what the schema wants.
    pub fn read(file: &[u8]) -> Result<Self, Trouble> {
        let trouble = |what: &str| Err(Trouble::Metadata(what.to_owned()));
        if file.len() > METADATA_BYTES_MAX {
            return trouble(&format!("it has more than {METADATA_BYTES_MAX} bytes"));
        }
        Json::read(file).map_err(|error| Trouble::Metadata(error.to_string()))?;
        let written: Written =
            serde_json::from_slice(file).map_err(|error| Trouble::Metadata(cut(&error.to_string())))?;
        if written.metadata_version != "2.0" {
            return trouble("metadata_version is not 2.0");
        }
        if Instant::parse(&written.last_updated).is_none() {
            return trouble("last_updated is no time");
        }
        if !is_uri(&written.canonical_url) || !written.canonical_url.ends_with("/provider-metadata.json") {
            return trouble("canonical_url is not the address of a provider-metadata.json");
        }
        let publisher = &written.publisher;
        let texts =
            [Some(&publisher.name), publisher.contact_details.as_ref(), publisher.issuing_authority.as_ref()];
        let is_text = |text: &&String| !text.is_empty() && text.chars().count() <= TEXT_CHARS_MAX;
        if !texts.iter().flatten().all(is_text) || !is_uri(&publisher.namespace) {
            return trouble("publisher has no name, or no namespace that is a URI, or an empty text");
        }
        let distributions = written.distributions.unwrap_or_default();
        let is_empty = |distribution: &Distribution| {
            distribution.directory_url.is_none()
                && distribution.rolie.as_ref().is_none_or(|rolie| rolie.feeds.is_empty())
        };
        if distributions.len() > ITEMS_MAX || distributions.iter().any(is_empty) {
            return trouble("distributions are too many, or one has neither a feed nor a directory");
        }
        let mut feeds = Vec::new();
        let mut directories = Vec::new();
        for distribution in distributions {
            directories.extend(distribution.directory_url);
            feeds.extend(distribution.rolie.into_iter().flat_map(|rolie| rolie.feeds));
        }
        let keys = written.public_openpgp_keys;
        if feeds.len() > ITEMS_MAX || keys.len() > ITEMS_MAX {
            return trouble(&format!("there are more than {ITEMS_MAX} feeds or keys"));
        }
        let is_fingerprint = |text: &String| {
            (40..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if !keys.iter().filter_map(|key| key.fingerprint.as_ref()).all(is_fingerprint) {
            return trouble("a fingerprint is not 40 or more hexadecimal digits");
        }
        let urls =
            feeds.iter().map(|feed| &feed.url).chain(keys.iter().map(|key| &key.url)).chain(&directories);
        if !urls.into_iter().all(|url| is_uri(url)) {
            return trouble("a url is no URI");
        }
        let public = feeds.into_iter().filter(|feed| feed.tlp_label == FeedLabel::White);
        // A key without a fingerprint is one of which nothing was said.
        let stated =
            keys.into_iter().filter_map(|key| Some(Key { fingerprint: key.fingerprint?, url: key.url }));
        Ok(Self {
            canonical_url: written.canonical_url,
            last_updated: written.last_updated,
            may_be_listed: written.list,
            may_be_mirrored: written.mirror,
            publisher: written.publisher,
            role: written.role,
            feeds: public.map(|feed| feed.url).collect(),
            directories,
            keys: stated.collect(),
        })
    }
}
