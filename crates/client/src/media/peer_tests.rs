//! The peer connection against another WebRTC endpoint that answers as an SFU does, in virtual time.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{Layer, MediaKind, Source};
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpOffer},
    crypto,
    media::{KeyframeRequestKind, Mid, Rid},
    net::{Protocol, Receive, TcpType},
    rtp::RtpWrite,
};

use super::{Path, Peer, PeerConfig, PeerEvent, PeerOutput, ReceivedPacket};
use crate::{
    frames::{
        Frames,
        tests::{ALL_ON, member},
    },
    source::{MediaFiles, Publisher},
};

/// Steps of the simulation before it is given up.
const STEPS_MAX: usize = 200_000;

/// A client, an answerer, and what each saw.
struct Pair {
    now: Instant,
    peer: Peer,
    peer_due: Instant,
    publisher: Publisher,
    frames: Frames,
    rtc: Rtc,
    rtc_due: Instant,
    protocol: Protocol,
    client: SocketAddr,
    server: SocketAddr,
    offer: String,
    up: BTreeMap<String, Source>,
    down: Vec<(Mid, MediaKind)>,
    connected: bool,
    key_frames_wanted: Vec<(Source, Option<Layer>)>,
    received: Vec<ReceivedPacket>,
    /// Packets at the answerer by section and layer.
    arrived: BTreeMap<(Source, Option<String>), usize>,
}

impl Pair {
    fn new(path: Path) -> Self {
        let now = Instant::now();
        let client: SocketAddr = "10.0.0.1:4000".parse().unwrap();
        let server: SocketAddr = "10.0.0.2:8080".parse().unwrap();
        let config = PeerConfig {
            up: Source::ALL.to_vec(),
            simulcast: true,
            video_slots: 3,
            audio_slots: 2,
            local: client,
            path,
            reports_elsewhere: false,
        };
        let (mut peer, offer) = Peer::offer(&config, now).unwrap();
        let mut rtc = RtcConfig::new()
            .set_crypto_provider(Arc::new(crypto::from_feature_flags()))
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .build(now);
        let candidate = match path {
            Path::Udp => Candidate::host(server, Protocol::Udp),
            Path::Tcp => Candidate::builder().tcp().host(server).tcptype(TcpType::Passive).build(),
        };
        rtc.add_local_candidate(candidate.unwrap());
        let sdp = SdpOffer::from_sdp_string(offer.sdp.as_str()).unwrap();
        let answer = rtc.sdp_api().accept_offer(sdp).unwrap();
        peer.accept(&answer.to_sdp_string().parse().unwrap(), now).unwrap();
        let mut publisher = Publisher::new(&Source::ALL, &MediaFiles::default(), 1, now).unwrap();
        publisher.set_media(ALL_ON, now);
        Self {
            now,
            peer,
            peer_due: now,
            publisher,
            frames: member(0, 1),
            rtc,
            rtc_due: now,
            protocol: path.protocol(),
            // Active TCP candidates have port 9 until the connection is there.
            client: if path == Path::Tcp { SocketAddr::new(client.ip(), 9) } else { client },
            server,
            offer: offer.sdp.as_str().to_owned(),
            up: offer.up.iter().map(|slot| (slot.mid.as_str().to_owned(), slot.source)).collect(),
            down: offer.down.iter().map(|slot| (Mid::from(slot.mid.as_str()), slot.kind)).collect(),
            connected: false,
            key_frames_wanted: Vec::new(),
            received: Vec::new(),
            arrived: BTreeMap::new(),
        }
    }

    /// Runs until `done`, for at most ten seconds of virtual time.
    fn run_until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        let end = self.now + Duration::from_secs(10);
        for _ in 0..STEPS_MAX {
            self.exchange();
            if done(self) {
                return;
            }
            let due =
                self.publisher.next_due().into_iter().chain([self.peer_due, self.rtc_due]).min().unwrap();
            self.now = due.max(self.now + Duration::from_micros(100));
            assert!(self.now < end, "did not happen within ten seconds: {:?}", self.arrived);
            self.peer.handle_timeout(self.now).unwrap();
            let (peer, now) = (&mut self.peer, self.now);
            self.publisher.poll(now, &mut self.frames, |packet| peer.send(now, packet).unwrap());
            self.rtc.handle_input(Input::Timeout(self.now)).unwrap();
        }
        panic!("did not happen within {STEPS_MAX} steps");
    }

    /// Carries packets until neither side has any.
    fn exchange(&mut self) {
        loop {
            let mut quiet = true;
            loop {
                match self.peer.poll_output() {
                    PeerOutput::Timeout(at) => {
                        self.peer_due = at;
                        break;
                    }
                    PeerOutput::Transmit { contents, .. } => {
                        quiet = false;
                        let receive =
                            Receive::new(self.protocol, self.client, self.server, &contents).unwrap();
                        self.rtc.handle_input(Input::Receive(self.now, receive)).unwrap();
                        quiet &= !self.drain_answerer();
                    }
                    PeerOutput::Event(event) => self.handle_event(event),
                }
            }
            quiet &= !self.drain_answerer();
            if quiet {
                return;
            }
        }
    }

    fn drain_answerer(&mut self) -> bool {
        let mut sent = false;
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => {
                    self.rtc_due = at;
                    return sent;
                }
                Output::Transmit(transmit) => {
                    sent = true;
                    self.peer.handle_packet(self.now, 0, self.server, &transmit.contents).unwrap();
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    let mut direct = self.rtc.direct_api();
                    let stream = direct.stream_rx(&packet.header.ssrc).unwrap();
                    let source = self.up[&stream.mid().to_string()];
                    let rid = stream.rid().map(|rid| rid.to_string());
                    *self.arrived.entry((source, rid)).or_default() += 1;
                }
                Output::Event(_) => {}
            }
        }
    }

    fn handle_event(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Connected => self.connected = true,
            PeerEvent::KeyFrameWanted { source, layer } => self.key_frames_wanted.push((source, layer)),
            PeerEvent::Packet(packet) => self.received.push(packet),
            PeerEvent::Lost => panic!("the connection was lost"),
        }
    }
}

#[test]
fn offer_is_like_a_browsers() {
    let pair = Pair::new(Path::Udp);
    for line in ["a=setup:actpass", "a=simulcast:send l;m;h", "a=group:BUNDLE ", "a=rtcp-mux"] {
        assert!(pair.offer.lines().any(|found| found.starts_with(line)), "{line} in {}", pair.offer);
    }
    assert_eq!(pair.offer.matches("a=sendonly").count(), 4);
    assert_eq!(pair.offer.matches("a=recvonly").count(), 5);
    assert!(!pair.offer.contains("a=ice-lite"));
    assert_eq!(pair.up.len(), 4);
    assert_eq!(pair.down.iter().filter(|(_, kind)| *kind == MediaKind::Video).count(), 3);
}

#[test]
fn every_source_and_layer_arrives_at_the_other_side() {
    for path in [Path::Udp, Path::Tcp] {
        let mut pair = Pair::new(path);
        let camera = |rid: &str| (Source::Camera, Some(rid.to_owned()));
        let expected: BTreeSet<_> = [
            camera("l"),
            camera("m"),
            camera("h"),
            (Source::Microphone, None),
            (Source::Screen, None),
            (Source::ScreenAudio, None),
        ]
        .into();

        pair.run_until(|pair| {
            pair.arrived.values().filter(|packets| **packets > 10).count() == expected.len()
        });

        assert!(pair.connected);
        assert_eq!(pair.arrived.keys().cloned().collect::<BTreeSet<_>>(), expected, "{path:?}");
    }
}

#[test]
fn key_frame_request_names_the_source_and_the_layer() {
    let mut pair = Pair::new(Path::Udp);
    pair.run_until(|pair| pair.arrived.len() == 6);

    let mid =
        pair.up.iter().find(|(_, source)| **source == Source::Camera).map(|(mid, _)| mid.clone()).unwrap();
    let mut direct = pair.rtc.direct_api();
    let stream = direct.stream_rx_by_mid(Mid::from(mid.as_str()), Some(Rid::from("m"))).unwrap();
    stream.request_keyframe(KeyframeRequestKind::Pli);

    pair.run_until(|pair| pair.key_frames_wanted.contains(&(Source::Camera, Some(Layer::Medium))));
}

#[test]
fn packets_of_the_server_arrive_in_their_slot() {
    let mut pair = Pair::new(Path::Udp);
    pair.run_until(|pair| pair.connected && !pair.arrived.is_empty());

    let (mid, _) = pair.down[1];
    let payload_type = pair.rtc.media(mid).unwrap().remote_pts()[0];
    let now = pair.now;
    let mut direct = pair.rtc.direct_api();
    let stream = direct.stream_tx_by_mid(mid, None).unwrap();
    stream.write_rtp(RtpWrite::new(payload_type, 77.into(), 900, now, &b"\x10\x00picture"[..]).marker(true));

    pair.run_until(|pair| !pair.received.is_empty());
    let packet = &pair.received[0];
    assert_eq!((packet.slot, packet.sequence, packet.time, packet.marker), (1, 77, 900, true));
    assert_eq!(&packet.payload[..], b"\x10\x00picture");
}

#[test]
fn junk_on_the_socket_changes_nothing() {
    let mut pair = Pair::new(Path::Udp);
    pair.run_until(|pair| pair.connected);
    let stranger: SocketAddr = "10.9.9.9:1".parse().unwrap();

    for length in 0..200 {
        let junk: Vec<u8> = (0..length).map(|index| (index * 37 + length) as u8).collect();
        pair.peer.handle_packet(pair.now, 0, stranger, &junk).unwrap();
        pair.peer.handle_packet(pair.now, 0, pair.server, &junk).unwrap();
    }

    let before = pair.arrived.values().sum::<usize>();
    pair.run_until(|pair| pair.arrived.values().sum::<usize>() > before + 100);
    assert!(pair.received.is_empty());
}

/// Returns an endpoint with full ICE whose descriptions name no candidate, as one that trickles them.
fn trickling(now: Instant) -> Rtc {
    RtcConfig::new().set_crypto_provider(Arc::new(crypto::from_feature_flags())).set_rtp_mode(true).build(now)
}

#[test]
fn offerer_that_is_told_no_candidate_connects_to_whoever_checks_it() {
    let mut pair = Pair::new(Path::Udp);
    let config = PeerConfig {
        up: vec![Source::Camera],
        simulcast: false,
        video_slots: 0,
        audio_slots: 0,
        local: pair.client,
        path: Path::Udp,
        reports_elsewhere: false,
    };
    let (mut peer, offer) = Peer::offer(&config, pair.now).unwrap();
    let mut rtc = trickling(pair.now);
    let offer = SdpOffer::from_sdp_string(offer.sdp.as_str()).unwrap();
    let answer = rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
    assert!(!answer.contains("a=candidate"), "{answer}");
    rtc.add_local_candidate(Candidate::host(pair.server, Protocol::Udp).unwrap());
    peer.accept(&answer.parse().unwrap(), pair.now).unwrap();
    (pair.peer, pair.rtc) = (peer, rtc);

    pair.run_until(|pair| pair.connected && pair.rtc.is_connected());
}

#[test]
fn answerer_that_is_told_no_candidate_connects_to_whoever_checks_it() {
    let mut pair = Pair::new(Path::Udp);
    let mut rtc = trickling(pair.now);
    let mut changes = rtc.sdp_api();
    changes.add_media(str0m::media::MediaKind::Video, str0m::media::Direction::SendOnly, None, None, None);
    let (offer, pending) = changes.apply().unwrap();
    let offer = offer.to_sdp_string();
    assert!(!offer.contains("a=candidate"), "{offer}");
    rtc.add_local_candidate(Candidate::host(pair.server, Protocol::Udp).unwrap());
    let (peer, answer) = Peer::answer(&offer.parse().unwrap(), pair.client, false, pair.now).unwrap();
    let answer = SdpAnswer::from_sdp_string(answer.as_str()).unwrap();
    rtc.sdp_api().accept_answer(pending, answer).unwrap();
    (pair.peer, pair.rtc) = (peer, rtc);

    pair.run_until(|pair| pair.connected && pair.rtc.is_connected());
}
