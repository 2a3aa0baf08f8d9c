//! TypeScript from the protocol's Rust types. The output is committed, and `--check` fails when it is stale.

use std::{fmt::Write as _, fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use sabha_policy::{Control, Scale};
use sabha_protocol::{
    Rule, account, bulletin, control, device, key, limits, media, opaque, restricted, secret, text, units,
    wire,
};
use ts_rs::{Config, TS};

/// Writes the generated files.
pub(crate) fn write() -> anyhow::Result<()> {
    let path = path();
    fs::create_dir_all(path.parent().context("the path has a folder")?)?;
    fs::write(&path, typescript()).with_context(|| path.display().to_string())
}

/// Fails if a generated file is not what [`write()`] would write.
pub(crate) fn check() -> anyhow::Result<()> {
    let found = fs::read_to_string(path()).unwrap_or_default();
    ensure!(found == typescript(), "{} is stale: run `cargo xtask codegen`", path().display());
    Ok(())
}

fn path() -> PathBuf {
    crate::root().join("web/src/protocol/messages.ts")
}

fn typescript() -> String {
    let config = Config::default();
    let mut out =
        String::from("// Generated from crates/protocol by `cargo xtask codegen`. Do not edit.\n\n");
    macro_rules! export {
        ($($type:ty),* $(,)?) => {
            $( writeln!(out, "export {}\n", <$type as TS>::decl(&config)).expect("a String takes any text"); )*
        };
    }
    export!(
        sabha_protocol::MeetingId,
        sabha_protocol::ParticipantId,
        sabha_protocol::RequestId,
        sabha_protocol::RoomSeq,
        sabha_protocol::BootEpoch,
        sabha_protocol::RoomEpoch,
        sabha_protocol::MediaGeneration,
        sabha_protocol::GroupEpoch,
        text::DisplayName,
        text::MeetingTitle,
        text::ChatText,
        text::Passcode,
        text::Sdp,
        units::TileHeight,
        secret::CreationKey,
        secret::ResumeToken,
        key::Challenge,
        key::DeviceKey,
        key::Digest,
        key::GateKey,
        key::Signature,
        opaque::DoorPayload,
        opaque::GrantBytes,
        opaque::GroupInfo,
        opaque::HandshakeMessage,
        opaque::HeartbeatBytes,
        opaque::KnockPayload,
        opaque::RatchetTree,
        opaque::RelayPayload,
        opaque::SealedTitle,
        opaque::WelcomeMessage,
        media::MediaKind,
        media::Source,
        media::Layer,
        media::VideoCodec,
        media::MediaState,
        media::Quality,
        media::Mid,
        media::UpSlot,
        media::DownSlot,
        Rule,
        wire::client::Credential,
        wire::client::MediaOffer,
        wire::client::Tile,
        wire::client::ClientMessage,
        wire::client::ClientFrame,
        wire::server::Role,
        wire::server::Presence,
        wire::server::Participant,
        wire::server::Guest,
        wire::server::LobbyOutcome,
        wire::server::LeaveReason,
        wire::server::CloseReason,
        wire::server::Occupant,
        wire::server::SlotAssignment,
        wire::server::MediaAnswer,
        wire::server::ServerMessage,
        wire::server::ServerFrame,
        control::ControlWord,
        control::ControlSetting,
        control::ControlSettings,
        device::BaseKey,
        device::CipherSuite,
        device::AdmissionMethod,
        device::Alarm,
        device::BannedView,
        device::InviteView,
        device::DeviceStage,
        device::Encryption,
        device::HeartbeatState,
        device::MediaLeaf,
        device::MediaKeyChange,
        device::MemberView,
        device::PasscodeProof,
        device::PasscodeView,
        device::VerificationCode,
        device::CertificateDifference,
        device::CertificateView,
        device::OfferState,
        device::GuestInvite,
        device::WaitingView,
        restricted::MaterialBytes,
        restricted::MaterialKind,
        restricted::MaterialState,
        restricted::MaterialView,
        device::ConductView,
        device::DeviceView,
        device::CreateDevice,
        device::JoinDevice,
        device::MemberRight,
        device::MemberRole,
        device::DeviceCommand,
        device::DeviceOutput,
        wire::http::CreateMeeting,
        wire::http::MeetingCreated,
        wire::http::PolicyInfo,
        wire::http::VersionInfo,
        wire::http::Health,
        wire::http::ApiError,
        secret::LinkToken,
        opaque::AccountBytes,
        account::UserId,
        account::PasskeyId,
        account::SessionId,
        account::ApiKeyId,
        account::IdentityId,
        account::AuthorizationCode,
        account::InvitationId,
        account::PlanId,
        account::TemplateId,
        account::CeremonyId,
        account::AccountRole,
        account::Scope,
        account::EmailAddress,
        account::Label,
        wire::accounts::Organisation,
        wire::accounts::User,
        wire::accounts::Users,
        wire::accounts::ChangeUser,
        wire::accounts::Invite,
        wire::accounts::Invitation,
        wire::accounts::Invited,
        wire::accounts::Invitations,
        wire::accounts::AskLink,
        wire::accounts::LinkView,
        wire::accounts::BeginRegistration,
        wire::accounts::PasskeyCreation,
        wire::accounts::MadePasskey,
        wire::accounts::PasskeyRequest,
        wire::accounts::ShownPasskey,
        wire::accounts::WaysIn,
        wire::accounts::AllowPasswords,
        wire::accounts::OwnPassword,
        wire::accounts::AskPassword,
        wire::accounts::AnswerPassword,
        wire::accounts::KeepPassword,
        wire::accounts::BeginPassword,
        wire::accounts::PasswordAnswer,
        wire::accounts::ProvePassword,
        wire::accounts::AskProvider,
        wire::accounts::ProviderRequest,
        wire::accounts::ProviderAnswer,
        wire::accounts::Identity,
        wire::accounts::Identities,
        wire::accounts::Account,
        wire::accounts::Passkey,
        wire::accounts::Passkeys,
        wire::accounts::RenamePasskey,
        wire::accounts::Session,
        wire::accounts::Sessions,
        wire::accounts::CreateApiKey,
        wire::accounts::ApiKey,
        wire::accounts::ApiKeyCreated,
        wire::accounts::ApiKeys,
        wire::accounts::AuditEntry,
        wire::accounts::AuditPage,
        wire::accounts::LinkKind,
        wire::accounts::AuditAction,
        key::ProfileKey,
        wire::floor::FloorControl,
        wire::floor::FloorEntry,
        wire::floor::ProfileSummary,
        wire::floor::Template,
        wire::floor::Templates,
        wire::floor::PutTemplate,
        wire::floor::FloorView,
        wire::floor::FloorWish,
        wire::floor::PreviewFloor,
        wire::floor::FloorChange,
        wire::floor::FloorPreview,
        wire::floor::ApplyFloor,
        wire::floor::FloorApplied,
        wire::advisory_policy::RevisionProfile,
        wire::advisory_policy::AdvisedControl,
        wire::advisory_policy::NamedAdvisory,
        wire::advisory_policy::PolicyDemand,
        wire::advisory_policy::PolicyAdvisories,
        wire::advisory_policy::NotFollowed,
        wire::advisory_policy::AdvisoryFate,
        wire::advisory_policy::AdvisoryPolicy,
        wire::advisory_policy::AdvisoryPolicies,
        wire::advisory_policy::PreviewAdvisory,
        wire::advisory_policy::AdvisoryPreview,
        wire::advisory_policy::TouchedRoom,
        wire::advisory_policy::TouchedPlan,
        wire::advisory_policy::ApplyAdvisory,
        wire::advisory_policy::RollBackAdvisory,
        wire::advisory_policy::Subscription,
        wire::advisory_policy::Subscriptions,
        wire::advisory_policy::Subscribe,
        wire::advisory_policy::OrganisationCoverage,
        wire::advisory_policy::CoveredRevision,
        wire::advisory_policy::Coverage,
        wire::operation::LiveRoom,
        wire::operation::LiveRooms,
        wire::operation::DatabaseHealth,
        wire::operation::DiskHealth,
        wire::operation::MachineHealth,
        wire::operation::ShardHealth,
        wire::operation::ServerLimit,
        wire::operation::LimitUse,
        wire::operation::MirrorHealth,
        wire::operation::ServerHealth,
        wire::operation::Span,
        wire::operation::RefusalsByRule,
        wire::operation::Refusals,
        wire::plans::TimeZoneName,
        wire::plans::LocalDate,
        wire::plans::LocalTime,
        wire::plans::Every,
        wire::plans::Repeat,
        wire::plans::Schedule,
        wire::plans::Times,
        wire::plans::ScheduleTimes,
        wire::plans::CreatePlan,
        wire::plans::PlannedState,
        wire::plans::PlannedMeeting,
        wire::plans::Plan,
        wire::plans::Plans,
        wire::plans::SendMails,
        wire::plans::MailKind,
        wire::plans::MailState,
        wire::plans::MailTrouble,
        wire::plans::Mail,
        wire::plans::Mails,
        bulletin::OrganisationId,
        bulletin::SharingGroupId,
        bulletin::DocumentId,
        bulletin::CommentId,
        bulletin::AttachmentId,
        bulletin::WebhookId,
        bulletin::BulletinRole,
        bulletin::DocumentKind,
        bulletin::Severity,
        bulletin::TlpLabel,
        bulletin::RevisionStage,
        bulletin::Acknowledgement,
        bulletin::IncidentStatus,
        bulletin::AttachmentType,
        bulletin::AttachmentName,
        bulletin::CommentText,
        wire::bulletin::MemberOrganisation,
        wire::bulletin::MemberOrganisations,
        wire::bulletin::AddOrganisation,
        wire::bulletin::Membership,
        wire::bulletin::Memberships,
        wire::bulletin::SetMembership,
        wire::bulletin::SharingGroup,
        wire::bulletin::SharingGroups,
        wire::bulletin::SetSharingGroup,
        wire::bulletin::BulletinReader,
        wire::bulletin_documents::Marking,
        wire::bulletin_documents::CreateDocument,
        wire::bulletin_documents::BeginRevision,
        wire::bulletin_documents::ChangeDraft,
        wire::bulletin_documents::DocumentStep,
        wire::bulletin_documents::TakeStep,
        wire::bulletin_documents::Revision,
        wire::bulletin_documents::Attachment,
        wire::bulletin_documents::BulletinDocument,
        wire::bulletin_documents::DocumentLine,
        wire::bulletin_documents::Documents,
        wire::bulletin_documents::GrantClient,
        wire::bulletin_documents::Acknowledge,
        wire::bulletin_documents::Acknowledged,
        wire::bulletin_documents::Acknowledgements,
        wire::bulletin_documents::AddComment,
        wire::bulletin_documents::DocumentComment,
        wire::bulletin_documents::DocumentComments,
        wire::bulletin_facets::LabelCount,
        wire::bulletin_facets::KindCount,
        wire::bulletin_facets::SeverityCount,
        wire::bulletin_facets::PublisherCount,
        wire::bulletin_facets::YearCount,
        wire::bulletin_facets::Facets,
        wire::bulletin_exchange::LeftOutOfDraft,
        wire::bulletin_exchange::ImportedDraft,
        wire::bulletin_documents::IncidentClock,
        wire::bulletin_documents::Incident,
        wire::bulletin_documents::Incidents,
        wire::bulletin_documents::ChangeIncident,
        wire::bulletin_documents::HandOver,
        wire::bulletin_check::CheckContent,
        wire::bulletin_check::FindingWeight,
        wire::bulletin_check::CheckFinding,
        wire::bulletin_check::CheckReport,
        wire::bulletin_check::NotFit,
        wire::bulletin_feeds::FeedTokenState,
        wire::bulletin_feeds::FeedToken,
        wire::bulletin_notices::NoticeMode,
        wire::bulletin_notices::NoticeTrouble,
        wire::bulletin_notices::OpenPgpKey,
        wire::bulletin_notices::NoticeSettings,
        wire::bulletin_notices::SetNotices,
        wire::bulletin_notices::Webhook,
        wire::bulletin_notices::Webhooks,
        wire::bulletin_notices::AddWebhook,
        wire::bulletin_notices::NewWebhook,
        wire::bulletin_notices::BulletinAlert,
        wire::bulletin_notices::BulletinAlerts,
        wire::bulletin_notices::DismissAlert,
    );
    write!(
        out,
        "/** Bounds the server enforces; times in milliseconds. */\nexport const limits = {{\n  \
         nameCharsMax: {},\n  titleCharsMax: {},\n  videoSlotsMax: {},\n  audioSlotsMax: {},\n  \
         speakersForwarded: {},\n  tileHeightMax: {},\n  resumeWindowMs: {},\n  pingIntervalMs: {},\n  \
         pingIntervalRestingMs: {},\n  silenceMaxMs: {},\n  linkSecretBytes: {},\n  chatCharsMax: {},\n  passcodeCharsMax: {},\n  labelCharsMax: {},\n  \
         materialBytesMax: {},\n  materialTextBytesMax: {},\n  materialPictureDotsMax: {},\n}} as const;\n\n\
         /** Path of the WebSocket. */\nexport const SIGNALLING_PATH = {:?};\n\n\
         /** Path at which meetings are created. */\nexport const MEETINGS_PATH = {:?};\n\n\
         /** Path at which the organisation's floor can be read. */\nexport const POLICY_PATH = {:?};\n\n\
         /** WebSocket subprotocol. */\nexport const SUBPROTOCOL = {:?};\n\n\
         /** Text before the secret in an invite link's fragment. */\nexport const FRAGMENT_PREFIX = {:?};\n\n\
         /** RTP stream id of each simulcast layer. */\nexport const rids = {{ low: {:?}, medium: {:?}, high: {:?} }} as const;\n",
        limits::NAME_CHARS_MAX,
        limits::TITLE_CHARS_MAX,
        limits::VIDEO_SLOTS_MAX,
        limits::AUDIO_SLOTS_MAX,
        limits::SPEAKERS_FORWARDED,
        limits::TILE_HEIGHT_MAX,
        limits::RESUME_WINDOW.as_millis(),
        limits::PING_INTERVAL.as_millis(),
        limits::PING_INTERVAL_RESTING.as_millis(),
        limits::SILENCE_MAX.as_millis(),
        sabha_protocol::gate::LINK_SECRET_BYTES,
        limits::CHAT_CHARS_MAX,
        limits::PASSCODE_CHARS_MAX,
        limits::LABEL_CHARS_MAX,
        limits::MATERIAL_BYTES_MAX,
        limits::MATERIAL_TEXT_BYTES_MAX,
        limits::MATERIAL_PICTURE_DOTS_MAX,
        sabha_protocol::SIGNALLING_PATH,
        sabha_protocol::MEETINGS_PATH,
        sabha_protocol::POLICY_PATH,
        sabha_protocol::SUBPROTOCOL,
        sabha_protocol::gate::FRAGMENT_PREFIX,
        media::Layer::Low.rid(),
        media::Layer::Medium.rid(),
        media::Layer::High.rid(),
    )
    .expect("a String takes any text");
    out.push_str(&catalogue());
    out
}

/// Returns the catalogue of controls, in the order in which it is shown.
fn catalogue() -> String {
    let mut out = String::from(
        "\n/** A control: a property that holds always, or a setting with levels or a limit, the loosest first. */\n\
         export interface ControlEntry {\n  id: ControlWord;\n  levels: readonly ControlWord[] | null;\n  \
         limit: { unit: string; min: number; max: number } | null;\n  sources: readonly string[];\n}\n\n\
         /** Every control of the policy. */\nexport const controls: readonly ControlEntry[] = [\n",
    );
    for control in Control::ALL {
        let (levels, limit) = match control.scale() {
            Scale::Always => ("null".to_owned(), "null".to_owned()),
            Scale::Levels(names) => (format!("{names:?}"), "null".to_owned()),
            Scale::AtLeast { unit, min, max } | Scale::AtMost { unit, min, max } => {
                ("null".to_owned(), format!("{{ unit: {unit:?}, min: {min}, max: {max} }}"))
            }
        };
        let sources: Vec<String> = control.sources().iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "  {{ id: {:?}, levels: {levels}, limit: {limit}, sources: {sources:?} }},",
            control.id()
        )
        .expect("a String takes any text");
    }
    out.push_str("];\n");
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn generated_files_are_current() {
        super::check().unwrap();
    }
}
