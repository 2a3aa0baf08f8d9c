//! A participant without a screen: joins a meeting, sends media, and counts what it receives.
//!
//! ```text
//!   Link ──► create_meeting (HTTP) ──► Invite, Device, DeviceState (file)
//!                                          │
//!   Participant (one task) ◄───────────────┘
//!     Device       sabha_crypto: everything that makes, holds or checks a key
//!     Signalling   WebSocket, typed frames                Frames     sealed and opened with the device's keys
//!     Peer         str0m as a WebRTC client, sans-IO      Publisher  generated or recorded media
//!     Wire         one UDP socket, or one TCP connection  Sink       what arrived, slot by slot
//! ```
//!
//! Everything of one participant lives in its own task and its own values, so one process can hold
//! hundreds; load generation builds on that. Nothing here decides who may do what: the group's devices do, and
//! the server follows; a refusal is reported with the rule that decided.
//!
//! Not here: decoding of pictures or sound. A frame counts as received when all its packets are there and it
//! could be opened.

pub mod cli;
mod clock;
mod error;
mod frames;
mod http;
mod impair;
mod link;
mod load;
mod media;
mod participant;
mod probe;
mod process;
mod report;
mod scenario;
mod signalling;
mod sink;
mod source;
mod state;
mod tls;
mod transport;

pub use error::ClientError;
pub use frames::{DropReason, Drops, Frames, Origin};
pub use http::{CreatedMeeting, create_meeting};
pub use impair::{ImpairConfig, ImpairReport, Impairer, MappingReport, WayReport};
pub use link::{Invite, Link, MeetingKey, NewMeeting, Server};
pub use load::{
    Elsewhere, ElsewhereConfig, FloodLoad, Gauge, Latency, LoadConfig, LoadReport, Scenario, SentStream,
    ServerLoad, StreamLoad, Totals, load, load_elsewhere,
};
pub use media::{Path, Peer, PeerConfig, PeerEvent, PeerOutput, ReceivedPacket};
pub use participant::{
    Admission, ChatLine, LINGER_MAX, Material, Over, Participant, ParticipantConfig, Person, Phase, Refusal,
    Snapshot, Subscription,
};
pub use probe::{Evidence, Owner, ProbeConfig, ProbeReport, Row, Verdict, probe};
pub use process::{ProcessSample, sample_process};
pub use report::{CrowdReport, JoinTimes, Percentiles, Report, SoakReport};
pub use scenario::{
    CrowdConfig, DoorEvent, DoorRules, JoinTimesConfig, SoakConfig, crowd, join_times, keep_door, soak,
};
pub use signalling::{Signalling, Tap};
pub use sink::{PublicationStats, Sink, StreamFigures};
pub use source::{
    AudioSource, AudioStep, Codec, GeneratedAudio, GeneratedVideo, IvfVideo, MediaFiles, OggAudio,
    Packetizer, Publisher, VideoSource, VideoStep, Vp8Payload, Vp9Packetizer, Vp9Payload,
};
pub use state::DeviceState;
pub use tls::{CertificateRule, Trust};
