//! The invite link, `https://host/m/<meeting_id>#v1.<secret>`, and the keys that everybody who has it shares.
//!
//! Browsers never send the part after `#`, so the server does not learn the secret. From its 16 bytes come, by
//! HKDF-SHA256 (RFC 5869) with the meeting's id as salt and a label each:
//!
//! ```text
//!  secret ──┬─ "sabha gate v1"    ─► Ed25519 key pair: signs a knock; the server holds the public half
//!           ├─ "sabha lobby v1"   ─► lobby key: seals names and the title against the server
//!           └─ "sabha mls psk v1" ─► MLS external PSK (RFC 9420 section 8.4): no link, no group keys
//! ```
//!
//! The link admits nobody: a host does. Whoever loses it loses what it seals, not what is said in the meeting.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use sabha_protocol::{
    MeetingId,
    gate::{FRAGMENT_PREFIX, LINK_SECRET_BYTES},
    key::GateKey,
};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{invitation::Invitation, seal::LobbyKey};

/// Longest link that is read, in bytes: an origin of at most 255, an invitation, and the rest.
pub const LINK_BYTES_MAX: usize = 768;

/// The secret in a meeting's link.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LinkSecret([u8; LINK_SECRET_BYTES]);

impl LinkSecret {
    /// Returns the secret with these bytes, which the caller drew from a secure source.
    pub const fn from_bytes(bytes: [u8; LINK_SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads a link's fragment, with or without its `#`.
    ///
    /// # Errors
    /// [`InvalidLink::Version`]: it does not begin with `v1.`; [`InvalidLink::Secret`]: what follows is not the one
    /// base64url form of 16 bytes.
    pub fn from_fragment(fragment: &str) -> Result<Self, InvalidLink> {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        let text = fragment.strip_prefix(FRAGMENT_PREFIX).ok_or(InvalidLink::Version)?;
        let mut secret = Self([0; LINK_SECRET_BYTES]);
        // 16 bytes are 22 characters; the last one's unused bits must be zero, so one secret has one form.
        match Base64UrlUnpadded::decode(text, &mut secret.0) {
            Ok(bytes) if bytes.len() == LINK_SECRET_BYTES => Ok(secret),
            _ => Err(InvalidLink::Secret),
        }
    }

    /// Returns the fragment without its `#`: `v1.` and 22 characters of base64url.
    pub fn fragment(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(Base64UrlUnpadded::encode_string(&self.0));
        let mut text = Zeroizing::new(String::with_capacity(FRAGMENT_PREFIX.len() + secret.len()));
        text.push_str(FRAGMENT_PREFIX);
        text.push_str(&secret);
        text
    }

    /// Returns the bytes. The caller keeps them out of logs and off disk.
    pub const fn expose(&self) -> &[u8; LINK_SECRET_BYTES] {
        &self.0
    }

    /// Derives what the holders of the link share in `meeting`.
    pub fn derive(&self, meeting: &MeetingId) -> LinkKeys {
        let hkdf = Hkdf::<Sha256>::new(Some(meeting.as_bytes()), &self.0);
        let expand = |label: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            hkdf.expand(label, &mut *key).expect("32 bytes are far below HKDF's limit of 255 blocks");
            key
        };
        LinkKeys {
            gate: GateSigner(SigningKey::from_bytes(&expand(b"sabha gate v1"))),
            lobby: LobbyKey::from_bytes(*expand(b"sabha lobby v1")),
            psk: LinkPsk { id: *meeting.as_bytes(), secret: *expand(b"sabha mls psk v1") },
        }
    }
}

impl PartialEq for LinkSecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for LinkSecret {}

/// What everybody with a meeting's link shares.
pub struct LinkKeys {
    /// Shows at the gate that a knock comes from somebody who has the link.
    pub gate: GateSigner,
    /// Seals names and the title.
    pub lobby: LobbyKey,
    /// Goes into the group's key schedule.
    pub psk: LinkPsk,
}

/// The secret half of the gate key. Wiped when dropped.
#[derive(Clone)]
pub struct GateSigner(SigningKey);

impl GateSigner {
    /// Returns the public half, which the server stores.
    pub fn public_key(&self) -> GateKey {
        GateKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// Returns the key, for [`sabha_admission::gate_tag`].
    pub const fn key(&self) -> &SigningKey {
        &self.0
    }
}

/// An MLS external pre-shared key (RFC 9420 section 8.4): a second lock beside admission, of another make.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LinkPsk {
    /// `psk_id`: the meeting's id.
    #[zeroize(skip)]
    pub id: [u8; 20],
    secret: [u8; 32],
}

impl LinkPsk {
    /// Returns the key's bytes, for the MLS key schedule.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.secret
    }
}

/// A whole invite link.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    origin: String,
    meeting: MeetingId,
    secret: LinkSecret,
    invitation: Option<Box<Invitation>>,
}

impl Link {
    /// Puts a link together. `origin` is scheme and authority as a browser says them, `https://meet.example.org`.
    ///
    /// # Errors
    /// [`InvalidLink::Origin`], as [`Link::parse`].
    pub fn new(origin: &str, meeting: MeetingId, secret: LinkSecret) -> Result<Self, InvalidLink> {
        check_origin(origin)?;
        Ok(Self { origin: origin.to_owned(), meeting, secret, invitation: None })
    }

    /// Reads a link.
    ///
    /// # Errors
    /// [`InvalidLink`], by the part that is wrong. An origin must be `https://` with a host and perhaps a port, and
    /// nothing else: no user, path or query can hide in it. Plain `http://` goes to this machine only.
    pub fn parse(text: &str) -> Result<Self, InvalidLink> {
        if text.len() > LINK_BYTES_MAX {
            return Err(InvalidLink::Length);
        }
        let (address, fragment) = text.split_once('#').ok_or(InvalidLink::Version)?;
        let (origin, meeting) = address.rsplit_once("/m/").ok_or(InvalidLink::Meeting)?;
        check_origin(origin)?;
        let meeting = meeting.parse().map_err(|_| InvalidLink::Meeting)?;
        if fragment.starts_with('#') {
            return Err(InvalidLink::Version);
        }
        let (secret, invitation) = Invitation::split(&meeting, fragment)?;
        Ok(Self { origin: origin.to_owned(), meeting, secret, invitation: invitation.map(Box::new) })
    }

    /// Returns the link as text. The caller shows it to whom it invites, and logs it nowhere.
    pub fn expose(&self) -> Zeroizing<String> {
        let fragment = self.secret.fragment();
        let invitation = self.invitation.as_ref().map(|one| Zeroizing::new(format!(".{}", *one.text())));
        let invitation = invitation.as_ref().map_or("", |text| text.as_str());
        Zeroizing::new(format!("{}/m/{}#{}{invitation}", self.origin, self.meeting, *fragment))
    }

    /// Returns scheme and authority, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the meeting.
    pub const fn meeting(&self) -> MeetingId {
        self.meeting
    }

    /// Returns the secret.
    pub const fn secret(&self) -> &LinkSecret {
        &self.secret
    }

    /// Returns the invite, in a link that was made for one person.
    pub fn invitation(&self) -> Option<&Invitation> {
        self.invitation.as_deref()
    }
}

/// Why a text is no link of a meeting. `Display` repeats nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLink {
    /// Longer than [`LINK_BYTES_MAX`].
    #[error("the link is too long")]
    Length,
    /// No meeting id after `/m/`.
    #[error("the link names no meeting")]
    Meeting,
    /// Not `https://` and a host.
    #[error("the link does not begin with https and a host")]
    Origin,
    /// What makes it one person's own is damaged, or of another meeting.
    #[error("the invite in the link is damaged")]
    Invitation,
    /// The secret is not 22 characters of base64url.
    #[error("the link's secret is damaged")]
    Secret,
    /// No fragment, or one of another version.
    #[error("the link carries no secret that this version understands")]
    Version,
}

fn check_origin(origin: &str) -> Result<(), InvalidLink> {
    let (host_and_port, secure) = if let Some(rest) = origin.strip_prefix("https://") {
        (rest, true)
    } else {
        (origin.strip_prefix("http://").ok_or(InvalidLink::Origin)?, false)
    };
    let (host, port) = match host_and_port.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets; one after them begins a port.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    let inner = host.strip_prefix('[').map(|rest| rest.strip_suffix(']').ok_or(InvalidLink::Origin));
    let well_formed = match inner {
        Some(address) => address?.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte)),
        None => host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)),
    };
    let port_is_number = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let local = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    if host.is_empty() || host.len() > 255 || !well_formed || !port_is_number || !(secure || local) {
        return Err(InvalidLink::Origin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sabha_admission::{check_gate_tag, gate_tag};
    use sabha_protocol::DeviceKey;

    use super::*;

    const MEETING: MeetingId = MeetingId::from_bytes([2; 20]);

    fn link() -> Link {
        Link::new("https://meet.example.org", MEETING, LinkSecret::from_bytes([1; 16])).unwrap()
    }

    fn with(origin: &str) -> String {
        link().expose().replace("https://meet.example.org", origin)
    }

    proptest! {
        #[test]
        fn link_survives_its_text_form(secret: [u8; 16], meeting: [u8; 20]) {
            let link = Link::new("https://a.example:8443", MeetingId::from_bytes(meeting), LinkSecret::from_bytes(secret)).unwrap();
            prop_assert!(Link::parse(&link.expose()).unwrap() == link);
            prop_assert!(LinkSecret::from_fragment(&link.secret().fragment()).unwrap() == *link.secret());
        }

        #[test]
        fn any_text_is_refused_or_is_the_one_form_of_a_link(text in "(https?://[a-z.:@/0-9]{0,12}/m/[a-z2-7]{31,33}#v1\\.[A-Za-z0-9_-]{21,23})|\\PC{0,80}") {
            if let Ok(link) = Link::parse(&text) {
                prop_assert_eq!(&*link.expose(), &text);
            }
        }
    }

    #[test]
    fn keys_of_the_link_are_stable() {
        // Computed by an independent HKDF (Python's hmac and hashlib) from secret 01.., meeting 02...
        let keys = LinkSecret::from_bytes([1; 16]).derive(&MEETING);
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        assert_eq!(hex(keys.gate.0.as_bytes()), GATE_SEED);
        assert_eq!(hex(keys.lobby.expose()), LOBBY);
        assert_eq!(hex(keys.psk.expose()), PSK);
        assert_eq!(keys.psk.id, *MEETING.as_bytes());
    }

    #[test]
    fn another_meeting_or_secret_gives_other_keys() {
        let key = |secret, meeting| {
            let keys = LinkSecret::from_bytes([secret; 16]).derive(&MeetingId::from_bytes([meeting; 20]));
            [*keys.gate.public_key().as_bytes(), *keys.lobby.expose(), *keys.psk.expose()]
        };
        let keys = [key(1, 2), key(3, 2), key(1, 4)].concat();
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), 9);
    }

    #[test]
    fn a_knock_signed_with_the_links_key_passes_the_gate() {
        let device = DeviceKey::from_bytes([5; 32]);
        let gate = LinkSecret::from_bytes([1; 16]).derive(&MEETING).gate;
        let tag = gate_tag(gate.key(), &MEETING, &device, &[6; 32]);
        let check = |key: &GateKey| check_gate_tag(key.as_bytes(), &MEETING, &device, &[6; 32], &tag);
        assert!(check(&gate.public_key()).is_ok());
        let other = LinkSecret::from_bytes([2; 16]).derive(&MEETING).gate;
        assert!(check(&other.public_key()).is_err());
    }

    #[test]
    fn only_https_origins_and_this_machine_are_links() {
        for good in
            ["https://a", "https://a:1", "https://[2001:db8::1]:443", "http://localhost:8080", "http://[::1]"]
        {
            assert!(Link::parse(&with(good)).is_ok(), "{good}");
        }
        for bad in [
            "http://meet.example.org",
            "javascript://a",
            "https://",
            "https://user@host",
            "https://host/path",
            "https://host?x",
            "https://host:",
            "https://host:0",
            "https://host:70000",
            "https://ho st",
            "https://[::1",
            "http://localhost.example.org",
            "HTTPS://host",
        ] {
            assert_eq!(Link::parse(&with(bad)).err(), Some(InvalidLink::Origin), "{bad}");
        }
    }

    #[test]
    fn damaged_links_are_refused_by_their_part() {
        let text = link().expose();
        let cases = [
            (text.replace("#v1.", "#v2."), InvalidLink::Version),
            (text.replace('#', "##"), InvalidLink::Version),
            (text.replace("#", ""), InvalidLink::Version),
            (text.replace("/m/", "/n/"), InvalidLink::Meeting),
            (text.replace("/m/a", "/m/A"), InvalidLink::Meeting),
            (format!("{}A", *text), InvalidLink::Secret),
            (text[..text.len() - 1].to_owned(), InvalidLink::Secret),
            // The last character's unused bits are not zero.
            (format!("{}R", &text[..text.len() - 1]), InvalidLink::Secret),
            (format!("{}{}", *text, "A".repeat(LINK_BYTES_MAX)), InvalidLink::Length),
        ];
        for (text, error) in cases {
            assert_eq!(Link::parse(&text).err(), Some(error), "{text}");
        }
    }

    const GATE_SEED: &str = "b03be56f796250b7df0583acad06e0b191b48ed6978937c1b62973f1f0224cef";
    const LOBBY: &str = "e7282c5517c6ba16080fc4d11e8a6111ebdfe60f78893651dd07660d2dc3d3da";
    const PSK: &str = "4f4d8218020730abb0cb7330cfcaa4ffb17d1db65a74b4364c0d8ee3ffeb96d0";
}
