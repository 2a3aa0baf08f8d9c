//! What the provider says of somebody, as far as it counts here. Pure: claims come in, a person goes out.

use openidconnect::{AdditionalClaims, StandardClaims, core::CoreGenderClaim};
use sabha_protocol::{
    DisplayName,
    account::{AccountRole, EmailAddress, Roles},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{config::OidcSettings, storage::RoleGrants};

/// Groups of one person that are looked at.
const GROUPS_MAX: usize = 1000;

/// Claims beside the standard ones.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Extra {
    #[serde(flatten)]
    pub(super) claims: Map<String, Value>,
}

impl AdditionalClaims for Extra {}

/// What counts of the claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) name: Option<DisplayName>,
    pub(super) email: Option<EmailAddress>,
    /// `None` if the claim that names groups is not there.
    pub(super) groups: Option<Vec<String>>,
}

impl Said {
    /// Reads what counts. What cannot be shown as a name, or is no address, is not there.
    pub(super) fn of(
        standard: &StandardClaims<CoreGenderClaim>,
        extra: &Map<String, Value>,
        roles_claim: &str,
    ) -> Self {
        let name = standard.name().and_then(|name| name.get(None)).map(|name| name.as_str());
        let name = name.or_else(|| standard.preferred_username().map(|name| name.as_str()));
        let email = standard.email().filter(|_| standard.email_verified() != Some(false));
        Self {
            name: name.and_then(|name| name.parse().ok()),
            email: email.and_then(|email| email.as_str().parse().ok()),
            groups: extra.get(roles_claim).map(groups),
        }
    }

    /// Adds what `other` says and this does not.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            email: self.email.or(other.email),
            groups: self.groups.or(other.groups),
        }
    }
}

/// Returns the roles that groups give, and those that they decide about.
pub(super) fn grants(settings: &OidcSettings, groups: &[String]) -> RoleGrants {
    let (mut managed, mut granted) = (Roles::new(), Roles::new());
    for role in AccountRole::ALL {
        let named = match role {
            AccountRole::Administrator => &settings.roles.administrator,
            AccountRole::Host => &settings.roles.host,
            AccountRole::SecurityOfficer => &settings.roles.security_officer,
        };
        if !named.is_empty() {
            managed.insert(role);
        }
        if groups.iter().any(|group| named.contains(group)) {
            granted.insert(role);
        }
    }
    RoleGrants { managed, granted }
}

/// Returns whether the provider saw more than one factor: by the class (`acr`) or the methods (`amr`, RFC 8176) that the
/// administrator calls so.
pub(super) fn is_strong(settings: &OidcSettings, acr: Option<&str>, amr: &[String]) -> bool {
    acr.is_some_and(|acr| settings.strong_acr.iter().any(|strong| strong == acr))
        || amr.iter().any(|method| settings.strong_amr.contains(method))
}

/// Reads a list of texts, or one text. Whatever else stands in it is no group.
fn groups(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => {
            all.iter().filter_map(Value::as_str).take(GROUPS_MAX).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(claims: Value) -> Said {
        let standard: StandardClaims<CoreGenderClaim> = serde_json::from_value(claims.clone()).unwrap();
        Said::of(&standard, claims.as_object().unwrap(), "groups")
    }

    #[test]
    fn what_cannot_be_shown_or_was_not_verified_is_not_there() {
        let whole =
            said(json!({"sub": "1", "name": "Asha", "email": "Asha@Example.org", "groups": ["a", 7, "b"]}));
        assert_eq!(whole.name.unwrap().as_str(), "Asha");
        assert_eq!(whole.email.unwrap().as_str(), "asha@example.org");
        assert_eq!(whole.groups.unwrap(), ["a", "b"]);
        assert_eq!(said(json!({"sub": "1", "name": "a\u{202E}b"})), Said::default());
        assert_eq!(said(json!({"sub": "1", "email": "a@b", "email_verified": false})).email, None);
        assert_eq!(said(json!({"sub": "1", "preferred_username": "asha"})).name.unwrap().as_str(), "asha");
        assert_eq!(said(json!({"sub": "1", "groups": {"a": 1}})).groups.unwrap(), Vec::<String>::new());
    }

    #[test]
    fn groups_give_and_take_the_roles_that_were_mapped_and_no_others() {
        let mut settings = OidcSettings::default();
        settings.roles.administrator = vec!["admins".to_owned()];
        settings.roles.host = vec!["hosts".to_owned(), "staff".to_owned()];
        let (administrator, host, officer) =
            (AccountRole::Administrator, AccountRole::Host, AccountRole::SecurityOfficer);
        let grants = grants(&settings, &["staff".to_owned(), "choir".to_owned()]);
        assert_eq!(grants.granted, Roles::from([host]));
        assert_eq!(grants.managed, Roles::from([administrator, host]));
        assert_eq!(grants.over(&Roles::from([administrator, officer])), Roles::from([host, officer]));
    }

    #[test]
    fn more_than_one_factor_is_what_the_administrator_calls_so() {
        let mut settings = OidcSettings::default();
        let amr = |methods: &[&str]| methods.iter().map(|method| (*method).to_owned()).collect::<Vec<_>>();
        assert!(is_strong(&settings, None, &amr(&["pwd", "mfa"])));
        assert!(!is_strong(&settings, None, &amr(&["pwd", "otp"])));
        assert!(!is_strong(&settings, Some("urn:high"), &[]));
        settings.strong_acr = vec!["urn:high".to_owned()];
        assert!(is_strong(&settings, Some("urn:high"), &[]));
        assert!(!is_strong(&settings, Some("urn:highest"), &[]));
    }
}
