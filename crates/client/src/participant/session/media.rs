//! The media side of a participant's task: peer connections come, are replaced and break; packets flow.

use std::{io, net::SocketAddr, time::Instant};

use sabha_protocol::{
    MediaGeneration, MediaKind, Sdp, VideoCodec,
    wire::{ClientMessage, client::MediaOffer, server::MediaAnswer},
};

use super::{Link, REPLACE_INTERVAL, Request, Session};
use crate::{
    error::ClientError,
    frames::Frames,
    media::{Peer, PeerConfig, PeerEvent, PeerOutput, Wire},
    participant::{Over, Phase},
    source::Codec,
};

/// A peer connection with its socket.
pub(super) struct Media {
    peer: Peer,
    pub(super) wire: Wire,
    pub(super) due: Instant,
}

/// Addresses remembered of an answer.
const ADDRESSES_MAX: usize = 16;

/// Returns the addresses of an answer's UDP candidates (RFC 8839 section 5.1), each once.
fn udp_candidates(answer: &Sdp) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for line in answer.as_str().lines().filter_map(|line| line.strip_prefix("a=candidate:")) {
        let mut words = line.split_ascii_whitespace().skip(2);
        let protocol = words.next();
        let (address, port) = (words.nth(1), words.next());
        let found = address
            .zip(port)
            .and_then(|(address, port)| Some(SocketAddr::new(address.parse().ok()?, port.parse().ok()?)));
        let is_udp = protocol.is_some_and(|name| name.eq_ignore_ascii_case("udp"));
        if let Some(found) = found.filter(|_| is_udp && addresses.len() < ADDRESSES_MAX)
            && !addresses.contains(&found)
        {
            addresses.push(found);
        }
    }
    addresses
}

impl Session {
    /// Makes a peer connection that waits for its answer, and returns its offer.
    pub(super) async fn offer(&mut self) -> Result<MediaOffer, ClientError> {
        let Link::Up(signalling) = &self.link else {
            return Err(ClientError::Misuse("an offer needs a connection to the server"));
        };
        let ip = signalling.local_ip();
        #[cfg(target_os = "linux")]
        let counted = self.config.reader().map(|reader| Wire::open_counted(ip, reader)).transpose()?;
        #[cfg(not(target_os = "linux"))]
        let counted = None;
        let reports_elsewhere = counted.is_some();
        let (wire, local) = match counted {
            Some(opened) => opened,
            None => Wire::open(ip, self.config.path).await?,
        };
        let config = PeerConfig {
            up: self.config.publish.clone(),
            simulcast: true,
            video_slots: self.config.video_slots,
            audio_slots: self.config.audio_slots,
            local,
            path: self.config.path,
            reports_elsewhere,
        };
        let now = Instant::now();
        let (peer, offer) = Peer::offer(&config, now)?;
        self.next_media = Some(Media { peer, wire, due: now });
        Ok(offer)
    }

    /// Makes the offer of the first or next `join`, if there is none.
    pub(super) async fn prepare_offer(&mut self) -> Result<(), ClientError> {
        if self.prepared.is_none() && matches!(self.link, Link::Up(_)) {
            self.prepared = Some(self.offer().await?);
        }
        Ok(())
    }

    pub(super) async fn replace_media(&mut self, now: Instant) -> Result<(), ClientError> {
        let joined = self.state.borrow().phase == Phase::Joined;
        // While the link is away, coming back replaces the peer connection anyway.
        if !joined || self.next_media.is_some() {
            return Ok(());
        }
        self.replace_due = false;
        self.replace_not_before = now + REPLACE_INTERVAL;
        let offer = self.offer().await?;
        self.request(ClientMessage::Offer { offer }, Request::Offer).await
    }

    pub(super) async fn take_answer(&mut self, answer: &MediaAnswer) -> Result<(), ClientError> {
        let Some(mut media) = self.next_media.take() else {
            return Err(ClientError::ServerMisbehaved("it answered an offer that was not made".to_owned()));
        };
        self.connect(&mut media, &answer.sdp).await?;
        if let Some(capture) = self.config.capture() {
            capture.connection(&media.wire, &answer.sdp);
        }
        self.count_media();
        if let Some(old) = self.media.take() {
            self.earlier_bytes += old.wire.bytes_in;
        }
        self.sink.reset_slots(media.peer.slots());
        for source in self.config.publish.iter().copied().filter(|source| source.kind() == MediaKind::Video) {
            // Until the server says what those who watch know: what it takes itself.
            let best = if media.peer.takes(source, Codec::Vp9) { VideoCodec::Vp9 } else { VideoCodec::Vp8 };
            self.publisher.set_codec(source, best);
        }
        self.media = Some(media);
        self.replace_due = false;
        self.set_generation(answer.generation);
        let addresses = udp_candidates(&answer.sdp);
        self.state.send_modify(|state| state.media_addresses = addresses);
        Ok(())
    }

    async fn connect(&mut self, media: &mut Media, answer: &Sdp) -> Result<(), ClientError> {
        media.wire.connect(answer).await?;
        media.peer.accept(answer, Instant::now())
    }

    fn set_generation(&mut self, generation: MediaGeneration) {
        self.state.send_modify(|state| {
            // Also when the connection before it was lost already.
            state.media_replacements += u32::from(state.generation.is_some());
            state.generation = Some(generation);
            state.media_connected = false;
        });
    }

    pub(super) fn read_wire(&mut self, ready: io::Result<()>) {
        let Some(Media { peer, wire, .. }) = &mut self.media else { return };
        let now = Instant::now();
        let mut failed = None;
        let read = ready.and_then(|()| {
            wire.receive(|arrived_ns, source, packet| {
                if let Err(error) = peer.handle_packet(now, arrived_ns, source, packet) {
                    failed.get_or_insert(error);
                }
            })
        });
        if let Err(error) = read {
            tracing::info!(%error, "the media socket broke");
            self.lose_media();
        } else if let Some(error) = failed {
            tracing::info!(%error, "the media connection broke");
            self.lose_media();
        }
    }

    pub(super) fn send_due_media(&mut self, now: Instant) {
        let Some(Media { peer, due, .. }) = &mut self.media else {
            // Nothing to send on, and no keys to waste, but time goes on.
            self.publisher.poll(now, &mut Frames::default(), |_| {});
            return;
        };
        let mut result = if now >= *due { peer.handle_timeout(now) } else { Ok(()) };
        self.publisher.poll(now, &mut self.frames, |packet| {
            if result.is_ok() {
                if let Some(meter) = &mut self.sent {
                    meter.packet(packet);
                }
                result = peer.send(now, packet);
            }
        });
        if let Err(error) = result {
            tracing::info!(%error, "the media connection broke");
            self.lose_media();
        }
    }

    /// Sends what the peer connection wants sent and takes note of what it says.
    pub(super) fn pump_media(&mut self) {
        let Some(Media { peer, wire, due }) = &mut self.media else { return };
        let mut lost = false;
        loop {
            match peer.poll_output() {
                PeerOutput::Transmit { destination, contents } => {
                    if let Some(capture) = self.config.capture() {
                        capture.packet(wire, destination, &contents);
                    }
                    wire.send(destination, &contents);
                }
                PeerOutput::Timeout(at) => {
                    *due = at;
                    break;
                }
                PeerOutput::Event(PeerEvent::Packet(packet)) => {
                    wire.known(&packet);
                    // In the order in which they came.
                    wire.take_counted(&mut self.counted);
                    self.counted.iter().for_each(|packet| self.sink.count(packet));
                    self.sink.receive(&packet, &mut self.frames);
                }
                PeerOutput::Event(PeerEvent::KeyFrameWanted { source, layer }) => {
                    self.publisher.want_key_frame(source, layer);
                }
                PeerOutput::Event(PeerEvent::Connected) => {
                    wire.connected(peer);
                    if self.config.gauge.as_ref().is_some_and(|gauge| gauge.is_silent) {
                        wire.stay_silent(peer);
                    }
                    let connected_ms = self.start.elapsed().as_millis() as u64;
                    // Receivers of a fresh connection have no picture to go on from.
                    for source in &self.config.publish {
                        self.publisher.want_key_frame(*source, None);
                    }
                    self.state.send_modify(|state| {
                        state.media_connected = true;
                        state.media_connected_ms.get_or_insert(connected_ms);
                    });
                }
                PeerOutput::Event(PeerEvent::Lost) => lost = true,
            }
        }
        if lost {
            self.lose_media();
        }
    }

    fn lose_media(&mut self) {
        if !self.config.lingers.is_zero() {
            // Who wants to hear what it must not keeps its socket and waits.
            return;
        }
        self.count_media();
        if let Some(old) = self.media.take() {
            self.earlier_bytes += old.wire.bytes_in;
        }
        self.replace_due = true;
        self.state.send_modify(|state| state.media_connected = false);
    }

    pub(super) fn ask_for_key_frames(&mut self, now: Instant) {
        let Some(Media { peer, wire, .. }) = &mut self.media else { return };
        for slot in self.sink.key_frames_to_ask(now) {
            if !wire.request_key_frame(slot) && peer.request_key_frame(slot).is_err() {
                return;
            }
        }
    }

    /// Takes what was only counted since.
    pub(super) fn count_media(&mut self) {
        let Some(Media { wire, .. }) = &mut self.media else { return };
        wire.take_counted(&mut self.counted);
        self.counted.iter().for_each(|packet| self.sink.count(packet));
    }

    /// Copies the figures of what was received into the snapshot.
    pub(super) fn copy_figures(&mut self) {
        self.count_media();
        let (packets, _) = self.sink.totals();
        let bytes = self.earlier_bytes + self.media.as_ref().map_or(0, |media| media.wire.bytes_in);
        let (decrypted, dropped) = self.sink.frames();
        let (sink, state) = (&self.sink, &self.state);
        state.send_if_modified(|state| {
            let changed = state.media_packets != packets || state.media_socket_bytes != bytes;
            state.media_packets = packets;
            state.media_socket_bytes = bytes;
            state.decrypted = decrypted;
            state.dropped = dropped;
            if state.publications != sink.publications() {
                state.publications.clear();
                state.publications.extend_from_slice(sink.publications());
                return true;
            }
            changed
        });
    }

    /// Tells the other side of the media connection, if this participant did not go without a word.
    pub(super) fn say_goodbye(&mut self) {
        if self.state.borrow().over == Some(Over::Vanished) {
            return;
        }
        if let Some(media) = &mut self.media {
            media.peer.close();
        }
        self.pump_media();
    }
}

/// Waits until there is something to do on the socket; for ever, if there is none.
pub(super) async fn ready(wire: Option<&Wire>) -> io::Result<()> {
    match wire {
        Some(wire) => wire.ready().await,
        None => std::future::pending().await,
    }
}
