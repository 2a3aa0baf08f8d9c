//! How a server shows that it is the one whose owner wants it probed, before anything is tried on it.
//!
//! The owner's token is good for an hour or so, and is never sent. The prober draws a challenge; a server that knows the
//! secret answers `HKDF-Expand(secret, LABEL || challenge)` (RFC 5869), and no other can.

use std::{fmt, str::FromStr, time::Duration};

use crate::secret::{InvalidSecret, ProbeSecret};

/// What a token begins with.
const PREFIX: &str = "sabha-probe";

/// Before the challenge, in what is expanded to the answer.
pub const PROBE_LABEL: &[u8] = b"sabha probe answer v1\0";

/// Longest life of a token. A day: a probe takes a minute, and whoever finds the token later has nothing.
pub const PROBE_LIFE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Lets its bearer recognise the server that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeToken {
    /// Until when the server answers, in seconds since 1970.
    pub expires_s: u64,
    /// What the server derives anew from `expires_s`.
    pub secret: ProbeSecret,
}

impl ProbeToken {
    /// Returns the token as text, to be handed to `sabha-client probe`. The caller keeps it out of logs.
    pub fn expose(&self) -> String {
        format!("{PREFIX}.{}.{}", self.expires_s, String::from(self.secret.clone()))
    }
}

impl FromStr for ProbeToken {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let mut parts = text.trim().splitn(3, '.');
        let (Some(PREFIX), Some(expires), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidSecret);
        };
        let expires_s = expires.parse().map_err(|_| InvalidSecret)?;
        Ok(Self { expires_s, secret: secret.to_owned().try_into()? })
    }
}

/// Returns what is expanded to the answer to `challenge`.
pub fn probe_info(challenge: &[u8; 32]) -> Vec<u8> {
    [PROBE_LABEL, challenge].concat()
}

impl fmt::Display for crate::secret::ProbeAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_reads_back_and_damaged_ones_do_not() {
        let token = ProbeToken { expires_s: 1_800_000_000, secret: ProbeSecret::from_bytes([7; 32]) };
        assert_eq!(token.expose().parse(), Ok(token.clone()));
        assert!(!format!("{token:?}").contains("BwcH"), "nothing of it is printed");
        for text in ["", "sabha-probe", "sabha-probe.1", "sabha-probe.x.y", &token.expose()[1..]] {
            assert!(text.parse::<ProbeToken>().is_err(), "{text}");
        }
    }
}
