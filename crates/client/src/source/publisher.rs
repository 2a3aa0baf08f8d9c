//! Says which packet of which source is due when.
//!
//! ```text
//!   sources ──► Publisher ──poll(now)──► Outgoing ──► Peer
//!                  ▲   ▲
//!        set_media │   │ set_wanted, want_key_frame (the server)
//! ```
//! Sources that are off and layers that nobody watches are not read at all, as a browser stops encoding
//! them; when they come back, they start with a key frame. RTP time goes on meanwhile.

use std::time::{Duration, Instant};

use sabha_protocol::{Layer, MediaState, Source};

use super::{AUDIO_TICKS, AudioSource, MediaFiles, Packetizer, VIDEO_TICKS, VideoSource, random::Random};
use crate::error::ClientError;

/// A track that is behind by more than this skips the time instead of sending a burst.
const BEHIND_MAX: Duration = Duration::from_millis(500);

/// A packet to send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing<'a> {
    pub(crate) source: Source,
    /// The simulcast layer; nothing for what has only one.
    pub(crate) layer: Option<Layer>,
    /// RTP time.
    pub(crate) time: u32,
    pub(crate) marker: bool,
    pub(crate) payload: &'a [u8],
}

/// All that one participant sends.
pub struct Publisher {
    tracks: Vec<Track>,
    media: MediaState,
    frame: Vec<u8>,
    payload: Vec<u8>,
}

struct Track {
    source: Source,
    layer: Option<Layer>,
    encoder: Encoder,
    /// Where the track's RTP time starts.
    epoch: Instant,
    first_time: u32,
    due: Instant,
    wanted: bool,
    running: bool,
}

enum Encoder {
    Audio(Box<dyn AudioSource>),
    Video { source: Box<dyn VideoSource>, packetizer: Packetizer, key_wanted: bool },
}

impl Publisher {
    /// Returns a publisher of these sources, all switched off.
    ///
    /// # Errors
    /// [`ClientError::MediaFile`] when one of the files cannot be played.
    pub fn new(sources: &[Source], files: &MediaFiles, seed: u64, now: Instant) -> Result<Self, ClientError> {
        let mut random = Random::new(seed);
        let mut tracks = Vec::new();
        for source in sources {
            let layers: &[Option<Layer>] = match source {
                Source::Camera => &[Some(Layer::Low), Some(Layer::Medium), Some(Layer::High)],
                _ => &[None],
            };
            for layer in layers {
                let seed = random.next();
                let encoder = match source {
                    Source::Microphone | Source::ScreenAudio => Encoder::Audio(files.audio(*source, seed)?),
                    Source::Camera | Source::Screen => Encoder::Video {
                        source: files.video(*source, layer.unwrap_or(Layer::High), seed)?,
                        packetizer: Packetizer::new(random.between(0, 0x8000) as u16),
                        key_wanted: true,
                    },
                };
                let first_time = random.between(0, u32::MAX / 2);
                let (due, epoch) = (now, now);
                tracks.push(Track {
                    source: *source,
                    layer: *layer,
                    encoder,
                    epoch,
                    first_time,
                    due,
                    wanted: true,
                    running: false,
                });
            }
        }
        Ok(Self { tracks, media: MediaState::default(), frame: Vec::new(), payload: Vec::new() })
    }

    /// Says which sources are on.
    pub fn set_media(&mut self, media: MediaState, now: Instant) {
        self.media = media;
        self.update(now);
    }

    /// Says which layers of a picture anybody watches.
    pub fn set_wanted(&mut self, source: Source, layers: &[Layer], now: Instant) {
        for track in self.tracks.iter_mut().filter(|track| track.source == source) {
            track.wanted = layers.contains(&track.layer.unwrap_or(Layer::High));
        }
        self.update(now);
    }

    /// Says that whoever receives this layer cannot go on without a key frame: the next frame will be one.
    pub fn want_key_frame(&mut self, source: Source, layer: Option<Layer>) {
        for track in &mut self.tracks {
            if track.source == source && (layer.is_none() || track.layer == layer) {
                track.encoder.want_key_frame();
            }
        }
    }

    /// Returns when `poll` has something to say; nothing while everything is off.
    pub fn next_due(&self) -> Option<Instant> {
        self.tracks.iter().filter(|track| track.running).map(|track| track.due).min()
    }

    /// Hands out every packet that is due.
    pub(crate) fn poll(&mut self, now: Instant, mut send: impl FnMut(Outgoing<'_>)) {
        for track in self.tracks.iter_mut().filter(|track| track.running) {
            if now.saturating_duration_since(track.due) > BEHIND_MAX {
                track.due = now;
            }
            while track.due <= now {
                track.step(&mut self.frame, &mut self.payload, &mut send);
            }
        }
    }

    fn update(&mut self, now: Instant) {
        for track in &mut self.tracks {
            let running = self.media.has(track.source) && track.wanted;
            if running && !track.running {
                track.due = now;
                track.encoder.want_key_frame();
            }
            track.running = running;
        }
    }
}

impl Encoder {
    fn want_key_frame(&mut self) {
        if let Self::Video { key_wanted, .. } = self {
            *key_wanted = true;
        }
    }
}

impl Track {
    /// Sends one packet of sound or one frame, and moves on to the next.
    fn step(&mut self, frame: &mut Vec<u8>, payload: &mut Vec<u8>, send: &mut impl FnMut(Outgoing<'_>)) {
        let (source, layer) = (self.source, self.layer);
        let since = self.due.saturating_duration_since(self.epoch);
        match &mut self.encoder {
            Encoder::Audio(audio) => {
                payload.clear();
                let step = audio.next_packet(payload);
                let time = self.first_time.wrapping_add(ticks(since, AUDIO_TICKS));
                send(Outgoing { source, layer, time, marker: step.starts_spurt, payload });
                self.due += duration(step.ticks, AUDIO_TICKS);
            }
            Encoder::Video { source: video, packetizer, key_wanted } => {
                frame.clear();
                let step = video.next_frame(*key_wanted, frame);
                *key_wanted &= !step.key;
                let time = self.first_time.wrapping_add(ticks(since, VIDEO_TICKS));
                packetizer.packetize(frame, step.key, step.temporal_layer, payload, |payload, marker| {
                    send(Outgoing { source, layer, time, marker, payload });
                });
                self.due += duration(step.ticks, VIDEO_TICKS);
            }
        }
    }
}

/// Returns `time` in ticks of a clock, rounded, wrapped to 32 bits as RTP time is.
fn ticks(time: Duration, per_second: u32) -> u32 {
    ((time.as_nanos() * u128::from(per_second) + 500_000_000) / 1_000_000_000) as u32
}

/// Returns how long `ticks` last; at least one tick, so that no source can stop time.
fn duration(ticks: u32, per_second: u32) -> Duration {
    Duration::from_nanos(u64::from(ticks.max(1)) * 1_000_000_000 / u64::from(per_second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Vp8Payload;

    const ALL_ON: MediaState =
        MediaState { microphone: true, camera: true, screen: true, screen_audio: true };

    #[derive(Debug, PartialEq, Eq)]
    struct Sent {
        source: Source,
        layer: Option<Layer>,
        time: u32,
        key: bool,
    }

    fn run(publisher: &mut Publisher, from: Instant, time: Duration) -> Vec<Sent> {
        let mut sent = Vec::new();
        let end = from + time;
        while let Some(due) = publisher.next_due().filter(|due| *due < end) {
            publisher.poll(due, |packet| {
                let key = Vp8Payload::parse(packet.payload).is_some_and(|payload| payload.starts_key_frame);
                sent.push(Sent { source: packet.source, layer: packet.layer, time: packet.time, key });
            });
        }
        sent
    }

    fn keys(sent: &[Sent], layer: Layer) -> usize {
        sent.iter()
            .filter(|packet| packet.source == Source::Camera && packet.layer == Some(layer) && packet.key)
            .count()
    }

    #[test]
    fn sources_that_are_off_send_nothing() {
        let now = Instant::now();
        let mut publisher = Publisher::new(&Source::ALL, &MediaFiles::default(), 1, now).unwrap();
        assert_eq!(publisher.next_due(), None);

        publisher.set_media(MediaState { microphone: true, ..MediaState::default() }, now);

        let sent = run(&mut publisher, now, Duration::from_secs(2));
        assert!(!sent.is_empty());
        assert!(sent.iter().all(|packet| packet.source == Source::Microphone));
    }

    #[test]
    fn key_frame_request_is_answered_by_the_next_frame_of_that_layer_only() {
        let now = Instant::now();
        let mut publisher = Publisher::new(&[Source::Camera], &MediaFiles::default(), 1, now).unwrap();
        publisher.set_media(ALL_ON, now);
        let first = run(&mut publisher, now, Duration::from_secs(1));
        assert_eq!(Layer::ALL.map(|layer| keys(&first, layer)), [1, 1, 1]);

        publisher.want_key_frame(Source::Camera, Some(Layer::Medium));

        let then = run(&mut publisher, now, Duration::from_secs(2));
        assert_eq!(Layer::ALL.map(|layer| keys(&then, layer)), [0, 1, 0]);
    }

    #[test]
    fn layer_nobody_watches_stops_and_comes_back_with_a_key_frame_at_the_right_time() {
        let now = Instant::now();
        let mut publisher = Publisher::new(&[Source::Camera], &MediaFiles::default(), 1, now).unwrap();
        publisher.set_media(ALL_ON, now);
        publisher.set_wanted(Source::Camera, &[Layer::High], now);
        let first = run(&mut publisher, now, Duration::from_secs(1));
        assert!(first.iter().all(|packet| packet.layer == Some(Layer::High)));

        publisher.set_wanted(Source::Camera, &[], now);
        assert_eq!(publisher.next_due(), None);
        let later = now + Duration::from_secs(10);
        publisher.set_wanted(Source::Camera, &[Layer::High], later);

        let then = run(&mut publisher, later, Duration::from_millis(10));
        assert!(then[0].key);
        assert_eq!(then[0].time.wrapping_sub(first[0].time), 900_000);
    }

    #[test]
    fn stalled_track_skips_the_time_instead_of_sending_a_burst() {
        let now = Instant::now();
        let mut publisher = Publisher::new(&[Source::Microphone], &MediaFiles::default(), 1, now).unwrap();
        publisher.set_media(ALL_ON, now);
        let mut packets = 0;
        publisher.poll(now + Duration::from_secs(3), |_| packets += 1);
        assert_eq!(packets, 1);
    }
}
