//! The rules by which a request is refused. A refusal always names one.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $id:literal,)*) => {
        /// A rule of the room. The id is stable: clients, logs and tests refer to it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $id)] $variant,)*
        }

        impl Rule {
            /// Every rule, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the stable id, such as `ROOM.HOST.ONLY`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }
        }
    };
}

rules! {
    /// Only a host may do this.
    HostOnly = "ROOM.HOST.ONLY",
    /// Nobody enters without being admitted by a host.
    AdmittedOnly = "ROOM.ENTRY.ADMITTED",
    /// The meeting does not exist, has ended, or the link is not its link. Deliberately one answer for all three.
    KnownMeeting = "ROOM.ENTRY.LINK",
    /// Who was removed stays out until a host lifts the ban.
    RemovedStaysOut = "ROOM.ENTRY.REMOVED",
    /// Who was sent back to the lobby is let in anew: the grant is void.
    SentBack = "ROOM.ENTRY.SENT_BACK",
    /// An invite lets in as long as it is good, on so many devices as it says, and where policy asks for nothing more.
    Invite = "ROOM.ENTRY.INVITE",
    /// A host's device keeps 32 invites at a time: one is withdrawn before another is made.
    InvitesKept = "ROOM.INVITES",
    /// The meeting is locked: nobody new is let in.
    Locked = "ROOM.LOCKED",
    /// A commit must be made for the epoch the group is in; another one was first.
    CurrentEpoch = "MLS.EPOCH",
    /// A handshake must keep the rules of admission: every device in the group has a host's signature.
    Admission = "MLS.ADMISSION",
    /// The handshakes that were missed are no longer kept: join anew by an external commit.
    HandshakesKept = "MLS.MISSED",
    /// Who enters shows by a signature that the device key is theirs.
    DeviceProof = "ROOM.ENTRY.DEVICE",
    /// Who was denied waits before knocking again.
    KnockCooldown = "ROOM.ENTRY.COOLDOWN",
    /// The lobby is full.
    LobbyBound = "ROOM.LOBBY.FULL",
    /// The room is full.
    RoomBound = "ROOM.FULL",
    /// A place is kept for 60 seconds after its connection dropped, and can be resumed once per token.
    ResumeWindow = "ROOM.RESUME.WINDOW",
    /// The last host ends the meeting or hands it over before leaving.
    LastHost = "ROOM.HOST.LAST",
    /// The person this is about is not in the room, or not in the lobby.
    PresentOnly = "ROOM.PRESENT",
    /// Nobody acts upon a host or upon themselves in this way.
    NotThisTarget = "ROOM.TARGET",
    /// By policy nobody is let in without having proven the passcode.
    PassRequired = "MEET.PASS.REQUIRED",
    /// By policy a host lets everybody in by hand.
    LobbyOn = "MEET.LOBBY.ON",
    /// By policy only hosts, or those to whom one gave the right, share a screen.
    ShareHost = "MEET.SHARE.HOST",
    /// By policy only hosts, or nobody, writes to all.
    ChatSafe = "MEET.CHAT.SAFE",
    /// By policy the meeting has locked by itself: nobody new is let in.
    LockAuto = "MEET.LOCK.AUTO",
    /// By policy a last host ends the meeting and does not hand it over.
    EndAll = "MEET.END.ALL",
    /// By policy who makes a meeting has signed in with a passkey, or by an identity provider that saw more than one factor.
    Mfa = "ORG.MFA",
    /// By policy only clients from a number on take part.
    ClientFloor = "ORG.CLIENT.FLOOR",
    /// By policy who takes part is signed in with an account of the organisation.
    External = "ORG.EXTERNAL",
    /// By policy who comes in has a link that a host made for them.
    LinkPrivate = "ORG.LINK.PRIVATE",
    /// A host has taken somebody's right to send this source, or to write to all.
    SourceTaken = "ROOM.SOURCE",
    /// What is shown in the room only is text, an advisory or a picture, within bounds.
    Material = "RED.MATERIAL",
    /// A host has suspended what participants do.
    Suspended = "ROOM.SUSPENDED",
    /// A meeting's policy is at least as tight as the organisation's floor.
    Floor = "ORG.POLICY.FLOOR",
    /// What another floor is made from is seen first: somebody has applied one meanwhile.
    FloorSeen = "FLOOR.SEEN",
    /// An advisory is taken back in one step only while no other floor has come after it.
    FloorLater = "FLOOR.LATER",
    /// A profile is applied, and carried by an advisory, only if it is in the format, names controls and values that there
    /// are, and its signature holds.
    Profile = "FLOOR.PROFILE",
    /// The message came before its time: `enter` first, then `join`, each once.
    Order = "WIRE.ORDER",
    /// The message is not one of the protocol's, or a field is unknown or out of bounds.
    WellFormed = "WIRE.FORM",
    /// Too many messages on one connection, or meetings on the whole server, in too short a time.
    Rate = "WIRE.RATE",
    /// One address, and the network around it, open so many connections and ask so much a second.
    NetworkRate = "LIMIT.NETWORK",
    /// Guests of one address, and of the network around it, take a part of a lobby only.
    LobbyShare = "LIMIT.LOBBY",
    /// Knocks at one meeting, and words from its lobby, have a pace: of one address, of the network around it, and of all.
    KnockRate = "LIMIT.KNOCKS",
    /// Passcodes tried at one meeting that were not right are few from one address, and from the network around it.
    PasscodeRate = "LIMIT.PASSCODES",
    /// After many wrong credentials from one address, only those that were good a short time ago are looked at.
    CredentialRate = "LIMIT.CREDENTIALS",
    /// One account makes so many meetings a minute.
    AccountRate = "LIMIT.ACCOUNT",
    /// One account has so many mails sent a day.
    MailRate = "LIMIT.MAILS",
    /// The session description is not one the server can answer.
    MediaOffer = "MEDIA.OFFER",
    /// The server is shutting down, or at its limit, and takes nothing new.
    Capacity = "SERVER.CAPACITY",
    /// The creation key is missing or wrong.
    CreationKey = "SERVER.CREATE",
    /// The server's storage failed; nothing was changed.
    Storage = "SERVER.STORAGE",
    /// A one-time link is good once, for a time, and until it is withdrawn. Deliberately one answer for all three.
    AccountLink = "ACCOUNT.LINK",
    /// The identity provider's answer is one that this browser asked for, in time, used once and signed. Deliberately one
    /// answer for all of them.
    AccountIdentity = "ACCOUNT.IDENTITY",
    /// There is always an administrator, and a user always has a way in.
    AccountLast = "ACCOUNT.LAST",
    /// Account pages are reached from this server itself, at its own address.
    AccountOrigin = "ACCOUNT.ORIGIN",
    /// The passkey is not one that opens an account here, or came too late.
    AccountPasskey = "ACCOUNT.PASSKEY",
    /// The password opens no account here, or came too late. Deliberately one answer for all of them.
    AccountPassword = "ACCOUNT.PASSWORD",
    /// There are passwords only where an administrator has allowed them.
    AccountPasswordsOff = "ACCOUNT.PASSWORDS_OFF",
    /// The identity provider can be reached, is the configured one, and says what OpenID Connect has it say.
    AccountProvider = "ACCOUNT.PROVIDER",
    /// The user needs a role that they do not have.
    AccountRole = "ACCOUNT.ROLE",
    /// The API key was not made for this.
    AccountScope = "ACCOUNT.SCOPE",
    /// This needs somebody who is signed in, or an API key that is good.
    AccountSignedIn = "ACCOUNT.SIGNED_IN",
    /// Who signs in by the identity provider is bound to a user here first: by an invitation, or while signed in.
    AccountStranger = "ACCOUNT.STRANGER",
    /// Nobody and nothing of this id is here, or another has this address already.
    AccountKnown = "ACCOUNT.KNOWN",
    /// There is no such document, revision, comment or attachment, or the reader may not know of it. Deliberately one answer
    /// for both.
    BulletinKnown = "BULLETIN.KNOWN",
    /// This needs somebody of a member organisation, in a role that they do not have there.
    BulletinRole = "BULLETIN.ROLE",
    /// Who wrote a revision neither approves nor publishes it.
    BulletinFourEyes = "BULLETIN.FOUR_EYES",
    /// A revision goes from draft to review to publication; what is published or withdrawn is never changed.
    BulletinStage = "BULLETIN.STAGE",
    /// What somebody approves, publishes or changes is what they have seen last.
    BulletinSeen = "BULLETIN.SEEN",
    /// A document is for an audience that fits its label, and names no wider label inside.
    BulletinMarking = "BULLETIN.MARKING",
    /// A document is a JSON object of CSAF with a title, within bounds.
    BulletinContent = "BULLETIN.CONTENT",
    /// What is submitted or published is valid CSAF, and says itself with which label, status, id and version it is published.
    BulletinCsaf = "BULLETIN.CSAF",
    /// An attachment is of a type that is allowed, begins as that type does, and has a name that is no path.
    BulletinAttachment = "BULLETIN.ATTACHMENT",
    /// An OpenPGP key for mails is one public key that holds, with a part that encrypts and is strong enough.
    BulletinKey = "BULLETIN.KEY",
    /// A webhook leads to a server of its organisation: by https, and not into this server's own network.
    BulletinWebhook = "BULLETIN.WEBHOOK",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
