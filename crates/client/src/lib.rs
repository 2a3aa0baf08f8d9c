//! A participant without a screen: joins a meeting, sends media, and counts what it receives.
//!
//! ```text
//!   Link ──► create_meeting (HTTP) ──► Invite, HostToken
//!                                          │
//!   Participant (one task) ◄───────────────┘
//!     Signalling   WebSocket, typed frames
//!     Peer         str0m as a WebRTC client, sans-IO      Publisher  generated or recorded media
//!     Wire         one UDP socket, or one TCP connection  Sink       what arrived, slot by slot
//! ```
//!
//! Everything of one participant lives in its own task and its own values, so one process can hold
//! hundreds; load generation builds on that. Nothing here decides who may do what: the server does, and a
//! refusal is reported with the rule that decided.
//!
//! Not here: decoding of pictures or sound. A frame counts as received when all its packets are.

pub mod cli;
mod error;
mod http;
mod link;
mod media;
mod participant;
mod process;
mod report;
mod scenario;
mod signalling;
mod sink;
mod source;

pub use error::ClientError;
pub use http::{CreatedMeeting, create_meeting};
pub use link::{Invite, Link, NewMeeting, Server};
pub use media::{Path, Peer, PeerConfig, PeerEvent, PeerOutput, ReceivedPacket};
pub use participant::{
    Admission, Entry, Over, Participant, ParticipantConfig, Phase, Refusal, Snapshot, Subscription,
};
pub use process::{ProcessSample, sample_process};
pub use report::{JoinTimes, Percentiles, Report, SoakReport};
pub use scenario::{JoinTimesConfig, SoakConfig, join_times, soak};
pub use signalling::Signalling;
pub use sink::{PublicationStats, Sink, StreamFigures};
pub use source::{
    AudioSource, AudioStep, GeneratedAudio, GeneratedVideo, IvfVideo, MediaFiles, OggAudio, Packetizer,
    Publisher, VideoSource, VideoStep, Vp8Payload,
};
