//! What came of a load, as JSON and as a table. Field names are stable: the bench reads them.

use std::time::Duration;

use sabha_protocol::{MediaKind, wire::server::Occupant};
use serde::Serialize;

use super::{
    FloodLoad, Latency, SentStream,
    endpoint::Outcome,
    histogram::Histogram,
    meter::{Checks, Measured},
    room::{Join, Remains, Stay},
};
use crate::{
    frames::Drops,
    process::{ProcessSample, ProcessTime},
    report::Percentiles,
};

/// What came of a load. Everything but the joins is of the measured time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoadReport {
    /// By name.
    pub scenario: String,
    /// Rooms.
    pub rooms: usize,
    /// Who was asked to be in each, the lead included.
    pub participants: usize,
    /// Who did not get in, or fell out.
    pub absent: usize,
    /// Who left while it was measured, each followed by somebody new.
    pub changes: u64,
    /// How long it was measured, in seconds.
    pub seconds: f64,
    /// One stream in so many was opened and checked.
    pub open_one_in: usize,
    /// One receiver in so many, of those who only watched, checked what came; the others counted it by its headers, and have no
    /// latency.
    pub check_one_in: usize,
    /// From opening the WebSocket to being in the room, with up to 32 coming at once.
    pub joined: Percentiles,
    /// From opening the WebSocket to connected media.
    pub connected: Percentiles,
    /// What was sent of each encoded stream, over all senders.
    pub sent: Vec<SentStream>,
    /// Bytes by which SRTP made the packets that were received longer: 16 with AES-GCM, 10 with HMAC-SHA1-80.
    pub srtp_tag_bytes: Option<usize>,
    /// What was received as picture.
    pub video: Totals,
    /// What was received as sound.
    pub audio: Totals,
    /// What the server used, if asked.
    pub server: Option<ServerLoad>,
    /// What was thrown at its media port meanwhile.
    pub flood: Option<FloodLoad>,
    /// Cores that this process used: near as many as it may have, and it was the bottleneck.
    pub client_cores: f64,
    /// Each stream that was received.
    pub streams: Vec<StreamLoad>,
    #[serde(skip)]
    latencies: [Histogram; 2],
}

/// What was received of all streams of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Streams: one of each publication at each receiver.
    pub streams: usize,
    /// Packets.
    pub packets: u64,
    /// Packets a second.
    pub packets_per_second: f64,
    /// Payload, in megabits per second.
    pub mbit_per_second: f64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Frames that were opened and are what was sealed.
    pub right: u64,
    /// Frames that were opened, and too short to tell.
    pub silent: u64,
    /// Frames that were opened and are something else. There must be none.
    pub wrong: u64,
    /// Whole frames of streams that are not opened.
    pub unopened: u64,
    /// Whole frames that could not be opened.
    pub dropped: u64,
    /// How often a picture stood still, or a voice was late.
    pub stalls: u64,
    /// For how long altogether, in milliseconds.
    pub stalled_ms: u64,
    /// For how long at most, in milliseconds.
    pub longest_stall_ms: u64,
    /// From handing a packet to the sender's media stack to its arrival in the receiver's kernel.
    pub latency: Latency,
}

/// What was received of one publication by one receiver.
#[derive(Clone, Debug, Serialize)]
pub struct StreamLoad {
    /// Number of the room.
    pub room: usize,
    /// Who received it.
    pub receiver: u32,
    /// Whose it is and what.
    #[serde(flatten)]
    pub publication: Occupant,
    /// Packets.
    pub packets: u64,
    /// Payload, in kilobits per second.
    pub kbit_per_second: f64,
    /// Packets that never came.
    pub lost: u64,
    /// Frames that were opened.
    pub frames: u64,
    /// Frames that were whole and not opened.
    pub unopened: u64,
    /// Frames that could not be opened, by reason.
    pub dropped: Drops,
    /// Opened frames that are not what was sealed.
    pub wrong: u64,
    /// How often the picture stood still, or the voice was late.
    pub stalls: u64,
    /// For how long at most, in milliseconds.
    pub longest_stall_ms: u64,
    /// Longest time without a packet since the stream began, in milliseconds.
    pub longest_gap_ms: u64,
    /// How long its packets were on their way.
    pub latency: Latency,
}

/// What the server's process used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ServerLoad {
    /// Processor time in its own code, in seconds.
    pub user_seconds: f64,
    /// Processor time in the kernel, in seconds.
    pub system_seconds: f64,
    /// Cores, on average.
    pub cores: f64,
    /// Packets that receivers got for each second of its processor time.
    pub packets_per_cpu_second: f64,
    /// Resident memory before anybody came, in kB.
    pub idle_rss_kb: u64,
    /// Resident memory when it began to be measured, in kB.
    pub begin_rss_kb: u64,
    /// Resident memory at the end, in kB.
    pub rss_kb: u64,
    /// Threads at the end.
    pub threads: u64,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) scenario: String,
    pub(super) rooms: usize,
    pub(super) participants: usize,
    pub(super) open_one_in: usize,
    pub(super) check_one_in: usize,
}

impl ServerLoad {
    pub(super) fn new(spent: ProcessTime, lasted: Duration, [idle, begin, now]: [ProcessSample; 3]) -> Self {
        let (user_seconds, system_seconds) = (spent.user.as_secs_f64(), spent.system.as_secs_f64());
        Self {
            user_seconds,
            system_seconds,
            cores: (user_seconds + system_seconds) / lasted.as_secs_f64().max(f64::EPSILON),
            packets_per_cpu_second: 0.0,
            idle_rss_kb: idle.rss_kb,
            begin_rss_kb: begin.rss_kb,
            rss_kb: now.rss_kb,
            threads: now.threads,
        }
    }
}

impl LoadReport {
    pub(super) fn new(
        setting: Setting,
        lasted: Duration,
        joins: &[Join],
        server: Option<ServerLoad>,
        own: Option<ProcessTime>,
    ) -> Self {
        let seconds = lasted.as_secs_f64();
        Self {
            scenario: setting.scenario,
            rooms: setting.rooms,
            participants: setting.participants,
            seconds,
            open_one_in: setting.open_one_in,
            check_one_in: setting.check_one_in,
            joined: Percentiles::of(joins.iter().filter_map(|join| join.joined_ms).collect()),
            connected: Percentiles::of(joins.iter().filter_map(|join| join.connected_ms).collect()),
            server,
            client_cores: own.map_or(0.0, |own| (own.user + own.system).as_secs_f64() / seconds),
            ..Self::default()
        }
    }

    /// Adds what a room has to tell.
    pub(super) fn absorb(&mut self, room: usize, remains: &Remains, stay: Stay) {
        self.absent += remains.absent;
        self.changes += stay.changes;
        for report in &remains.reports {
            self.absorb_sent(&report.sent);
            let receiver = report.you.map_or(0, |you| you.0);
            for measured in &report.measured {
                self.absorb_stream(room, receiver, measured);
            }
        }
    }

    /// Adds what an endpoint at another server has to tell.
    pub(super) fn absorb_endpoint(&mut self, receiver: u32, outcome: &Outcome) {
        self.absent += usize::from(outcome.lost);
        self.absorb_sent(&outcome.sent);
        for measured in &outcome.measured {
            self.absorb_stream(0, receiver, measured);
        }
    }

    fn absorb_sent(&mut self, sent: &[SentStream]) {
        for stream in sent {
            let same = |known: &&mut SentStream| (known.source, known.layer) == (stream.source, stream.layer);
            match self.sent.iter_mut().find(same) {
                Some(known) => {
                    known.packets += stream.packets;
                    known.bytes += stream.bytes;
                }
                None => self.sent.push(*stream),
            }
        }
        self.sent.sort_by_key(|stream| (stream.source, stream.layer));
    }

    fn absorb_stream(&mut self, room: usize, receiver: u32, measured: &Measured) {
        let Measured { publication, figures, latency, stalls, checks, srtp_tag_bytes } = measured;
        let Checks { right, silent, wrong } = *checks;
        let (totals, all) = match publication.source.kind() {
            MediaKind::Video => (&mut self.video, &mut self.latencies[0]),
            MediaKind::Audio => (&mut self.audio, &mut self.latencies[1]),
        };
        totals.streams += 1;
        let least = self.srtp_tag_bytes.into_iter().fold(*srtp_tag_bytes, usize::min);
        self.srtp_tag_bytes = Some(least);
        totals.packets += figures.packets;
        totals.mbit_per_second += figures.bytes as f64 * 8.0 / 1e6 / self.seconds;
        totals.lost += figures.lost;
        totals.duplicates += figures.duplicates;
        totals.right += right;
        totals.silent += silent;
        totals.wrong += wrong;
        totals.unopened += figures.unopened;
        totals.dropped += figures.dropped.total();
        totals.stalls += stalls.count;
        totals.stalled_ms += stalls.total.as_millis() as u64;
        totals.longest_stall_ms = totals.longest_stall_ms.max(stalls.longest.as_millis() as u64);
        all.merge(latency);
        self.streams.push(StreamLoad {
            room,
            receiver,
            publication: *publication,
            packets: figures.packets,
            kbit_per_second: figures.bytes as f64 * 8.0 / 1e3 / self.seconds,
            lost: figures.lost,
            frames: figures.frames,
            unopened: figures.unopened,
            dropped: figures.dropped,
            wrong,
            stalls: stalls.count,
            longest_stall_ms: stalls.longest.as_millis() as u64,
            longest_gap_ms: figures.longest_gap_ms,
            latency: latency.latency(),
        });
    }

    /// Works out what follows from the sums.
    pub(super) fn sum(&mut self) {
        for (totals, latency) in [&mut self.video, &mut self.audio].into_iter().zip(&self.latencies) {
            totals.packets_per_second = totals.packets as f64 / self.seconds;
            totals.latency = latency.latency();
        }
        if let Some(server) = &mut self.server {
            let spent = server.user_seconds + server.system_seconds;
            server.packets_per_cpu_second =
                if spent > 0.0 { (self.video.packets + self.audio.packets) as f64 / spent } else { 0.0 };
        }
    }

    /// Returns the sums as a table for people; single streams are only in the JSON.
    pub fn table(&self) -> String {
        use std::fmt::Write as _;

        let mut out = format!(
            "{}: {} room(s) of {}, {:.1} s, one viewer in {} checks, one stream in {} of those opened; {} absent, {} \
             changes\n\
             joined p50 {} ms, p95 {} ms; media connected p50 {} ms, p95 {} ms\n\n\
             sent                packets/s     kbit/s\n",
            self.scenario,
            self.rooms,
            self.participants,
            self.seconds,
            self.check_one_in,
            self.open_one_in,
            self.absent,
            self.changes,
            self.joined.p50_ms,
            self.joined.p95_ms,
            self.connected.p50_ms,
            self.connected.p95_ms,
        );
        // Writing to a string cannot fail.
        let mut line = |text: String| {
            let _infallible = writeln!(out, "{text}");
        };
        for stream in &self.sent {
            let layer = stream.layer.map_or(String::new(), |layer| format!(" {layer:?}"));
            let codec = stream.codec.map_or(String::new(), |codec| format!(" {codec:?}"));
            line(format!(
                "{:<19} {:>9.1} {:>10.0}",
                format!("{:?}{layer}{codec}", stream.source),
                stream.packets as f64 / self.seconds,
                stream.bytes as f64 * 8.0 / 1e3 / self.seconds,
            ));
        }
        line(
            "\nreceived streams packets/s  Mbit/s  lost  twice   right  wrong  drop  stalls  longest ms  \
             p50 us  p99 us  p99.9 us"
                .to_owned(),
        );
        for (name, totals) in [("picture", &self.video), ("sound", &self.audio)] {
            line(format!(
                "{name:<8} {:>7} {:>9.0} {:>7.1} {:>5} {:>6} {:>7} {:>6} {:>5} {:>7} {:>11} {:>7} {:>7} {:>9}",
                totals.streams,
                totals.packets_per_second,
                totals.mbit_per_second,
                totals.lost,
                totals.duplicates,
                totals.right,
                totals.wrong,
                totals.dropped,
                totals.stalls,
                totals.longest_stall_ms,
                totals.latency.p50_us,
                totals.latency.p99_us,
                totals.latency.p999_us,
            ));
        }
        if let Some(server) = &self.server {
            line(format!(
                "\nserver: {:.2} s user, {:.2} s system, {:.2} cores, {:.0} packets per CPU second, \
                 {:.1} MB resident ({:.1} MB idle), {} threads",
                server.user_seconds,
                server.system_seconds,
                server.cores,
                server.packets_per_cpu_second,
                server.rss_kb as f64 / 1024.0,
                server.idle_rss_kb as f64 / 1024.0,
                server.threads,
            ));
        }
        if let Some(flood) = &self.flood {
            line(format!(
                "flood: {:.0} packets/s ({} random, {} STUN, {} ClientHello, {} replayed, {} not taken by the system); \
                 server's memory {:+} kB",
                flood.packets_per_second,
                flood.random,
                flood.stun,
                flood.client_hello,
                flood.replayed,
                flood.failed,
                self.server.map_or(0, |server| server.rss_kb as i64 - server.begin_rss_kb as i64),
            ));
        }
        let profile = match self.srtp_tag_bytes {
            Some(16) => "SRTP with AES-GCM",
            Some(10) => "SRTP with HMAC-SHA1-80",
            _ => "SRTP of an unknown profile",
        };
        line(format!("client: {:.2} cores; {profile}", self.client_cores));
        out
    }
}
