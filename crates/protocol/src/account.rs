//! Who administers a server: ids of users and of what lets them in, their roles, scopes and addresses.
//!
//! An account is of the organisation that runs the server, and has nothing to do with a place in a meeting: guests
//! need none, and a host is whoever a meeting's root key made one.

use std::{collections::BTreeSet, fmt, str::FromStr};

use base32ct::{Base32Unpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::limits::{AUTHORIZATION_CODE_BYTES_MAX, EMAIL_BYTES_MAX, LABEL_CHARS_MAX};
use crate::text::{InvalidText, one_line};

/// The text is not 26 base32 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 26 characters of a-z and 2-7")]
pub struct InvalidAccountId;

macro_rules! id16 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 16 random bytes, written as 26 lower-case base32 characters (RFC 4648, no padding). Names, and lets nobody in.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        #[schema(value_type = String, pattern = "^[a-z2-7]{26}$")]
        pub struct $name([u8; 16]);

        impl $name {
            /// Returns the id with these bytes, which the caller drew from a secure source.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Returns the 16 bytes behind the text form.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&Base32Unpadded::encode_string(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidAccountId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if text.len() != 26 {
                    return Err(InvalidAccountId);
                }
                let bytes = Base32Unpadded::decode_vec(text).map_err(|_| InvalidAccountId)?;
                let id = bytes.try_into().map(Self).map_err(|_| InvalidAccountId)?;
                // The last character has two bits to spare; one id has one form.
                if id.to_string() == text { Ok(id) } else { Err(InvalidAccountId) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidAccountId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}
pub(crate) use id16;

id16! {
    /// Names a user.
    UserId
}
id16! {
    /// Names a passkey of a user. Ours, not the credential id of the authenticator.
    PasskeyId
}
id16! {
    /// Names a session in lists; the token in the cookie is another value.
    SessionId
}
id16! {
    /// Names an API key in lists; the key itself is another value.
    ApiKeyId
}
id16! {
    /// Names the binding of a user to somebody at the organisation's identity provider.
    IdentityId
}
id16! {
    /// Names an invitation in lists; the token in its link is another value.
    InvitationId
}
id16! {
    /// Names a template of the organisation's policy.
    TemplateId
}
id16! {
    /// Names a plan: one meeting that was planned, or a series of them.
    PlanId
}
id16! {
    /// Names a ceremony that began: making a passkey, showing one, or asking the identity provider, whose `state` it is.
    /// Good for five minutes and once.
    CeremonyId
}

/// What a user may do. A user has any set of them; without one they may look after their own account only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// Invites and removes users and gives roles; may do what the others may.
    Administrator,
    /// Creates meetings.
    Host,
    /// Reads the audit log.
    SecurityOfficer,
}

impl AccountRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::Host, Self::SecurityOfficer];

    /// Returns the role's word on the wire and in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Host => "host",
            Self::SecurityOfficer => "security_officer",
        }
    }
}

/// A user's roles.
pub type Roles = BTreeSet<AccountRole>;

/// What an API key may do. Never more than its user may at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
pub enum Scope {
    /// Read and export the audit log.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Read the bulletin as far as one's member organisation and role let one.
    #[serde(rename = "bulletin:read")]
    BulletinRead,
    /// Write in the bulletin as far as one's role in the member organisation lets one.
    #[serde(rename = "bulletin:write")]
    BulletinWrite,
    /// See how the server fares, which rooms are open by counts, and what it refuses.
    #[serde(rename = "health:read")]
    HealthRead,
    /// Create meetings.
    #[serde(rename = "meetings:create")]
    MeetingsCreate,
    /// Read what the organisation demands of meetings, and what it demanded before.
    #[serde(rename = "policy:read")]
    PolicyRead,
    /// Demand something else of all meetings.
    #[serde(rename = "policy:write")]
    PolicyWrite,
    /// List users and invitations.
    #[serde(rename = "users:read")]
    UsersRead,
    /// Invite, change and remove users. An administrator is made by a person only.
    #[serde(rename = "users:write")]
    UsersWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 9] = [
        Self::AuditRead,
        Self::BulletinRead,
        Self::BulletinWrite,
        Self::HealthRead,
        Self::MeetingsCreate,
        Self::PolicyRead,
        Self::PolicyWrite,
        Self::UsersRead,
        Self::UsersWrite,
    ];

    /// Returns the roles of which a user needs one to use this scope. None where something else than a role of the account
    /// decides: in the bulletin it is the membership.
    pub const fn roles(self) -> &'static [AccountRole] {
        match self {
            Self::BulletinRead | Self::BulletinWrite => &[],
            Self::AuditRead | Self::HealthRead | Self::PolicyRead | Self::PolicyWrite => {
                &[AccountRole::Administrator, AccountRole::SecurityOfficer]
            }
            Self::MeetingsCreate => &[AccountRole::Administrator, AccountRole::Host],
            Self::UsersRead | Self::UsersWrite => &[AccountRole::Administrator],
        }
    }

    /// Returns the scope's word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AuditRead => "audit:read",
            Self::BulletinRead => "bulletin:read",
            Self::BulletinWrite => "bulletin:write",
            Self::HealthRead => "health:read",
            Self::MeetingsCreate => "meetings:create",
            Self::PolicyRead => "policy:read",
            Self::PolicyWrite => "policy:write",
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
        }
    }
}

/// An e-mail address: lower case, at most 254 bytes (RFC 5321 section 4.5.3.1.3 less its angle brackets), one `@`
/// with something on both sides, no blanks. Whether somebody reads what is sent there is not known.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, max_length = 254)]
pub struct EmailAddress(String);

/// A code of the identity provider, good once for a token (RFC 6749 section 4.1.2): 1 to 2048 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, min_length = 1, max_length = 2048)]
pub struct AuthorizationCode(String);

/// What somebody calls a passkey or an API key of theirs, or an organisation itself: 1 to 64 characters on one line.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, min_length = 1, max_length = 64)]
pub struct Label(String);

macro_rules! text {
    ($name:ident, $parse:expr) => {
        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let parse: fn(&str) -> Result<String, InvalidText> = $parse;
                parse(&text).map(Self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Debug for $name {
            /// Personal data stays out of logs: only the length is printed.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} chars)"), self.0.chars().count())
            }
        }
    };
}

pub(crate) use text;

text!(AuthorizationCode, |text| {
    if text.is_empty() {
        return Err(InvalidText::Empty);
    }
    if text.len() > AUTHORIZATION_CODE_BYTES_MAX {
        return Err(InvalidText::TooLong { max: AUTHORIZATION_CODE_BYTES_MAX });
    }
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(InvalidText::Forbidden)
    }
});
text!(Label, |text| one_line(text, LABEL_CHARS_MAX));
text!(EmailAddress, |text| {
    let text = one_line(text, EMAIL_BYTES_MAX)?.to_lowercase();
    if text.len() > EMAIL_BYTES_MAX {
        return Err(InvalidText::TooLong { max: EMAIL_BYTES_MAX });
    }
    let mut parts = text.split('@');
    let whole = matches!((parts.next(), parts.next(), parts.next()), (Some(local), Some(domain), None)
        if !local.is_empty() && !domain.is_empty());
    if whole && !text.chars().any(char::is_whitespace) { Ok(text) } else { Err(InvalidText::Forbidden) }
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text_form(bytes: [u8; 16]) {
            let id = UserId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
        }

        #[test]
        fn any_other_text_is_no_id(text in "\\PC{0,30}|[a-zA-Z2-7]{26}|[a-z2-7]{26}") {
            if let Ok(id) = text.parse::<UserId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_address_is_one_whatever_its_case() {
        let address = |text: &str| text.parse::<EmailAddress>();
        assert_eq!(address(" Asha@Example.org ").unwrap(), address("asha@example.org").unwrap());
        for wrong in ["", "asha", "@example.org", "asha@", "a@b@c", "a b@c", "a@b\u{202E}c"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
        assert!(address(&format!("{}@b", "a".repeat(EMAIL_BYTES_MAX))).is_err());
        assert_eq!(format!("{:?}", address("a@b").unwrap()), "EmailAddress(3 chars)");
    }

    #[test]
    fn a_code_is_visible_and_not_endless() {
        let code = |text: &str| text.parse::<AuthorizationCode>();
        assert_eq!(code("4/abc-._~").unwrap().as_str(), "4/abc-._~");
        for wrong in ["", "a b", "a\n", "ä", &"a".repeat(AUTHORIZATION_CODE_BYTES_MAX + 1)] {
            assert!(code(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_those_of_the_wire() {
        for role in AccountRole::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
        }
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.word());
        }
    }
}
