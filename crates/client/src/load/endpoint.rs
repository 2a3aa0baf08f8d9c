//! A sender or a viewer at a server that is not ours: a media connection without signalling of its own.
//!
//! It sends and receives what a participant of a meeting does, through the same media stack, sealed the same way, so that
//! packets are of the same sizes; only whoever hands over offers and answers differs. The key is no secret: there is no
//! group in which one could be agreed on, and nothing to keep from anybody.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{
    DeviceKey, GroupEpoch, Layer, MediaState, Mid, ParticipantId, Sdp, Source,
    device::{BaseKey, MediaKeyChange, MediaLeaf},
    wire::server::{Occupant, SlotAssignment},
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{sleep_until, timeout},
};

use super::{Gauge, Measured, Meter, SendMeter, SentStream};
use crate::{
    error::ClientError,
    frames::Frames,
    media::{CountedPacket, Path, Peer, PeerConfig, PeerEvent, PeerOutput, Wire},
    sink::Sink,
    source::{MediaFiles, Outgoing, Publisher},
};

/// What a sender sends.
const SENT: [Source; 2] = [Source::Microphone, Source::Camera];

/// Senders at once: each has a device whose key is its number.
const SENDERS_MAX: usize = 100;

/// Between two looks at whether a picture waits for a key frame.
const TICK: Duration = Duration::from_millis(500);

/// A media connection and all that is needed to keep it going.
pub(super) struct Endpoint {
    peer: Peer,
    wire: Wire,
    due: Instant,
    publisher: Option<Publisher>,
    frames: Frames,
    sink: Sink,
    sent: SendMeter,
    counted: Vec<CountedPacket>,
}

/// Who an endpoint is among all of a load: senders have the first numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) number: usize,
    /// How many send.
    pub(super) senders: usize,
}

/// An endpoint at work.
pub(super) struct Running {
    connected: watch::Receiver<bool>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Outcome>,
}

/// What an endpoint has to tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) sent: Vec<SentStream>,
    pub(super) measured: Vec<Measured>,
    /// Whether the connection was lost before its end.
    pub(super) lost: bool,
}

impl Endpoint {
    /// Makes a sender, and the offer to hand to the server. It sends this layer of the camera and no other, as a participant
    /// does whom everybody watches at that size.
    pub(super) async fn sender(
        ip: IpAddr,
        place: Place,
        (layer, seed): (Layer, u64),
        gauge: &Arc<Gauge>,
    ) -> Result<(Self, Sdp), ClientError> {
        let (wire, local) = Wire::open(ip, Path::Udp).await?;
        let now = Instant::now();
        let (peer, offer) = Peer::offer(&peer_config(&SENT, 0, local, false), now)?;
        let files = MediaFiles { traced: true, ..MediaFiles::default() };
        let mut publisher = Publisher::new(&SENT, &files, seed, now)?;
        publisher.set_wanted(Source::Camera, &[layer], now);
        let mut endpoint = Self::new(peer, wire, now, place, gauge, false);
        endpoint.publisher = Some(publisher);
        Ok((endpoint, offer.sdp))
    }

    /// Makes a viewer that offers, for a server that answers. It watches the only sender.
    pub(super) async fn viewer(
        ip: IpAddr,
        place: Place,
        gauge: &Arc<Gauge>,
    ) -> Result<(Self, Sdp), ClientError> {
        let (wire, local, counts) = open(ip, place, gauge).await?;
        let now = Instant::now();
        let (peer, offer) = Peer::offer(&peer_config(&[], 1, local, counts), now)?;
        let mut viewer = Self::new(peer, wire, now, place, gauge, counts);
        viewer.watch(|_| Some(0));
        Ok((viewer, offer.sdp))
    }

    /// Makes a viewer of what a server offers, and the answer to hand to it. `sender` tells by the tag of a media section
    /// whose it is.
    pub(super) async fn viewer_of(
        offer: &Sdp,
        sender: impl Fn(&str) -> Option<usize>,
        ip: IpAddr,
        place: Place,
        gauge: &Arc<Gauge>,
    ) -> Result<(Self, Sdp), ClientError> {
        let (wire, local, counts) = open(ip, place, gauge).await?;
        let now = Instant::now();
        let (peer, answer) = Peer::answer(offer, local, counts, now)?;
        let mut viewer = Self::new(peer, wire, now, place, gauge, counts);
        viewer.watch(sender);
        Ok((viewer, answer))
    }

    fn new(
        peer: Peer,
        wire: Wire,
        now: Instant,
        place: Place,
        gauge: &Arc<Gauge>,
        only_counts: bool,
    ) -> Self {
        let meter = Meter::new(gauge.clone(), place.number);
        let mut sink = Sink::new(now).measured_by(Some(meter)).counting_only(only_counts);
        sink.set_devices((0..place.senders).map(device));
        let (frames, sent) = (keyed(place), SendMeter::new(gauge.clone()));
        Self { peer, wire, due: now, publisher: None, frames, sink, sent, counted: Vec::new() }
    }

    /// Says whose sound or picture each slot carries, by the tag of its media section.
    fn watch(&mut self, sender: impl Fn(&str) -> Option<usize>) {
        self.sink.reset_slots(self.peer.slots());
        let occupants = self.peer.slots().filter_map(|(mid, kind)| {
            let source = SENT.into_iter().find(|source| source.kind() == kind)?;
            let occupant = Occupant { participant: device(sender(&mid)?).0, source };
            Some(SlotAssignment { mid: Mid::try_from(mid).ok()?, occupant: Some(occupant) })
        });
        self.sink.assign(&occupants.collect::<Vec<_>>());
    }

    /// Takes the server's answer to the offer.
    pub(super) fn accept(&mut self, answer: &Sdp) -> Result<(), ClientError> {
        self.peer.accept(answer, Instant::now())
    }

    /// Starts to connect, and goes on until it is stopped.
    pub(super) fn start(self) -> Running {
        let (publisher, connected) = watch::channel(false);
        let (stop, stopped) = oneshot::channel();
        Running { connected, stop, task: tokio::spawn(self.run(publisher, stopped)) }
    }

    async fn run(mut self, connected: watch::Sender<bool>, mut stop: oneshot::Receiver<()>) -> Outcome {
        let mut next_tick = Instant::now() + TICK;
        let mut lost = false;
        while !lost {
            lost = self.pump(&connected);
            let publisher_due = self.publisher.as_ref().and_then(Publisher::next_due);
            let deadline = publisher_due.into_iter().fold(self.due.min(next_tick), Instant::min);
            tokio::select! {
                biased;
                _ = &mut stop => break,
                ready = self.wire.ready() => lost |= ready.is_err() || self.read().is_err(),
                () = sleep_until(deadline.into()) => {}
            }
            let now = Instant::now();
            lost |= self.send_due(now).is_err();
            if now >= next_tick {
                next_tick = now + TICK;
                self.count();
                for slot in self.sink.key_frames_to_ask(now) {
                    lost |= !self.wire.request_key_frame(slot) && self.peer.request_key_frame(slot).is_err();
                }
            }
        }
        self.count();
        Outcome { sent: self.sent.streams().to_vec(), measured: self.sink.measured(), lost }
    }

    /// Takes what was counted since.
    fn count(&mut self) {
        self.wire.take_counted(&mut self.counted);
        self.counted.iter().for_each(|packet| self.sink.count(packet));
    }

    fn read(&mut self) -> Result<(), ClientError> {
        let (now, mut result, peer) = (Instant::now(), Ok(()), &mut self.peer);
        let read = self.wire.receive(|arrived_ns, source, packet| {
            if result.is_ok() {
                result = peer.handle_packet(now, arrived_ns, source, packet);
            }
        });
        read.map_err(|error| ClientError::connection("reading media", error)).and(result)
    }

    fn send_due(&mut self, now: Instant) -> Result<(), ClientError> {
        let Self { peer, publisher, frames, sent, due, .. } = self;
        if now >= *due {
            peer.handle_timeout(now)?;
        }
        let mut result = Ok(());
        let Some(publisher) = publisher else { return result };
        publisher.poll(now, frames, |packet| {
            sent.packet(packet);
            if result.is_ok() {
                // One encoding without a name, as the offer has it.
                result = peer.send(now, Outgoing { layer: None, ..packet });
            }
        });
        result
    }

    /// Sends what is to be sent, takes what came; returns whether the connection is lost.
    fn pump(&mut self, connected: &watch::Sender<bool>) -> bool {
        loop {
            match self.peer.poll_output() {
                PeerOutput::Transmit { destination, contents } => self.wire.send(destination, &contents),
                PeerOutput::Timeout(at) => {
                    self.due = at;
                    return false;
                }
                PeerOutput::Event(PeerEvent::Packet(packet)) => {
                    self.wire.known(&packet);
                    // In the order in which they came.
                    self.count();
                    self.sink.receive(&packet, &mut self.frames);
                }
                PeerOutput::Event(PeerEvent::Connected) => {
                    self.wire.connected(&self.peer);
                    if let Some(publisher) = &mut self.publisher {
                        let media = MediaState { microphone: true, camera: true, ..MediaState::default() };
                        publisher.set_media(media, Instant::now());
                    }
                    connected.send_replace(true);
                }
                PeerOutput::Event(PeerEvent::KeyFrameWanted { source, .. }) => {
                    if let Some(publisher) = &mut self.publisher {
                        publisher.want_key_frame(source, None);
                    }
                }
                PeerOutput::Event(PeerEvent::Lost) => return true,
            }
        }
    }
}

impl Running {
    /// Waits until media is connected, and returns whether it is.
    pub(super) async fn until_connected(&mut self, patience: Duration) -> bool {
        matches!(timeout(patience, self.connected.wait_for(|is| *is)).await, Ok(Ok(_)))
    }

    /// Ends it.
    pub(super) async fn stop(self) -> Outcome {
        // A task that is over needs no word to stop.
        let _ = self.stop.send(());
        match self.task.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Outcome { lost: true, ..Outcome::default() },
        }
    }
}

/// Opens the socket of a viewer, and says whether it only counts.
async fn open(ip: IpAddr, place: Place, gauge: &Arc<Gauge>) -> Result<(Wire, SocketAddr, bool), ClientError> {
    #[cfg(target_os = "linux")]
    if let Some(reader) = gauge.reader(place.number) {
        let (wire, local) = Wire::open_counted(ip, reader)?;
        return Ok((wire, local, true));
    }
    let (wire, local) = Wire::open(ip, Path::Udp).await?;
    Ok((wire, local, false))
}

fn peer_config(up: &[Source], slots: usize, local: SocketAddr, reports_elsewhere: bool) -> PeerConfig {
    PeerConfig {
        up: up.to_vec(),
        simulcast: false,
        video_slots: slots,
        audio_slots: slots,
        local,
        path: Path::Udp,
        reports_elsewhere,
    }
}

/// Returns the sender with this number, as receivers know it.
fn device(number: usize) -> (ParticipantId, DeviceKey) {
    let number = number.min(SENDERS_MAX - 1) as u8;
    (ParticipantId(u32::from(number) + 1), DeviceKey::from_bytes([number + 1; 32]))
}

/// Returns the frames of an endpoint.
fn keyed(place: Place) -> Frames {
    let allowed = MediaState { microphone: true, camera: true, ..MediaState::default() };
    let others = (0..place.senders).filter(|number| *number != place.number);
    let leaves = others.map(|number| MediaLeaf { leaf: number as u32, device: device(number).1, allowed });
    let mut frames = Frames::default();
    frames.apply(&MediaKeyChange::Install {
        epoch: GroupEpoch(1),
        base_key: BaseKey::from_bytes([1; 16]),
        own_leaf: place.number as u32,
        leaves: leaves.collect(),
    });
    frames.apply(&MediaKeyChange::Use { epoch: GroupEpoch(1) });
    frames
}
