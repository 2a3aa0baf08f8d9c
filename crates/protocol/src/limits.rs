//! Every bound on what may arrive or be stored, with its unit and its reason.
//!
//! A flat list on purpose: an administrator or a reviewer reads the whole of it in one go.

use std::time::Duration;

/// Participants in one room. One shard forwards a room of this size on one core (`docs/benchmarks.md`).
pub const ROOM_PARTICIPANTS_MAX: usize = 100;
/// Guests waiting in one lobby. More than a host can look at; a flood stops here.
pub const LOBBY_GUESTS_MAX: usize = 100;
/// Open rooms on one server.
pub const ROOMS_MAX: usize = 1_000;
/// Open WebSockets on one server.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Open WebSockets from one address: a whole school may sit behind one NAT address.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 200;
/// Open WebSockets from one network, /24 of IPv4 or /48 of IPv6: a tenth of the server's.
pub const CONNECTIONS_PER_NETWORK_MAX: usize = 1_000;
/// New WebSockets per second from one address, sustained; the burst is ten times that.
pub const CONNECTIONS_PER_ADDRESS_PER_SECOND: u32 = 20;
/// Requests to the API per second from one address, sustained; ten times as many at once. The network around it: four
/// times that.
pub const REQUESTS_PER_ADDRESS_PER_SECOND: u32 = 100;
/// Meetings that can be made on one server per minute.
pub const MEETINGS_PER_MINUTE: u32 = 60;
/// Meetings that one account may make per minute.
pub const MEETINGS_PER_ACCOUNT_PER_MINUTE: u32 = 20;
/// Guests of one address in one lobby: a class behind one NAT address.
pub const LOBBY_PER_ADDRESS_MAX: usize = 40;
/// Guests of one network in one lobby. Less than the lobby holds, so that no network fills it.
pub const LOBBY_PER_NETWORK_MAX: usize = 60;
/// Knocks of one address at one meeting per minute, sustained; as many at once. The network around it: four times that.
pub const KNOCKS_PER_ADDRESS_PER_MINUTE: u32 = 120;
/// Knocks, and words from the lobby, that reach the hosts of one meeting per second, and as many at once; others wait in
/// line. A host's device needs a millisecond or two for each.
pub const DOOR_PER_SECOND: u32 = 100;
/// Passcodes tried from one address at one meeting per hour that were not right, and as many at once: what a host's device
/// takes from one key. The network around it: twice that, which is half of what a host's device takes in one meeting.
pub const WRONG_PASSCODES_PER_ADDRESS_PER_HOUR: u32 = 5;
/// Wrong credentials of accounts from one address per minute, sustained; as many at once. The network around it: four
/// times that.
pub const WRONG_CREDENTIALS_PER_MINUTE: u32 = 60;

/// One WebSocket message, in bytes. An offer with every slot is about 40 kB; a commit for a room of 100 with its
/// Welcome and GroupInfo, in base64, is about 400 kB.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// One WebSocket message of a connection that has not entered, in bytes: a knock, or a grant.
pub const MESSAGE_BYTES_BEFORE_ENTRY_MAX: usize = 32 * 1024;
/// One HTTP request body, in bytes: a meeting's first GroupInfo and tree, 6 kB with the hybrid suite, in base64.
pub const HTTP_BODY_BYTES_MAX: usize = 32 * 1024;
/// An SDP offer or answer, in bytes.
pub const SDP_BYTES_MAX: usize = 96 * 1024;
/// Messages a connection may send per second, sustained. A person clicking fast makes about five.
pub const MESSAGES_PER_SECOND: u32 = 20;
/// Messages a connection may send at once before the sustained rate binds.
pub const MESSAGES_BURST: u32 = 60;
/// Messages queued towards one connection; a reader slower than this is disconnected.
pub const OUTBOX_MESSAGES_MAX: usize = 512;
/// An opaque member-to-member message, in bytes before base64.
pub const RELAY_BYTES_MAX: usize = 64 * 1024;
/// A commit or proposal, in bytes. With the hybrid suite a commit in a tree of 100 blank nodes is 130 kB.
pub const HANDSHAKE_BYTES_MAX: usize = 256 * 1024;
/// A Welcome, in bytes: 16 joiners of the hybrid suite need 24 kB.
pub const WELCOME_BYTES_MAX: usize = 128 * 1024;
/// A GroupInfo without tree, in bytes: policy, external key and signature.
pub const GROUP_INFO_BYTES_MAX: usize = 128 * 1024;
/// A ratchet tree, in bytes. With the hybrid suite 100 leaves and their parents are 320 kB.
pub const TREE_BYTES_MAX: usize = 512 * 1024;
/// What a knock says, and a grant, in bytes.
pub const KNOCK_BYTES_MAX: usize = 4 * 1024;
/// One message between the lobby and the hosts, in bytes: a KeyPackage of the hybrid suite with its grant is 3.5 kB.
pub const DOOR_BYTES_MAX: usize = 8 * 1024;
/// Messages one guest may send to the hosts while it waits: five tries at a passcode, grant and KeyPackage.
pub const DOOR_MESSAGES_MAX: u32 = 32;
/// A sealed title, in bytes: 120 characters of four bytes, nonce and tag.
pub const SEALED_TITLE_BYTES_MAX: usize = 512;
/// Handshakes kept for members that come back, in bytes and in number; who missed more joins anew by an
/// external commit.
pub const HANDSHAKES_KEPT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// See [`HANDSHAKES_KEPT_BYTES_MAX`].
pub const HANDSHAKES_KEPT_MAX: usize = 256;
/// A host's heartbeat is due this often.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);
/// Silence of the hosts after which members are warned.
pub const HEARTBEAT_LATE: Duration = Duration::from_secs(10);
/// Silence of the hosts after which members stop sending.
pub const HEARTBEAT_LOST: Duration = Duration::from_secs(30);

/// A display name, in Unicode scalar values.
pub const NAME_CHARS_MAX: usize = 64;
/// A chat message, in Unicode scalar values.
pub const CHAT_CHARS_MAX: usize = 4000;
/// A part of restricted material on its way, in bytes. Every part has just so many, so that its length says nothing; with all that
/// goes around it it fits a relayed message.
pub const MATERIAL_PART_BYTES: usize = 32 * 1024;
/// Restricted material, in bytes: 64 parts. A page of a picture that was made anew at 2560 dots is 1 MB.
pub const MATERIAL_BYTES_MAX: usize = 64 * MATERIAL_PART_BYTES;
/// Restricted material that is text or an advisory, in bytes: as much as a document of the bulletin.
pub const MATERIAL_TEXT_BYTES_MAX: usize = DOCUMENT_BYTES_MAX;
/// Width and height of a picture that is restricted material, in dots. Larger ones are made smaller before they are shown.
pub const MATERIAL_PICTURE_DOTS_MAX: u32 = 4096;
/// Members whose restricted material a device holds at once: one shows while another takes theirs away.
pub const MATERIALS_MAX: usize = 4;
/// A passcode, in Unicode scalar values.
pub const PASSCODE_CHARS_MAX: usize = 64;
/// A certificate of a meeting as a file, in bytes: 2048 periods with ten controls each are 3 MB.
pub const CERTIFICATE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Countersignatures of one certificate: as many as there are devices in a room, and once more for those who went.
pub const COUNTERSIGNATURES_MAX: usize = 2 * ROOM_PARTICIPANTS_MAX;
/// A policy profile as a file, in bytes: 64 controls with every text at its longest, in ASCII, are 90 kB.
pub const PROFILE_BYTES_MAX: usize = 256 * 1024;
/// A text in a policy profile, in Unicode scalar values.
pub const PROFILE_TEXT_CHARS_MAX: usize = 400;
/// A meeting title, in Unicode scalar values.
pub const TITLE_CHARS_MAX: usize = 120;
/// A label of a passkey or API key, or the name of an organisation, in Unicode scalar values.
pub const LABEL_CHARS_MAX: usize = 64;
/// An e-mail address, in bytes (RFC 5321 section 4.5.3.1.3).
pub const EMAIL_BYTES_MAX: usize = 254;
/// One value of a passkey on the wire, in bytes: authenticator data with the longest credential id and an RSA key is
/// 1.4 kB.
pub const ACCOUNT_BYTES_MAX: usize = 4 * 1024;
/// A code of the identity provider, in bytes. Those of today are below 1 kB.
pub const AUTHORIZATION_CODE_BYTES_MAX: usize = 2048;
/// Bindings of one user to the identity provider.
pub const IDENTITIES_MAX: usize = 4;
/// Users of one organisation. A list of them is answered whole.
pub const USERS_MAX: usize = 10_000;
/// Passkeys of one user.
pub const PASSKEYS_MAX: usize = 20;
/// Sessions of one user; the one unused for longest makes room.
pub const SESSIONS_MAX: usize = 20;
/// API keys of one user.
pub const API_KEYS_MAX: usize = 20;
/// Invitations open at once.
pub const INVITATIONS_MAX: usize = 1_000;
/// Entries of the audit log in one answer.
pub const AUDIT_PAGE_MAX: usize = 100;
/// Templates of the organisation's policy. More than people choose from.
pub const TEMPLATES_MAX: usize = 32;
/// One plan with its meetings, in bytes of a request: as many meetings as a series has, at most 16 kB each in base64.
pub const PLAN_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Meetings of one series: one a week for a year, and some.
pub const PLAN_OCCURRENCES_MAX: usize = 60;
/// Meetings that one user has planned and that have not ended.
pub const PLANNED_MAX: usize = 240;
/// A planned meeting begins at most this long after it was planned: a year and a month.
pub const PLAN_AHEAD: Duration = Duration::from_secs(396 * 24 * 60 * 60);
/// Shortest and longest planned meeting, in minutes.
pub const PLAN_MINUTES: std::ops::RangeInclusive<u16> = 5..=24 * 60;
/// Longest time before its beginning from which guests may wait in a planned meeting's lobby, in minutes.
pub const PLAN_EARLY_MINUTES_MAX: u16 = 24 * 60;
/// Addresses to which one request has mails sent.
pub const MAILS_AT_ONCE_MAX: usize = 100;
/// Mails that one account can have sent in a day.
pub const MAILS_PER_ACCOUNT_PER_DAY: u32 = 500;
/// Longest name of a time zone, in bytes; the longest of the IANA's has 32.
pub const TIME_ZONE_BYTES_MAX: usize = 48;
/// Member organisations of the bulletin. A list of them is answered whole.
pub const MEMBER_ORGANISATIONS_MAX: usize = 1_000;
/// Sharing groups of the bulletin.
pub const SHARING_GROUPS_MAX: usize = 1_000;
/// Organisations in one sharing group: all there may be.
pub const GROUP_ORGANISATIONS_MAX: usize = MEMBER_ORGANISATIONS_MAX;
/// Sharing groups, organisations or persons, each, that one revision of a document is for.
pub const AUDIENCE_MAX: usize = 64;
/// One revision of a document, in bytes: the largest advisories of vendors as CSAF are some 10 MB, those of authorities are
/// below 100 kB.
pub const DOCUMENT_BYTES_MAX: usize = 512 * 1024;
/// How deep the JSON of a document may be nested; CSAF's own schema goes to 12.
pub const DOCUMENT_DEPTH_MAX: usize = 64;
/// A document's title or tracking id, in Unicode scalar values.
pub const DOCUMENT_TITLE_CHARS_MAX: usize = 240;
/// Revisions of one document.
pub const REVISIONS_MAX: usize = 256;
/// Documents of one member organisation.
pub const DOCUMENTS_PER_ORGANISATION_MAX: usize = 100_000;
/// Documents in one answer.
pub const DOCUMENTS_PAGE_MAX: usize = 50;
/// A comment on a document, in Unicode scalar values.
pub const COMMENT_CHARS_MAX: usize = 4000;
/// Comments on one document.
pub const COMMENTS_MAX: usize = 500;
/// Publishers to whose documents an account bounds what it is told of.
pub const NOTICE_PUBLISHERS_MAX: usize = 64;
/// An OpenPGP public key that somebody gives, in bytes: one with dozens of signatures of others is some 30 kB.
pub const OPENPGP_KEY_BYTES_MAX: usize = 64 * 1024;
/// Webhooks of one member organisation.
pub const WEBHOOKS_MAX: usize = 8;
/// The address of a webhook, in bytes.
pub const WEBHOOK_URL_BYTES_MAX: usize = 500;
/// Documents that a banner names at one time.
pub const ALERTS_MAX: usize = 3;
/// One attachment of a document, in bytes.
pub const ATTACHMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Attachments of one revision.
pub const ATTACHMENTS_MAX: usize = 16;
/// An attachment's name, in Unicode scalar values.
pub const ATTACHMENT_NAME_CHARS_MAX: usize = 120;
/// An incident is reported this long after it was noticed, at the latest (CERT-In directions of 28 April 2022 under section
/// 70B(6) of the IT Act, in force since 27 June 2022).
pub const INCIDENT_REPORT_WITHIN: Duration = Duration::from_secs(6 * 60 * 60);
/// Longest life of an API key, in days.
pub const API_KEY_DAYS_MAX: u16 = 366;
/// An invitation is good for this long.
pub const INVITATION_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The first administrator's link is good for this long; each start of the server makes a new one.
pub const SETUP_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// A session ends after this long without use.
pub const SESSION_IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// A session ends this long after it began, however much it was used.
pub const SESSION_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Time for making or showing a passkey.
pub const CEREMONY_LIFE: Duration = Duration::from_secs(5 * 60);

/// An SDP media identification tag, in bytes (RFC 5888; browsers use one or two digits).
pub const MID_BYTES_MAX: usize = 16;

/// Down-slots for video per connection: 24 tiles of other people and one screen share.
pub const VIDEO_SLOTS_MAX: usize = 25;
/// Down-slots for audio per connection: the top speakers and one screen share with sound.
pub const AUDIO_SLOTS_MAX: usize = 4;
/// Down-slots for audio that a message can announce. A server takes [`AUDIO_SLOTS_MAX`], and more only where it forwards more
/// voices than [`SPEAKERS_FORWARDED`]: everybody else's, beside as many pictures.
pub const AUDIO_SLOTS_ANNOUNCED_MAX: usize = VIDEO_SLOTS_MAX;
/// Loudest speakers forwarded to everyone at once.
pub const SPEAKERS_FORWARDED: usize = 3;
/// Tallest tile a subscriber may ask for, in pixels: a 4K screen.
pub const TILE_HEIGHT_MAX: u16 = 2160;

/// How long a place is kept for a participant whose connection dropped.
pub const RESUME_WINDOW: Duration = Duration::from_secs(60);
/// How long a guest that was denied must wait before knocking again on the same connection's address.
pub const KNOCK_COOLDOWN: Duration = Duration::from_secs(5);
/// Time a connection has to say who it is (`enter`) before it is closed.
pub const ENTER_DEADLINE: Duration = Duration::from_secs(120);
/// The same while more than half of the server's connections are taken.
pub const ENTER_DEADLINE_CROWDED: Duration = Duration::from_secs(10);
/// Who has not entered is refused at the next multiple of this time after it asked: what the server looked up, or did
/// not, takes less and is not seen from outside.
pub const REFUSAL_GRID: Duration = Duration::from_millis(50);
/// A client sends `ping` this often, and gives the server up when two of them went unanswered.
pub const PING_INTERVAL: Duration = Duration::from_secs(2);
/// The same for a client that rests: nobody in its room publishes, and it has said nothing for as long.
pub const PING_INTERVAL_RESTING: Duration = Duration::from_secs(10);
/// Silence after which the server takes a connection for lost.
pub const SILENCE_MAX: Duration = Duration::from_secs(10);
/// The same for one whose last `ping` said that the client rests.
pub const SILENCE_MAX_RESTING: Duration = Duration::from_secs(25);
/// Time a meeting has to be brought above a floor that was raised, once a host is there.
pub const FLOOR_GRACE: Duration = Duration::from_secs(60);
/// A room in which nobody is connected ends itself after this long.
pub const ABANDONED_ROOM: Duration = Duration::from_secs(15 * 60);
/// Shortest time between two key frame requests to one source.
pub const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);
