//! Passkeys (W3C WebAuthn level 3): ceremonies from the challenge to the answer.
//!
//! Always discoverable and with its user verified, so that nobody types a name, and a stolen device alone opens nothing.
//! A ceremony lives in memory for five minutes; after a restart one begins anew. What the answer has to be is in
//! `authenticator.rs`.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use sabha_protocol::{
    DisplayName,
    account::{CeremonyId, EmailAddress, Label, UserId},
    limits::CEREMONY_LIFE,
    opaque::AccountBytes,
    wire::accounts::{MadePasskey, PasskeyCreation, ShownPasskey},
};

use super::{
    authenticator::{self, ALGORITHMS, Expected, Made, NotAPasskey, Purpose},
    passwords::Proving,
    provider::Sent,
    secrets::{NoRandomness, random},
};

/// Ceremonies open at once. A begun one is less than 1 kB.
const CEREMONIES_MAX: usize = 16_384;

/// What an answer has to be about. From a secure source, and good once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Challenge([u8; 32]);

/// The server as authenticators know it.
#[derive(Clone, Debug)]
pub(crate) struct RelyingParty {
    origin: String,
    rp_id: String,
}

/// A passkey that was made and checked.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) counter: u32,
}

/// Somebody who is about to have an account.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) user: UserId,
    pub(crate) name: DisplayName,
    pub(crate) email: Option<EmailAddress>,
    pub(crate) organisation: Option<Label>,
    /// SHA-256 of the link's token.
    pub(crate) link_hash: [u8; 32],
}

/// Somebody who proves a password.
pub(crate) struct PasswordTry {
    /// The address that they gave.
    pub(crate) email: EmailAddress,
    /// Whose it is, and the record of their password; `None` if nobody has one under it.
    pub(crate) found: Option<(UserId, Vec<u8>)>,
    pub(crate) proving: Proving,
}

/// What is remembered from a challenge to its answer.
pub(crate) enum Ceremony {
    /// A user adds a passkey.
    Add(UserId, Challenge),
    /// Somebody was sent to the identity provider.
    Ask(Box<Sent>),
    /// Somebody follows a one-time link.
    Join(Box<Draft>, Challenge),
    /// Somebody proves a password.
    Password(Box<PasswordTry>),
    /// Somebody follows a recovery, whose token has this hash.
    Recover([u8; 32], Challenge),
    /// Somebody signs in.
    SignIn(Challenge),
}

/// Ceremonies that began.
#[derive(Default)]
pub(crate) struct Ceremonies(Mutex<HashMap<CeremonyId, (Instant, Ceremony)>>);

impl Challenge {
    /// Draws a challenge.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(crate) fn draw() -> Result<Self, NoRandomness> {
        Ok(Self(random()?))
    }

    /// Returns it as it travels.
    pub(crate) fn on_wire(&self) -> AccountBytes {
        bytes(&self.0)
    }
}

impl RelyingParty {
    /// Returns the server whose pages are at `origin`, such as `https://meet.example.org`. `None` if there can be no
    /// passkeys there: the host is an address, not a name (section 5.1.3 step 7 takes a domain only).
    pub(crate) fn new(origin: &str) -> Option<Self> {
        let (_, authority) = origin.split_once("://")?;
        let host = authority.split_once(':').map_or(authority, |(host, _)| host);
        let named = !host.is_empty()
            && !authority.starts_with('[')
            && host.parse::<std::net::IpAddr>().is_err()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        named.then(|| Self { origin: origin.to_owned(), rp_id: host.to_owned() })
    }

    /// Returns the name to which passkeys of this server belong.
    pub(crate) fn rp_id(&self) -> &str {
        &self.rp_id
    }

    /// Returns what a browser needs to make a passkey for `user`, whose credentials so far are `exclude`.
    pub(crate) fn creation(
        &self,
        ceremony: CeremonyId,
        challenge: &Challenge,
        user: UserId,
        (organisation, user_name): (&Label, String),
        exclude: &[Vec<u8>],
    ) -> PasskeyCreation {
        PasskeyCreation {
            ceremony,
            challenge: challenge.on_wire(),
            rp_id: self.rp_id.clone(),
            rp_name: organisation.as_str().to_owned(),
            user_handle: bytes(user.as_bytes()),
            user_name,
            algorithms: ALGORITHMS.to_vec(),
            exclude: exclude.iter().map(|id| bytes(id)).collect(),
        }
    }

    /// Checks a passkey that was made.
    ///
    /// # Errors
    /// [`NotAPasskey`].
    pub(crate) fn check_made(
        &self,
        challenge: &Challenge,
        made: &MadePasskey,
    ) -> Result<Checked, NotAPasskey> {
        let expected = self.expected(Purpose::Make, challenge);
        authenticator::check_client_data(made.client_data.as_bytes(), &expected)?;
        let Made { credential_id, public_key, counter } =
            authenticator::check_made(made.authenticator_data.as_bytes(), &expected)?;
        if credential_id != made.credential.as_bytes() {
            return Err(NotAPasskey("two names for one credential"));
        }
        Ok(Checked { credential_id, public_key, counter })
    }

    /// Checks a passkey that was shown against the key and the counter that are stored of it, and returns the counter
    /// from now on. A counter that does not go up is one of a copy; most authenticators have none, and say 0.
    ///
    /// # Errors
    /// [`NotAPasskey`].
    pub(crate) fn check_shown(
        &self,
        challenge: &Challenge,
        shown: &ShownPasskey,
        public_key: &[u8],
        counter: u32,
    ) -> Result<u32, NotAPasskey> {
        let expected = self.expected(Purpose::Show, challenge);
        let client_data = shown.client_data.as_bytes();
        authenticator::check_client_data(client_data, &expected)?;
        let data = shown.authenticator_data.as_bytes();
        let signature = shown.signature.as_bytes();
        let next = authenticator::check_shown(data, client_data, signature, public_key, &expected)?;
        if (counter, next) != (0, 0) && next <= counter {
            return Err(NotAPasskey("its counter did not go up"));
        }
        Ok(next)
    }

    fn expected<'a>(&'a self, purpose: Purpose, challenge: &'a Challenge) -> Expected<'a> {
        Expected { purpose, challenge: &challenge.0, origin: &self.origin, rp_id: &self.rp_id }
    }
}

impl Ceremonies {
    /// Remembers a ceremony under an id that was drawn for it. If there are too many, the oldest makes room: a flood of
    /// them, which is counted by address, keeps nobody out who answers sooner than it goes round.
    pub(crate) fn begin(&self, id: CeremonyId, ceremony: Ceremony, now: Instant) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= CEREMONIES_MAX {
            open.retain(|_, (began, _)| now.saturating_duration_since(*began) < CEREMONY_LIFE);
            let oldest = open.iter().min_by_key(|(_, (began, _))| *began).map(|(id, _)| *id);
            if let Some(oldest) = oldest.filter(|_| open.len() >= CEREMONIES_MAX) {
                open.remove(&oldest);
            }
        }
        open.insert(id, (now, ceremony));
    }

    /// Returns a ceremony that began less than five minutes ago, and forgets it: a challenge is answered once.
    pub(crate) fn take(&self, id: CeremonyId, now: Instant) -> Option<Ceremony> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, ceremony) = open.remove(&id)?;
        (now.saturating_duration_since(began) < CEREMONY_LIFE).then_some(ceremony)
    }
}

impl fmt::Debug for Ceremonies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ceremonies")
    }
}

fn bytes(bytes: &[u8]) -> AccountBytes {
    bytes.to_vec().try_into().expect("challenges, handles and credential ids are 1 to 1023 bytes long")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::authenticator::testing::{Signer, client_data, head, made},
        *,
    };

    const ORIGIN: &str = "http://localhost:8080";

    fn party() -> RelyingParty {
        RelyingParty::new(ORIGIN).unwrap()
    }

    #[test]
    fn there_are_passkeys_under_a_name_only() {
        assert_eq!(RelyingParty::new("https://meet.example.org:8443").unwrap().rp_id(), "meet.example.org");
        assert_eq!(party().rp_id(), "localhost");
        for origin in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://", "localhost", "http://a b"] {
            assert!(RelyingParty::new(origin).is_none(), "{origin}");
        }
    }

    #[test]
    fn a_passkey_is_made_and_shown_to_the_challenge_that_was_given() {
        let (party, signer, challenge) = (party(), Signer::es256(), Challenge::draw().unwrap());
        let wire = |bytes: Vec<u8>| AccountBytes::try_from(bytes).unwrap();
        let create = MadePasskey {
            ceremony: CeremonyId::from_bytes([0; 16]),
            label: "Key".parse().unwrap(),
            credential: wire(vec![9; 16]),
            authenticator_data: wire(made("localhost", 0x45, &[9; 16], &signer.cose())),
            client_data: wire(client_data("webauthn.create", &challenge.0, ORIGIN)),
        };
        let checked = party.check_made(&challenge, &create).unwrap();
        assert!(party.check_made(&Challenge::draw().unwrap(), &create).is_err());
        let renamed = MadePasskey { credential: wire(vec![8; 16]), ..create };
        assert!(party.check_made(&challenge, &renamed).is_err());

        let show = |counter: u32| {
            let data = head("localhost", 0x05, counter);
            let client = client_data("webauthn.get", &challenge.0, ORIGIN);
            ShownPasskey {
                ceremony: CeremonyId::from_bytes([0; 16]),
                credential: wire(vec![9; 16]),
                signature: wire(signer.sign(&data, &client)),
                authenticator_data: wire(data),
                client_data: wire(client),
                user_handle: wire(vec![1; 16]),
            }
        };
        let check = |shown: ShownPasskey, counter| {
            party.check_shown(&challenge, &shown, &checked.public_key, counter)
        };
        assert_eq!(check(show(0), 0), Ok(0), "an authenticator without a counter");
        assert_eq!(check(show(5), 4), Ok(5));
        for (shown, stored) in [(4, 4), (3, 4), (0, 4)] {
            assert!(check(show(shown), stored).is_err(), "{shown} after {stored}");
        }
    }

    #[test]
    fn a_challenge_is_answered_once_and_in_time() {
        let (ceremonies, now) = (Ceremonies::default(), Instant::now());
        let begin = || {
            let id = CeremonyId::from_bytes(random().unwrap());
            ceremonies.begin(id, Ceremony::SignIn(Challenge::draw().unwrap()), now);
            id
        };
        let (first, late) = (begin(), begin());
        assert!(ceremonies.take(first, now).is_some());
        assert!(ceremonies.take(first, now).is_none());
        assert!(ceremonies.take(late, now + CEREMONY_LIFE).is_none());
    }

    #[test]
    fn a_flood_of_ceremonies_ends_at_the_bound_and_keeps_nobody_out() {
        let (ceremonies, now) = (Ceremonies::default(), Instant::now());
        let begin = |now: Instant| {
            let id = CeremonyId::from_bytes(random().unwrap());
            ceremonies.begin(id, Ceremony::SignIn(Challenge([7; 32])), now);
            id
        };
        let oldest = begin(now);
        let later = now + Duration::from_secs(1);
        for _ in 1..CEREMONIES_MAX {
            begin(later);
        }
        let own = begin(later + Duration::from_secs(1));
        assert_eq!(ceremonies.0.lock().unwrap().len(), CEREMONIES_MAX);
        assert!(ceremonies.take(own, later).is_some());
        assert!(ceremonies.take(oldest, later).is_none(), "it made room");
    }
}
