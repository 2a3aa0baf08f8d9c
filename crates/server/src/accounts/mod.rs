//! Users of the organisation: what lets them in, apart from HTTP and storage.
//!
//! | file | what |
//! |---|---|
//! | `authenticator.rs` | checks what authenticators and browsers say (W3C WebAuthn level 3) |
//! | `known.rs` | which credentials are looked up while somebody guesses |
//! | `passkeys.rs` | makes challenges, and remembers them until they are answered |
//! | `passwords.rs` | the server's side of passwords that it never sees (OPAQUE, RFC 9807) |
//! | `provider/` | sign-in by the organisation's identity provider (OpenID Connect) |
//! | `secrets.rs` | draws tokens and keys, writes and reads their text, hashes them |
//!
//! Who may do what is in `http/accounts`, what is stored in `storage`. An account has nothing to do with a place in a
//! meeting: no session opens a room, and no meeting's key opens an account.

mod authenticator;
mod known;
mod passkeys;
mod passwords;
mod provider;
mod secrets;

use sabha_protocol::account::UserId;

use self::known::Credentials;
pub(crate) use self::{
    authenticator::NotAPasskey,
    passkeys::{Ceremonies, Ceremony, Challenge, Draft, PasswordTry, RelyingParty},
    passwords::{NotAPassword, Passwords, System},
    provider::{Errand, Person, Provider, ProviderError, Sent, authorities},
    secrets::{API_KEY_PREFIX, NoRandomness, api_key_of, hash, random},
};
use crate::{
    config::LimitSettings,
    signalling::{AddressLimits, Addresses},
    throttle::{Pace, Throttle},
};

/// Tries to sign in or to follow a link that are answered at once, from one address, the network around it, and all.
const ENTRIES: AddressLimits =
    AddressLimits { open_max: 256, open_per_address_max: 8, open_per_network_max: 32, new_per_second: 2 };

/// What the account routes share.
#[derive(Debug)]
pub(crate) struct Accounts {
    /// Passkeys that are being made or shown.
    pub(crate) ceremonies: Ceremonies,
    /// The server's side of passwords.
    pub(crate) passwords: Passwords,
    /// The organisation's identity provider, if it has one.
    pub(crate) provider: Option<Provider>,
    /// Counts who tries to come in: 20 at once from one address, 2 a second after that.
    pub(crate) entries: Addresses,
    /// Which sessions and API keys are looked up.
    pub(crate) credentials: Credentials,
    /// Counts the meetings that each account makes.
    pub(crate) creations: Throttle<UserId>,
}

impl Accounts {
    /// Returns what is counted by these limits, with those passwords and that identity provider.
    pub(crate) fn new(limits: &LimitSettings, passwords: Passwords, provider: Option<Provider>) -> Self {
        Self {
            ceremonies: Ceremonies::default(),
            passwords,
            provider,
            entries: Addresses::new(ENTRIES),
            credentials: Credentials::new(Pace::per_minute(limits.wrong_credentials_per_address_per_minute)),
            creations: Throttle::new(Pace::per_minute(limits.meetings_per_account_per_minute)),
        }
    }
}
