//! Says which packet of which source is due when.
//!
//! ```text
//!   sources ──► Publisher ──poll(now)──► sealed ──► Outgoing ──► Peer
//!                  ▲   ▲
//!        set_media │   │ set_wanted, want_key_frame (the server)
//! ```
//! What cannot be sealed is not sent; a picture then goes on with a key frame. Sources that are off and layers that nobody watches are not read at all, as a browser stops encoding
//! them; when they come back, they start with a key frame. RTP time goes on meanwhile.

use std::time::{Duration, Instant};

use sabha_protocol::{Layer, MediaState, Source, VideoCodec};

use super::{
    AUDIO_TICKS, AudioSource, Codec, MediaFiles, Packetizer, VIDEO_TICKS, VideoSource, Vp9Packetizer,
    random::Random,
};
use crate::{error::ClientError, frames::Frames};

/// A track that is behind by more than this skips the time instead of sending a burst.
const BEHIND_MAX: Duration = Duration::from_millis(500);

/// A packet to send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing<'a> {
    pub(crate) source: Source,
    /// The simulcast layer; nothing for what has only one.
    pub(crate) layer: Option<Layer>,
    pub(crate) codec: Codec,
    /// RTP time.
    pub(crate) time: u32,
    pub(crate) marker: bool,
    pub(crate) payload: &'a [u8],
}

/// All that one participant sends.
pub struct Publisher {
    tracks: Vec<Track>,
    media: MediaState,
    buffers: Buffers,
}

/// Used again for each frame.
#[derive(Default)]
struct Buffers {
    frame: Vec<u8>,
    sealed: Vec<u8>,
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
    Video { source: Box<dyn VideoSource>, cut: Cut, best: VideoCodec, key_wanted: bool },
}

/// Cuts frames into packets, for each codec that there is. Each numbers its own pictures: they are streams of their own.
struct Cut {
    codec: VideoCodec,
    vp8: Packetizer,
    vp9: Vp9Packetizer,
}

/// A shared screen, in pixels.
const SCREEN_SIZE: (u16, u16) = (1920, 1080);

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
                    Source::Camera | Source::Screen => {
                        let (best, first) = (files.best_codec(*source), random.between(0, 0x8000) as u16);
                        // A screen has one temporal layer, and so its packets name none.
                        let vp9 = Vp9Packetizer::new(first, SCREEN_SIZE, false);
                        Encoder::Video {
                            source: files.video(*source, layer.unwrap_or(Layer::High), seed)?,
                            cut: Cut { codec: best, vp8: Packetizer::new(first), vp9 },
                            best,
                            key_wanted: true,
                        }
                    }
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
        Ok(Self { tracks, media: MediaState::default(), buffers: Buffers::default() })
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

    /// Says which codec everybody who watches can decode. A picture that is sent in none better goes on as it is; one whose codec
    /// changes goes on with a key frame.
    pub fn set_codec(&mut self, source: Source, wanted: VideoCodec) {
        for track in self.tracks.iter_mut().filter(|track| track.source == source) {
            if let Encoder::Video { cut, best, key_wanted, .. } = &mut track.encoder {
                let codec = wanted.min(*best);
                *key_wanted |= codec != cut.codec;
                cut.codec = codec;
            }
        }
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

    /// Hands out every packet that is due, of frames that `frames` has sealed.
    pub(crate) fn poll(&mut self, now: Instant, frames: &mut Frames, mut send: impl FnMut(Outgoing<'_>)) {
        for track in self.tracks.iter_mut().filter(|track| track.running) {
            if now.saturating_duration_since(track.due) > BEHIND_MAX {
                track.due = now;
            }
            while track.due <= now {
                track.step(&mut self.buffers, frames, &mut send);
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
    fn step(&mut self, buffers: &mut Buffers, frames: &mut Frames, send: &mut impl FnMut(Outgoing<'_>)) {
        let (source, layer) = (self.source, self.layer);
        let since = self.due.saturating_duration_since(self.epoch);
        let Buffers { frame, sealed, payload } = buffers;
        frame.clear();
        match &mut self.encoder {
            Encoder::Audio(audio) => {
                let step = audio.next_packet(frame);
                let time = self.first_time.wrapping_add(ticks(since, AUDIO_TICKS));
                let codec = Codec::Opus;
                if frames.seal(source, codec, frame, sealed) {
                    send(Outgoing { source, layer, codec, time, marker: step.starts_spurt, payload: sealed });
                }
                self.due += duration(step.ticks, AUDIO_TICKS);
            }
            Encoder::Video { source: video, cut, key_wanted, .. } => {
                let step = video.next_frame(*key_wanted, frame);
                let time = self.first_time.wrapping_add(ticks(since, VIDEO_TICKS));
                let codec = Codec::of(source, cut.codec);
                if frames.seal(source, codec, frame, sealed) {
                    *key_wanted &= !step.key;
                    let emit = |payload: &[u8], marker| {
                        send(Outgoing { source, layer, codec, time, marker, payload });
                    };
                    let (key, temporal_layer) = (step.key, step.temporal_layer);
                    match cut.codec {
                        VideoCodec::Vp8 => cut.vp8.packetize(sealed, key, temporal_layer, payload, emit),
                        VideoCodec::Vp9 => cut.vp9.packetize(sealed, key, temporal_layer, payload, emit),
                    }
                } else {
                    // Receivers have nothing to go on from.
                    *key_wanted = true;
                }
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
    use crate::{
        frames::tests::{ALL_ON, member},
        source::{Vp8Payload, Vp9Payload},
    };

    #[derive(Debug, PartialEq, Eq)]
    struct Sent {
        source: Source,
        layer: Option<Layer>,
        time: u32,
        key: bool,
    }

    fn run(publisher: &mut Publisher, from: Instant, time: Duration) -> Vec<Sent> {
        run_with(publisher, &mut member(0, 1), from, time)
    }

    fn run_with(publisher: &mut Publisher, frames: &mut Frames, from: Instant, time: Duration) -> Vec<Sent> {
        let mut sent = Vec::new();
        let end = from + time;
        while let Some(due) = publisher.next_due().filter(|due| *due < end) {
            publisher.poll(due, frames, |packet| {
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
        publisher.poll(now + Duration::from_secs(3), &mut member(0, 1), |_| packets += 1);
        assert_eq!(packets, 1);
    }

    #[test]
    fn nothing_is_sent_without_a_key_and_then_a_key_frame_comes_first() {
        let now = Instant::now();
        let mut publisher =
            Publisher::new(&[Source::Camera, Source::Microphone], &MediaFiles::default(), 1, now).unwrap();
        publisher.set_media(ALL_ON, now);
        let second = Duration::from_secs(1);
        assert_eq!(run_with(&mut publisher, &mut Frames::default(), now, second), []);

        let sent = run(&mut publisher, now + second, second);

        for layer in Layer::ALL {
            let first = sent.iter().find(|packet| packet.layer == Some(layer)).unwrap();
            assert!(first.key, "{layer:?}");
        }
        assert!(sent.iter().any(|packet| packet.source == Source::Microphone));
    }

    #[test]
    fn screen_of_a_load_is_vp9_until_somebody_watches_who_does_not_know_it() {
        let now = Instant::now();
        let files = MediaFiles { traced: true, ..MediaFiles::default() };
        let mut publisher = Publisher::new(&[Source::Screen, Source::Camera], &files, 1, now).unwrap();
        publisher.set_media(ALL_ON, now);
        let mut frames = member(0, 1);
        let mut second = |publisher: &mut Publisher, number: u64| {
            let (mut sent, end) = (Vec::new(), now + Duration::from_secs(number));
            while let Some(due) = publisher.next_due().filter(|due| *due < end) {
                publisher.poll(due, &mut frames, |packet| {
                    let vp9 =
                        Vp9Payload::parse(packet.payload).is_some_and(|payload| payload.starts_key_frame);
                    let vp8 =
                        Vp8Payload::parse(packet.payload).is_some_and(|payload| payload.starts_key_frame);
                    let key = if packet.codec == Codec::Vp9 { vp9 } else { vp8 };
                    sent.push((packet.source, packet.codec, key));
                });
            }
            let of = |source| sent.iter().copied().filter(move |packet| packet.0 == source);
            assert!(of(Source::Camera).all(|packet| packet.1 == Codec::Vp8));
            let screen: Vec<_> = of(Source::Screen).map(|(_, codec, key)| (codec, key)).collect();
            assert!(screen.iter().all(|packet| packet.0 == screen[0].0));
            (screen[0], screen.iter().filter(|packet| packet.1).count())
        };

        assert_eq!(second(&mut publisher, 1), ((Codec::Vp9, true), 1));
        publisher.set_codec(Source::Screen, VideoCodec::Vp9);
        publisher.set_codec(Source::Camera, VideoCodec::Vp9);
        assert_eq!(second(&mut publisher, 2), ((Codec::Vp9, false), 0), "nothing changed");
        publisher.set_codec(Source::Screen, VideoCodec::Vp8);
        assert_eq!(second(&mut publisher, 3), ((Codec::Vp8, true), 1));
        publisher.set_codec(Source::Screen, VideoCodec::Vp9);
        assert_eq!(second(&mut publisher, 4), ((Codec::Vp9, true), 1));
    }
}
