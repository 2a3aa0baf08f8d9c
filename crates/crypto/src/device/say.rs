//! What devices say to each other: at the door (between a guest and the hosts, through the server), in a knock
//! (sealed under the lobby key), and in the group (sealed by MLS, or a heartbeat with its own signature).

use sabha_admission::{SIGNATURE_BYTES, SignedInviteCert};
use sabha_protocol::{
    DeviceKey, DisplayName, MediaState, Source,
    limits::{MATERIAL_PART_BYTES, ROOM_PARTICIPANTS_MAX},
    opaque::door::{PROOF_BEGINS, PROOF_HOLDS},
    text::ChatText,
};

use super::restricted::MaterialWord;
use crate::codec::{Malformed, Reader, Writer};
use crate::pake::{GuestHello, GuestProof, HostAnswer, HostProof};
use crate::restricted::Announcement;

/// What a knock says to the hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Knock {
    /// Comes back in the grant and in the heartbeat that certifies the present to who is let in.
    pub(crate) nonce: [u8; 16],
    pub(crate) name: DisplayName,
    /// The personal link by which it comes, if it has one.
    pub(crate) invite: Option<ShownInvite>,
}

/// An invite, and that it is the knocking device's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownInvite {
    pub(crate) cert: SignedInviteCert,
    /// By the invite's key, as [`sabha_admission::check_invite_proof`] checks it.
    pub(crate) proof: [u8; SIGNATURE_BYTES],
}

impl Knock {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let write = |kind| Writer::kind(kind).array(&self.nonce).vector(name_bytes(&self.name).as_bytes());
        match &self.invite {
            None => write(1).done(),
            Some(ShownInvite { cert, proof }) => write(2).vector(&cert.to_bytes()).array(proof).done(),
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let shows = match reader.u8()? {
            1 => false,
            2 => true,
            _ => return Err(Malformed),
        };
        let (nonce, name) = (reader.array()?, name(&mut reader)?);
        let invite = if shows {
            let cert = SignedInviteCert::from_bytes(reader.vector()?).map_err(|_| Malformed)?;
            Some(ShownInvite { cert, proof: reader.array()? })
        } else {
            None
        };
        reader.end()?;
        Ok(Self { nonce, name, invite })
    }
}

/// Said at the door. Every message of a guest names the host it is for, and every one of a host says whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Door {
    /// The host's device in the conversation.
    pub(crate) host: DeviceKey,
    pub(crate) saying: Saying,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Saying {
    /// Host: there is a passcode.
    PasscodeWanted { root: DeviceKey },
    /// Guest.
    PakeHello(GuestHello),
    /// Host.
    PakeAnswer(HostAnswer),
    /// Guest.
    PakeProof(GuestProof),
    /// Host: the proof was right.
    PakeRight(HostProof),
    /// Host: it was wrong; so many tries are left, and not before so many milliseconds.
    PakeWrong { left: u8, wait_ms: u64 },
    /// Host: come in.
    Granted(Vec<u8>),
    /// Guest: for the host's commit.
    KeyPackage(Vec<u8>),
    /// Host: there is a passcode, which nobody can prove any more: wait.
    PasscodeOff,
    /// Host, to who came by mail and proved the passcode: the link's secret, sealed under the key of the proof.
    LinkSecret(Vec<u8>),
    /// Guest who came by mail, now that it can seal it: its knock.
    Knock(Vec<u8>),
    /// Host: only who has a personal link comes in here, and this guest has none that holds; or no longer so.
    PersonalLink { wanted: bool },
}

impl Door {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let write = |kind: u8| Writer::kind(kind).array(self.host.as_bytes());
        match &self.saying {
            Saying::PasscodeWanted { root } => write(1).array(root.as_bytes()).done(),
            Saying::PakeHello(hello) => write(PROOF_BEGINS).vector(&hello.to_bytes()).done(),
            Saying::PakeAnswer(answer) => write(3).vector(&answer.to_bytes()).done(),
            Saying::PakeProof(proof) => write(4).vector(&proof.to_bytes()).done(),
            Saying::PakeRight(proof) => write(PROOF_HOLDS).vector(&proof.to_bytes()).done(),
            Saying::PakeWrong { left, wait_ms } => write(6).u8(*left).u64(*wait_ms).done(),
            Saying::Granted(grant) => write(7).vector(grant).done(),
            Saying::KeyPackage(bytes) => write(8).vector(bytes).done(),
            Saying::PasscodeOff => write(9).done(),
            Saying::LinkSecret(sealed) => write(10).vector(sealed).done(),
            Saying::Knock(sealed) => write(11).vector(sealed).done(),
            Saying::PersonalLink { wanted } => write(12).u8(u8::from(*wanted)).done(),
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let kind = reader.u8()?;
        let host = DeviceKey::from_bytes(reader.array()?);
        let saying = match kind {
            1 => Saying::PasscodeWanted { root: DeviceKey::from_bytes(reader.array()?) },
            PROOF_BEGINS => {
                Saying::PakeHello(GuestHello::from_bytes(reader.vector()?).map_err(|_| Malformed)?)
            }
            3 => Saying::PakeAnswer(HostAnswer::from_bytes(reader.vector()?).map_err(|_| Malformed)?),
            4 => Saying::PakeProof(GuestProof::from_bytes(reader.vector()?).map_err(|_| Malformed)?),
            PROOF_HOLDS => Saying::PakeRight(HostProof::from_bytes(reader.vector()?).map_err(|_| Malformed)?),
            6 => Saying::PakeWrong { left: reader.u8()?, wait_ms: reader.u64()? },
            7 => Saying::Granted(reader.vector()?.to_vec()),
            8 => Saying::KeyPackage(reader.vector()?.to_vec()),
            9 => Saying::PasscodeOff,
            10 => Saying::LinkSecret(reader.vector()?.to_vec()),
            11 => Saying::Knock(reader.vector()?.to_vec()),
            12 => Saying::PersonalLink { wanted: reader.flag()? },
            _ => return Err(Malformed),
        };
        reader.end()?;
        Ok(Self { host, saying })
    }
}

/// What somebody shows to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) name: DisplayName,
    pub(crate) hand: bool,
    pub(crate) media: MediaState,
}

impl Status {
    fn write(&self, writer: Writer) -> Writer {
        writer.vector(name_bytes(&self.name).as_bytes()).u8(u8::from(self.hand)).u8(media_bits(self.media))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let name = name(reader)?;
        let hand = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Err(Malformed),
        };
        Ok(Self { name, hand, media: media_of(reader.u8()?)? })
    }
}

/// Said in the group, sealed by MLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    Status(Status),
    Chat(ChatText),
    /// Of a device that came back: asks the hosts for a heartbeat with this nonce.
    IsThisNow([u8; 16]),
    /// Of a host to those who just came in: what it knows of the others. Their own word goes before it.
    People(Vec<(DeviceKey, Status)>),
    /// Asks a device to say its status again.
    WhoIs(DeviceKey),
    /// Of a host: a signed certificate, for others to countersign.
    Certificate(Vec<u8>),
    /// Of a host: a part of a certificate that is too long for one word; counted from zero, in their order.
    CertificatePart {
        number: u8,
        of: u8,
        bytes: Vec<u8>,
    },
    /// Of a device that was there: its countersignature.
    Countersignature(Vec<u8>),
    /// Of restricted material: what is shown, a part of it, that it is taken away, or which parts are missing.
    Material(MaterialWord),
    /// Of a host: asks the person at a device to switch the microphone on.
    PleaseSpeak(DeviceKey),
}

impl Word {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Status(status) => status.write(Writer::kind(1)).done(),
            Self::Chat(text) => Writer::kind(2).vector(String::from(text.clone()).as_bytes()).done(),
            Self::IsThisNow(nonce) => Writer::kind(3).array(nonce).done(),
            Self::People(people) => people
                .iter()
                .fold(Writer::kind(4), |writer, (device, status)| {
                    status.write(writer.array(device.as_bytes()))
                })
                .done(),
            Self::WhoIs(device) => Writer::kind(5).array(device.as_bytes()).done(),
            Self::Certificate(bytes) => Writer::kind(6).vector(bytes).done(),
            Self::Countersignature(bytes) => Writer::kind(7).vector(bytes).done(),
            Self::PleaseSpeak(device) => Writer::kind(8).array(device.as_bytes()).done(),
            Self::CertificatePart { number, of, bytes } => {
                Writer::kind(9).u8(*number).u8(*of).vector(bytes).done()
            }
            Self::Material(MaterialWord::Announced(announcement)) => {
                announcement.write(Writer::kind(10)).done()
            }
            Self::Material(MaterialWord::Part { digest, number, bytes }) => {
                Writer::kind(11).array(digest).u8(*number).array(bytes).done()
            }
            Self::Material(MaterialWord::TakenAway { digest }) => Writer::kind(12).array(digest).done(),
            Self::Material(MaterialWord::Wanted { from, digest, parts }) => {
                Writer::kind(13).array(from.as_bytes()).array(digest).u64(*parts).done()
            }
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let word = match reader.u8()? {
            1 => Self::Status(Status::read(&mut reader)?),
            2 => Self::Chat(ChatText::try_from(reader.text()?).map_err(|_| Malformed)?),
            3 => Self::IsThisNow(reader.array()?),
            4 => {
                let mut people = Vec::new();
                while !reader.is_empty() {
                    if people.len() == ROOM_PARTICIPANTS_MAX {
                        return Err(Malformed);
                    }
                    people.push((DeviceKey::from_bytes(reader.array()?), Status::read(&mut reader)?));
                }
                Self::People(people)
            }
            5 => Self::WhoIs(DeviceKey::from_bytes(reader.array()?)),
            6 => Self::Certificate(reader.vector()?.to_vec()),
            7 => Self::Countersignature(reader.vector()?.to_vec()),
            8 => Self::PleaseSpeak(DeviceKey::from_bytes(reader.array()?)),
            9 => Self::CertificatePart {
                number: reader.u8()?,
                of: reader.u8()?,
                bytes: reader.vector()?.to_vec(),
            },
            10 => Self::Material(MaterialWord::Announced(Announcement::read(&mut reader)?)),
            11 => Self::Material(MaterialWord::Part {
                digest: reader.array()?,
                number: reader.u8()?,
                bytes: reader.array::<MATERIAL_PART_BYTES>()?.to_vec(),
            }),
            12 => Self::Material(MaterialWord::TakenAway { digest: reader.array()? }),
            13 => Self::Material(MaterialWord::Wanted {
                from: DeviceKey::from_bytes(reader.array()?),
                digest: reader.array()?,
                parts: reader.u64()?,
            }),
            _ => return Err(Malformed),
        };
        reader.end()?;
        Ok(word)
    }
}

/// What goes through the server's relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Relay {
    /// An MLS PrivateMessage with a [`Word`].
    Sealed(Vec<u8>),
    /// A signed heartbeat: hashes and counters only, so it needs no seal, and a joiner can read it.
    Heartbeat(Vec<u8>),
}

impl Relay {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Sealed(bytes) => Writer::kind(1).array(bytes).done(),
            Self::Heartbeat(bytes) => Writer::kind(2).array(bytes).done(),
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        match bytes.split_first() {
            Some((1, rest)) => Ok(Self::Sealed(rest.to_vec())),
            Some((2, rest)) => Ok(Self::Heartbeat(rest.to_vec())),
            _ => Err(Malformed),
        }
    }
}

fn name_bytes(name: &DisplayName) -> String {
    String::from(name.clone())
}

fn name(reader: &mut Reader<'_>) -> Result<DisplayName, Malformed> {
    DisplayName::try_from(reader.text()?).map_err(|_| Malformed)
}

fn media_bits(media: MediaState) -> u8 {
    Source::ALL.iter().enumerate().map(|(bit, source)| u8::from(media.has(*source)) << bit).sum()
}

fn media_of(bits: u8) -> Result<MediaState, Malformed> {
    let mut media = MediaState::default();
    for (bit, source) in Source::ALL.into_iter().enumerate() {
        media.set(source, bits >> bit & 1 == 1);
    }
    if media_bits(media) == bits { Ok(media) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;
    use sabha_admission::{Capabilities, InviteCert, device_key};
    use sabha_protocol::{MeetingId, restricted::MaterialKind};

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic_and_written_back_the_same(bytes: Vec<u8>) {
            if let Ok(door) = Door::from_bytes(&bytes) {
                prop_assert_eq!(door.to_bytes(), bytes.clone());
            }
            if let Ok(word) = Word::from_bytes(&bytes) {
                // Text is trimmed while it is read, so it may come back shorter.
                prop_assert_eq!(Word::from_bytes(&word.to_bytes()), Ok(word));
            }
            if let Ok(knock) = Knock::from_bytes(&bytes) {
                prop_assert_eq!(Knock::from_bytes(&knock.to_bytes()), Ok(knock));
            }
        }
    }

    #[test]
    fn what_was_said_is_what_is_heard() {
        let status = Status {
            name: "Asha".parse().unwrap(),
            hand: true,
            media: MediaState { camera: true, ..MediaState::default() },
        };
        let device = DeviceKey::from_bytes([7; 32]);
        for word in [
            Word::Status(status.clone()),
            Word::Chat("नमस्ते\nall".parse().unwrap()),
            Word::IsThisNow([3; 16]),
            Word::People(vec![(device, status)]),
            Word::WhoIs(device),
            Word::Certificate(vec![1; 60 * 1024]),
            Word::CertificatePart { number: 1, of: 3, bytes: vec![1; 60 * 1024] },
            Word::Countersignature(vec![2; 400]),
            Word::PleaseSpeak(device),
            Word::Material(MaterialWord::Announced(Announcement {
                kind: MaterialKind::Png,
                length: 70_000,
                digest: [5; 32],
            })),
            Word::Material(MaterialWord::Part {
                digest: [5; 32],
                number: 2,
                bytes: vec![6; MATERIAL_PART_BYTES],
            }),
            Word::Material(MaterialWord::TakenAway { digest: [5; 32] }),
            Word::Material(MaterialWord::Wanted { from: device, digest: [5; 32], parts: 5 }),
        ] {
            assert_eq!(Word::from_bytes(&word.to_bytes()), Ok(word));
        }
        for saying in [
            Saying::PakeWrong { left: 4, wait_ms: 1000 },
            Saying::PasscodeOff,
            Saying::PersonalLink { wanted: true },
            Saying::PersonalLink { wanted: false },
        ] {
            let door = Door { host: device, saying };
            assert_eq!(Door::from_bytes(&door.to_bytes()), Ok(door));
        }
    }

    fn shown() -> ShownInvite {
        let host = SigningKey::from_bytes(&[1; 32]);
        let cert = InviteCert {
            meeting: MeetingId::from_bytes([2; 20]),
            invite: device_key(&SigningKey::from_bytes(&[3; 32])),
            capabilities: Capabilities::PARTICIPANT,
            issuer: device_key(&host),
            seq: 7,
            not_before_ms: 1000,
            not_after_ms: 9000,
            devices_max: 1,
        };
        ShownInvite { cert: cert.sign(&host).unwrap(), proof: [4; 64] }
    }

    #[test]
    fn a_knock_is_read_back_and_has_one_form() {
        let name: DisplayName = "नमस्ते".repeat(9).parse().unwrap();
        for invite in [None, Some(shown())] {
            let knock = Knock { nonce: [1; 16], name: name.clone(), invite };
            let bytes = knock.to_bytes();
            assert!(bytes.len() <= crate::seal::PROFILE_BYTES_MAX, "{}", bytes.len());
            assert_eq!(Knock::from_bytes(&bytes), Ok(knock));
            for end in 0..bytes.len() {
                assert_eq!(Knock::from_bytes(&bytes[..end]), Err(Malformed), "{end}");
            }
            assert_eq!(Knock::from_bytes(&[&bytes[..], &[0]].concat()), Err(Malformed));
            for kind in [0, 3] {
                assert_eq!(Knock::from_bytes(&[&[kind], &bytes[1..]].concat()), Err(Malformed));
            }
        }
    }

    #[test]
    fn what_is_left_over_is_an_error() {
        let mut bytes = Word::IsThisNow([3; 16]).to_bytes();
        bytes.push(0);
        assert_eq!(Word::from_bytes(&bytes), Err(Malformed));
    }
}
