//! The CSAF trusted provider of this server: whose documents it publishes, and as whom.
//!
//! One server is one provider, and a provider publishes its own documents only (CSAF 2.0 section 7.2): those of one member
//! organisation, which the administrator names. Others share by the bulletin all the same.

use axum::http::Uri;
use sabha_advisory::csaf::model::Publisher;

use crate::{
    config::{ConfigError, ProviderSettings},
    storage::Issuer,
};

/// A trusted provider.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    issuer: Issuer,
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
        Ok(())
    }

    /// Returns the provider; `None` if there is none.
    pub(crate) fn new(settings: &ProviderSettings) -> Option<Self> {
        let (organisation, namespace) = (settings.organisation.clone()?, settings.namespace.clone()?);
        let publisher = Publisher {
            category: settings.category,
            contact_details: settings.contact_details.clone(),
            issuing_authority: settings.issuing_authority.clone(),
            name: organisation.as_str().to_owned(),
            namespace,
        };
        Some(Self { issuer: Issuer { organisation, publisher } })
    }

    /// Returns as whom documents are published.
    pub(crate) const fn issuer(&self) -> &Issuer {
        &self.issuer
    }
}
