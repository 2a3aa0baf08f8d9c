//! Bodies of the HTTP API for those who administer a server: users, passkeys, sessions, API keys, the audit log.
//!
//! Who asks is never in a body: it is the session's cookie, the API key, or the one-time link's token.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use crate::{
    DisplayName,
    account::{
        ApiKeyId, AuthorizationCode, CeremonyId, EmailAddress, IdentityId, InvitationId, Label, PasskeyId,
        Roles, Scope, SessionId, UserId,
    },
    opaque::AccountBytes,
    secret::LinkToken,
};

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

pub(crate) use body;

body! {
    /// Answer to `GET /api/v1/organisation`, and body of `PUT`.
    Organisation {
        /// Its name.
        name: Label,
    }
}

body! {
    /// A user.
    User {
        /// The user.
        id: UserId,
        /// Shown in lists; not unique.
        name: DisplayName,
        /// No two users have the same.
        #[serde(default)]
        #[ts(optional = nullable)]
        email: Option<EmailAddress>,
        /// What they may do.
        #[schema(value_type = Vec<crate::account::AccountRole>)]
        roles: Roles,
        /// Since when, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
    }
}

body! {
    /// Answer to `GET /api/v1/users`.
    Users {
        /// All of them, oldest first.
        users: Vec<User>,
    }
}

body! {
    /// Body of `PATCH /api/v1/users/{id}`. What is absent stays.
    ChangeUser {
        /// A new name.
        #[serde(default)]
        #[ts(optional = nullable)]
        name: Option<DisplayName>,
        /// All roles from now on.
        #[serde(default)]
        #[ts(optional = nullable)]
        #[schema(value_type = Option<Vec<crate::account::AccountRole>>)]
        roles: Option<Roles>,
    }
}

body! {
    /// Body of `POST /api/v1/invitations`.
    Invite {
        /// Name of who is invited; they may correct it.
        name: DisplayName,
        /// Their address. Nothing is sent there.
        #[serde(default)]
        #[ts(optional = nullable)]
        email: Option<EmailAddress>,
        /// What they may do once they have come.
        #[schema(value_type = Vec<crate::account::AccountRole>)]
        roles: Roles,
    }
}

body! {
    /// An invitation nobody has followed yet.
    Invitation {
        /// The invitation.
        id: InvitationId,
        /// Who is invited.
        name: DisplayName,
        /// Their address.
        #[serde(default)]
        #[ts(optional = nullable)]
        email: Option<EmailAddress>,
        /// What they may do once they have come.
        #[schema(value_type = Vec<crate::account::AccountRole>)]
        roles: Roles,
        /// When it was made, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
        /// Until when it is good, in milliseconds since 1970.
        #[ts(type = "number")]
        expires_ms: u64,
    }
}

body! {
    /// Answer to [`Invite`], status 201.
    Invited {
        /// The invitation.
        invitation: Invitation,
        /// The whole link. Shown once: the server keeps a hash of its token only.
        link: String,
    }
}

body! {
    /// Answer to `GET /api/v1/invitations`.
    Invitations {
        /// Those that are open, oldest first.
        invitations: Vec<Invitation>,
    }
}

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Somebody whom an administrator invited.
    Invitation,
    /// An administrator who lost every way in.
    Recovery,
    /// The first administrator.
    Setup,
}

body! {
    /// Body of `POST /api/v1/account/link`: asks what a link is for, without using it up.
    AskLink {
        /// From the link's fragment.
        token: LinkToken,
    }
}

body! {
    /// Answer to [`AskLink`].
    LinkView {
        /// What it is for.
        kind: LinkKind,
        /// Of the organisation.
        organisation: Label,
        /// Name the inviting administrator gave.
        #[serde(default)]
        #[ts(optional = nullable)]
        name: Option<DisplayName>,
        /// Address the inviting administrator gave.
        #[serde(default)]
        #[ts(optional = nullable)]
        email: Option<EmailAddress>,
        /// What they may do once they have come.
        #[schema(value_type = Vec<crate::account::AccountRole>)]
        roles: Roles,
    }
}

body! {
    /// Body of `POST /api/v1/account/registrations`: begins to make an account and its first passkey.
    BeginRegistration {
        /// From the link's fragment. Used up when the passkey is there.
        token: LinkToken,
        /// How they are called.
        name: DisplayName,
        /// Their address.
        #[serde(default)]
        #[ts(optional = nullable)]
        email: Option<EmailAddress>,
        /// A new name of the organisation; for the first administrator only.
        #[serde(default)]
        #[ts(optional = nullable)]
        organisation: Option<Label>,
    }
}

body! {
    /// What a browser needs to make a passkey (W3C WebAuthn level 3 section 5.4). Whatever is not here is fixed: the
    /// passkey is discoverable, its user is verified, and no attestation is asked for.
    PasskeyCreation {
        /// Goes back with what was made.
        ceremony: CeremonyId,
        /// `publicKey.challenge`.
        challenge: AccountBytes,
        /// `publicKey.rp.id`.
        rp_id: String,
        /// `publicKey.rp.name`.
        rp_name: String,
        /// `publicKey.user.id`.
        user_handle: AccountBytes,
        /// `publicKey.user.name` and `displayName`.
        user_name: String,
        /// COSE algorithm numbers (RFC 9053), best first.
        #[ts(type = "number[]")]
        algorithms: Vec<i64>,
        /// Credentials of this user that exist.
        exclude: Vec<AccountBytes>,
    }
}

body! {
    /// A passkey that was made: body of `POST /api/v1/account/registrations/finish` and of
    /// `POST /api/v1/account/passkeys/finish`.
    MadePasskey {
        /// The ceremony that began it.
        ceremony: CeremonyId,
        /// What its user calls it.
        label: Label,
        /// `PublicKeyCredential.rawId`.
        credential: AccountBytes,
        /// `response.getAuthenticatorData()`. Its attestation is not asked for.
        authenticator_data: AccountBytes,
        /// `response.clientDataJSON`.
        client_data: AccountBytes,
    }
}

body! {
    /// Answer to `POST /api/v1/account/sign-in`: what a browser needs to show a passkey (W3C WebAuthn level 3
    /// section 5.5). Any passkey of this server will do; its user is verified.
    PasskeyRequest {
        /// Goes back with the proof.
        ceremony: CeremonyId,
        /// `publicKey.challenge`.
        challenge: AccountBytes,
        /// `publicKey.rpId`.
        rp_id: String,
    }
}

body! {
    /// Body of `POST /api/v1/account/sign-in/finish`.
    ShownPasskey {
        /// The ceremony that began it.
        ceremony: CeremonyId,
        /// `PublicKeyCredential.rawId`.
        credential: AccountBytes,
        /// `response.authenticatorData`.
        authenticator_data: AccountBytes,
        /// `response.clientDataJSON`.
        client_data: AccountBytes,
        /// `response.signature`.
        signature: AccountBytes,
        /// `response.userHandle`.
        user_handle: AccountBytes,
    }
}

body! {
    /// Answer to `GET /api/v1/account/ways`: how one signs in here, besides with a passkey.
    WaysIn {
        /// What people call the organisation's identity provider, if there is one.
        #[serde(default)]
        #[ts(optional = nullable)]
        provider: Option<Label>,
        /// Whether passwords are allowed.
        passwords: bool,
    }
}

body! {
    /// Body of `PUT /api/v1/passwords` and answer to it.
    AllowPasswords {
        /// Whether users may set passwords and sign in with them.
        allowed: bool,
    }
}

body! {
    /// Answer to `GET /api/v1/account/password`.
    OwnPassword {
        /// Whether the own account has one.
        set: bool,
    }
}

body! {
    /// Body of `POST /api/v1/account/password`: begins to set one (RFC 9807 section 5).
    AskPassword {
        /// A RegistrationRequest.
        request: AccountBytes,
    }
}

body! {
    /// Answer to [`AskPassword`].
    AnswerPassword {
        /// A RegistrationResponse.
        answer: AccountBytes,
        /// By which address one signs in with it, which goes into the record.
        email: EmailAddress,
    }
}

body! {
    /// Body of `PUT /api/v1/account/password`.
    KeepPassword {
        /// A RegistrationRecord.
        record: AccountBytes,
    }
}

body! {
    /// Body of `POST /api/v1/account/password/sign-in` (RFC 9807 section 6).
    BeginPassword {
        /// The address of the account.
        email: EmailAddress,
        /// A KE1.
        request: AccountBytes,
    }
}

body! {
    /// Answer to [`BeginPassword`].
    PasswordAnswer {
        /// Goes back with the proof.
        ceremony: CeremonyId,
        /// A KE2.
        answer: AccountBytes,
    }
}

body! {
    /// Body of `POST /api/v1/account/password/sign-in/finish`.
    ProvePassword {
        /// The ceremony that began it.
        ceremony: CeremonyId,
        /// A KE3.
        proof: AccountBytes,
    }
}

body! {
    /// Body of `POST /api/v1/account/provider`: begins to sign in by the identity provider.
    AskProvider {
        /// From the fragment of an invitation's link. Used up when the provider has answered.
        #[serde(default)]
        #[ts(optional = nullable)]
        token: Option<LinkToken>,
    }
}

body! {
    /// Answer to [`AskProvider`] and to `POST /api/v1/account/identities`. A cookie binds it to the browser.
    ProviderRequest {
        /// Where the browser goes. The provider sends it back to `/admin` with `code` and `state`.
        url: String,
    }
}

body! {
    /// Body of `POST /api/v1/account/provider/finish` and `POST /api/v1/account/identities/finish`: what the provider gave
    /// the browser (OpenID Connect Core 1.0 section 3.1.2.5).
    ProviderAnswer {
        /// `code`.
        code: AuthorizationCode,
        /// `state`.
        state: CeremonyId,
        /// `iss` (RFC 9207), if the provider says it.
        #[serde(default)]
        #[ts(optional = nullable)]
        iss: Option<String>,
    }
}

body! {
    /// Somebody at the identity provider who signs in as this user.
    Identity {
        /// The binding.
        id: IdentityId,
        /// The provider's URL.
        issuer: String,
        /// Since when, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
        /// When it last signed in, in milliseconds since 1970.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        used_ms: Option<u64>,
    }
}

body! {
    /// Answer to `GET /api/v1/account/identities`.
    Identities {
        /// All of the own account, oldest first.
        identities: Vec<Identity>,
    }
}

body! {
    /// Who is signed in: answer to `GET /api/v1/account` and to whatever signs in.
    Account {
        /// Who.
        user: User,
        /// By which session.
        session: SessionId,
        /// Of which organisation.
        organisation: Label,
    }
}

body! {
    /// A passkey of the own account.
    Passkey {
        /// The passkey.
        id: PasskeyId,
        /// What its user calls it.
        label: Label,
        /// When it was made, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
        /// When it was last shown, in milliseconds since 1970.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        used_ms: Option<u64>,
    }
}

body! {
    /// Answer to `GET /api/v1/account/passkeys`.
    Passkeys {
        /// All of the own account, oldest first.
        passkeys: Vec<Passkey>,
    }
}

body! {
    /// Body of `PATCH /api/v1/account/passkeys/{id}`.
    RenamePasskey {
        /// What its user calls it from now on.
        label: Label,
    }
}

body! {
    /// A session of the own account.
    Session {
        /// The session.
        id: SessionId,
        /// Whether it is the one that asks.
        current: bool,
        /// When it began, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
        /// When it was last used, to the minute, in milliseconds since 1970.
        #[ts(type = "number")]
        seen_ms: u64,
        /// When it ends if it is not used, in milliseconds since 1970.
        #[ts(type = "number")]
        expires_ms: u64,
    }
}

body! {
    /// Answer to `GET /api/v1/account/sessions`.
    Sessions {
        /// All of the own account, oldest first.
        sessions: Vec<Session>,
    }
}

body! {
    /// Body of `POST /api/v1/account/keys`.
    CreateApiKey {
        /// What its user calls it.
        label: Label,
        /// What it may do; at least one.
        #[schema(value_type = Vec<Scope>)]
        scopes: std::collections::BTreeSet<Scope>,
        /// For how many days, 1 to 366.
        days: u16,
    }
}

body! {
    /// An API key of the own account.
    ApiKey {
        /// The key.
        id: ApiKeyId,
        /// What its user calls it.
        label: Label,
        /// What it may do.
        #[schema(value_type = Vec<Scope>)]
        scopes: std::collections::BTreeSet<Scope>,
        /// When it was made, in milliseconds since 1970.
        #[ts(type = "number")]
        created_ms: u64,
        /// When it was last used, to the minute, in milliseconds since 1970.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        used_ms: Option<u64>,
        /// Until when it is good, in milliseconds since 1970.
        #[ts(type = "number")]
        expires_ms: u64,
    }
}

body! {
    /// Answer to [`CreateApiKey`], status 201.
    ApiKeyCreated {
        /// The key.
        key: ApiKey,
        /// What goes into `Authorization: Bearer`. Shown once: the server keeps a hash only.
        secret: String,
    }
}

body! {
    /// Answer to `GET /api/v1/account/keys`.
    ApiKeys {
        /// All of the own account, oldest first.
        keys: Vec<ApiKey>,
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// What the audit log records. Says that something happened, never what was in it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
        pub enum AuditAction {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        impl AuditAction {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the stable word, such as `user.invited`.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::str::FromStr for AuditAction {
            type Err = UnknownAction;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($word => Ok(Self::$variant),)* _ => Err(UnknownAction) }
            }
        }
    };
}

/// The word is none of [`AuditAction`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such action")]
pub struct UnknownAction;

actions! {
    /// The audit log was exported.
    AuditExported = "audit.exported",
    /// An organisation said of a document that it was seen or applied there, or is not about them.
    BulletinAcknowledged = "bulletin.acknowledged",
    /// A file was attached to a document, or taken away.
    BulletinAttachment = "bulletin.attachment",
    /// A recipient of a document let a client of theirs read it.
    BulletinClient = "bulletin.client",
    /// Somebody commented on a document.
    BulletinComment = "bulletin.comment",
    /// A document was begun, changed, or went a step.
    BulletinDocument = "bulletin.document",
    /// A sharing group was made or changed.
    BulletinGroup = "bulletin.group",
    /// An incident has another status, or is in other hands.
    BulletinIncident = "bulletin.incident",
    /// Somebody came to a member organisation, has other roles there, or left it.
    BulletinMembership = "bulletin.membership",
    /// An organisation came to the bulletin, or left it.
    BulletinOrganisation = "bulletin.organisation",
    /// A draft of a document carries a policy profile now, or carries it no more.
    BulletinProfile = "bulletin.profile",
    /// An organisation has itself told of documents at another address, or no more at one.
    BulletinWebhook = "bulletin.webhook",
    /// The organisation demands something else of its meetings, since somebody applied a floor on the server's machine.
    FloorApplied = "floor.applied",
    /// A profile of a publisher whom the server follows was not applied.
    FloorNotFollowed = "floor.not_followed",
    /// The server follows a publisher: what they demand is applied as it is published.
    FloorSubscribed = "floor.subscribed",
    /// The server follows a publisher no more.
    FloorUnsubscribed = "floor.unsubscribed",
    /// Somebody at the identity provider signs in as this user from now on.
    IdentityAdded = "identity.added",
    /// They do not any more.
    IdentityRemoved = "identity.removed",
    /// An invitation was made.
    InvitationCreated = "invitation.created",
    /// An invitation was withdrawn.
    InvitationRevoked = "invitation.revoked",
    /// An API key was made.
    KeyCreated = "key.created",
    /// An API key was withdrawn.
    KeyRevoked = "key.revoked",
    /// A planned meeting was cancelled.
    MeetingCancelled = "meeting.cancelled",
    /// A meeting was created.
    MeetingCreated = "meeting.created",
    /// Invitations to planned meetings were given to the mail server.
    MeetingsMailed = "meetings.mailed",
    /// Meetings were planned: one, or a series.
    MeetingsPlanned = "meetings.planned",
    /// The organisation has another name.
    OrganisationRenamed = "organisation.renamed",
    /// A passkey was added.
    PasskeyAdded = "passkey.added",
    /// A passkey was removed.
    PasskeyRemoved = "passkey.removed",
    /// A passkey has another name.
    PasskeyRenamed = "passkey.renamed",
    /// A user's password was removed.
    PasswordRemoved = "password.removed",
    /// A user set a password.
    PasswordSet = "password.set",
    /// An administrator allowed passwords.
    PasswordsAllowed = "passwords.allowed",
    /// An administrator forbade passwords.
    PasswordsForbidden = "passwords.forbidden",
    /// On the server's machine a link was made for an administrator who lost every way in.
    RecoveryCreated = "recovery.created",
    /// A template of the policy was made or changed.
    TemplateChanged = "template.changed",
    /// A template of the policy was removed.
    TemplateRemoved = "template.removed",
    /// Somebody signed in.
    SessionBegun = "session.begun",
    /// Somebody signed out.
    SessionEnded = "session.ended",
    /// A session was ended from another.
    SessionRevoked = "session.revoked",
    /// A user's name or roles changed.
    UserChanged = "user.changed",
    /// A user came: by a one-time link, or from the identity provider.
    UserJoined = "user.joined",
    /// An administrator came back by a link that was made on the server's machine.
    UserRecovered = "user.recovered",
    /// A user was removed.
    UserRemoved = "user.removed",
}

body! {
    /// One entry of the audit log. Content-free: ids and words.
    AuditEntry {
        /// Its place, from 1 on, without gaps.
        #[ts(type = "number")]
        seq: u64,
        /// When, in milliseconds since 1970.
        #[ts(type = "number")]
        at_ms: u64,
        /// Who; absent if by the creation key.
        #[serde(default)]
        #[ts(optional = nullable)]
        user: Option<UserId>,
        /// By which API key, if by one.
        #[serde(default)]
        #[ts(optional = nullable)]
        key: Option<ApiKeyId>,
        /// What.
        action: AuditAction,
        /// To what: the id of a user, passkey, session, key, invitation, plan, organisation or group; of a meeting or a document
        /// a hash, by which who knows its id finds it, and nobody else.
        #[serde(default)]
        #[ts(optional = nullable)]
        subject: Option<String>,
        /// Roles or scopes given, or the step taken, in words; how many meetings were planned.
        #[serde(default)]
        #[ts(optional = nullable)]
        detail: Option<String>,
        /// SHA-256 over the hash before and this entry, in hexadecimal.
        hash: String,
    }
}

/// Query of `GET /api/v1/audit`. What is absent filters nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only entries before this one.
    #[serde(default)]
    pub before: Option<u64>,
    /// Only this action.
    #[serde(default)]
    pub action: Option<AuditAction>,
    /// Only what this user did.
    #[serde(default)]
    pub user: Option<UserId>,
    /// Only what happened then or later, in milliseconds since 1970.
    #[serde(default)]
    pub since_ms: Option<u64>,
    /// Only what happened earlier, in milliseconds since 1970.
    #[serde(default)]
    pub until_ms: Option<u64>,
}

body! {
    /// Answer to `GET /api/v1/audit`.
    AuditPage {
        /// Newest first, at most 100.
        entries: Vec<AuditEntry>,
        /// Ask again with `before` set to this for the next older ones; absent at the end.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        older: Option<u64>,
    }
}
