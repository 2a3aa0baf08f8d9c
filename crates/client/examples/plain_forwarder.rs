//! The plainest forwarder that str0m allows, to compare with: one thread, one socket, one sender, and everything that
//! comes from it is written to every viewer.
//!
//! It takes offers as `sabha-client load-elsewhere plain` hands them over: a line `{"offer": SDP, "publishes": BOOL}`
//! over TCP, answered by `{"answer": SDP}`. It prints its TCP address as the first line of its output.
//!
//! What it shares with the media plane of Sabha: the media stack, ICE lite, a hash table from source address to connection,
//! a socket that is read until it is empty. What it leaves out is what is measured: layers, slots, speakers, and the
//! bandwidth estimate with its pacing, by which a forwarder that cannot choose a layer would only fall behind.

#![expect(clippy::unwrap_used, reason = "an example for a bench: whatever goes wrong ends it")]

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, ErrorKind, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::SdpOffer,
    crypto,
    media::{KeyframeRequestKind, MediaKind, Mid},
    net::{Protocol, Receive},
    rtp::{RtpPacket, RtpWrite, Ssrc},
};

/// A connection to a sender or a viewer.
struct Connection {
    rtc: Rtc,
    due: Instant,
    /// Where a viewer's sound and pictures go.
    down: HashMap<MediaKind, Ssrc>,
}

struct Forwarder {
    socket: UdpSocket,
    local: SocketAddr,
    connections: Vec<Connection>,
    by_address: HashMap<SocketAddr, usize>,
    /// The sender's pictures.
    picture: Option<Mid>,
    sender: Option<usize>,
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr().unwrap()).unwrap();
    out.flush().unwrap();
    let (offers, inbox) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            offers.send(stream.unwrap()).unwrap();
        }
    });

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let local = socket.local_addr().unwrap();
    let (connections, by_address) = (Vec::new(), HashMap::new());
    let mut forwarder = Forwarder { socket, local, connections, by_address, picture: None, sender: None };
    let mut buffer = vec![0; 2_048];
    loop {
        while let Ok(stream) = inbox.try_recv() {
            forwarder.take_offer(stream);
        }
        forwarder.read(&mut buffer);
        let now = Instant::now();
        for index in 0..forwarder.connections.len() {
            if forwarder.connections[index].due <= now {
                forwarder.input(index, Input::Timeout(now));
            }
        }
    }
}

impl Forwarder {
    fn take_offer(&mut self, mut stream: TcpStream) {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        let question: Value = serde_json::from_str(&line).unwrap();
        let offer = SdpOffer::from_sdp_string(question["offer"].as_str().unwrap()).unwrap();
        let now = Instant::now();
        let mut rtc = RtcConfig::new()
            .set_crypto_provider(Arc::new(crypto::from_feature_flags()))
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_send_buffer_video(512)
            .build(now);
        rtc.add_local_candidate(Candidate::host(self.local, Protocol::Udp).unwrap());
        let mids: Vec<Mid> = line_values(question["offer"].as_str().unwrap(), "a=mid:");
        let answer = rtc.sdp_api().accept_offer(offer).unwrap();
        let mut down = HashMap::new();
        for mid in mids {
            let kind = rtc.media(mid).unwrap().kind();
            if question["publishes"] == true {
                if kind == MediaKind::Video {
                    self.picture = Some(mid);
                }
            } else {
                down.insert(kind, rtc.direct_api().stream_tx_by_mid(mid, None).unwrap().ssrc());
            }
        }
        if question["publishes"] == true {
            self.sender = Some(self.connections.len());
        }
        self.connections.push(Connection { rtc, due: now, down });
        self.drain(self.connections.len() - 1, &mut Vec::new());
        writeln!(stream, "{}", json!({ "answer": answer.to_sdp_string() })).unwrap();
    }

    /// Waits for packets until something is due, and reads all that are there.
    fn read(&mut self, buffer: &mut [u8]) {
        let now = Instant::now();
        let due = self.connections.iter().map(|connection| connection.due).min();
        let wait = due.map_or(Duration::from_millis(10), |due| due.saturating_duration_since(now));
        // New offers are looked for now and then; zero would be for ever.
        let wait = wait.clamp(Duration::from_millis(1), Duration::from_millis(10));
        self.socket.set_nonblocking(false).unwrap();
        self.socket.set_read_timeout(Some(wait)).unwrap();
        let mut next = self.socket.recv_from(buffer);
        self.socket.set_nonblocking(true).unwrap();
        loop {
            match next {
                Ok((length, source)) => self.packet(source, &buffer[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return,
                Err(error) => panic!("{error}"),
            }
            next = self.socket.recv_from(buffer);
        }
    }

    fn packet(&mut self, source: SocketAddr, packet: &[u8]) {
        let now = Instant::now();
        let Ok(receive) = Receive::new(Protocol::Udp, source, self.local, packet) else { return };
        let input = Input::Receive(now, receive);
        let known = self.by_address.get(&source).copied();
        let Some(index) = known.or_else(|| self.connections.iter().position(|one| one.rtc.accepts(&input)))
        else {
            return;
        };
        self.by_address.insert(source, index);
        self.input(index, input);
    }

    fn input(&mut self, index: usize, input: Input<'_>) {
        self.connections[index].rtc.handle_input(input).unwrap();
        let mut packets = Vec::new();
        if self.drain(index, &mut packets) {
            self.want_key_frame();
        }
        for (kind, packet) in packets {
            self.forward(kind, &packet);
        }
    }

    /// Sends what a connection has to send, and hands out the media that came. Returns whether it wants a key frame.
    fn drain(&mut self, index: usize, packets: &mut Vec<(MediaKind, RtpPacket)>) -> bool {
        let mut key_frame_wanted = false;
        let Connection { rtc, due, .. } = &mut self.connections[index];
        loop {
            match rtc.poll_output().unwrap() {
                Output::Timeout(at) => {
                    *due = at;
                    return key_frame_wanted;
                }
                Output::Transmit(transmit) => {
                    // What finds no room is lost, as in a network.
                    drop(self.socket.send_to(&transmit.contents, transmit.destination));
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    let mid = rtc.direct_api().stream_rx(&packet.header.ssrc).map(|stream| stream.mid());
                    let kind = mid.and_then(|mid| rtc.media(mid)).map(|media| media.kind());
                    packets.extend(kind.map(|kind| (kind, packet)));
                }
                Output::Event(Event::KeyframeRequest(_)) => key_frame_wanted = true,
                Output::Event(_) => {}
            }
        }
    }

    fn forward(&mut self, kind: MediaKind, packet: &RtpPacket) {
        let now = Instant::now();
        for index in 0..self.connections.len() {
            let connection = &mut self.connections[index];
            let Some(ssrc) = connection.down.get(&kind) else { continue };
            if !connection.rtc.is_connected() {
                continue;
            }
            let mut api = connection.rtc.direct_api();
            let Some(stream) = api.stream_tx(ssrc) else { continue };
            let (pt, time) = (packet.header.payload_type, packet.header.timestamp);
            let write = RtpWrite::new(pt, packet.seq_no, time, now, packet.payload.clone())
                .marker(packet.header.marker)
                .nackable(kind == MediaKind::Video);
            stream.write_rtp(write);
            self.drain(index, &mut Vec::new());
        }
    }

    fn want_key_frame(&mut self) {
        let (Some(index), Some(mid)) = (self.sender, self.picture) else { return };
        if let Some(stream) = self.connections[index].rtc.direct_api().stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
        self.drain(index, &mut Vec::new());
    }
}

/// Returns what stands after `prefix` in each line that begins so.
fn line_values<'a, T: From<&'a str>>(text: &'a str, prefix: &str) -> Vec<T> {
    text.lines().filter_map(|line| line.strip_prefix(prefix)).map(|value| T::from(value.trim_end())).collect()
}
