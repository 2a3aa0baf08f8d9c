//! RTCP of a connection: what the client reports and asks for, and what it is owed.

use std::time::Instant;

use super::{Own, downstream::Downstream};
use crate::{
    connection::{Gone, STATS_INTERVAL, Signal},
    outbox::Route,
    rtcp::{self, Packet as Report, Packets, SenderInfo},
    timeline::{Dated, Timeline},
};

/// Retransmissions that a client may have in a second.
const RESENDS_PER_SECOND: u32 = 1024;
/// Seconds from 1900 to 1970 (RFC 868).
const NTP_1970: u64 = 2_208_988_800;
/// Longest datagram of reports that is made.
const REPORTS_BYTES_MAX: usize = 1150;

/// Where the last transport-wide feedback ended.
///
/// Some receivers begin a feedback with the first packet that came, so that what was lost before it is in none. As long
/// as no feedback itself was lost, which their count tells, what lies between two of them was.
#[derive(Debug, Default)]
pub(super) struct Feedbacks {
    /// The count and the number that are expected next.
    next: Option<(u8, u16)>,
}

impl Own {
    pub(super) fn receive_reports(&mut self, now: Instant, contents: &[u8]) -> Result<bool, Gone> {
        let Some(opener) = &mut self.opener else { return Ok(false) };
        let mut datagram = std::mem::take(&mut self.scratch);
        datagram.clear();
        datagram.extend_from_slice(contents);
        let opened = opener.open_rtcp(&mut datagram);
        if let Ok(end) = opened {
            // One that is malformed is passed over; its neighbours may be sound.
            Packets::new(datagram.get(..end).unwrap_or_default())
                .filter_map(Result::ok)
                .for_each(|report| self.take_report(now, &report));
        }
        self.scratch = datagram;
        Ok(opened.is_ok())
    }

    fn take_report(&mut self, now: Instant, report: &Report<'_>) {
        match report {
            Report::SenderReport(report) => {
                self.take_sender_info(now, report.ssrc, &report.info);
                report.blocks().for_each(|block| self.take_block(now, &block));
            }
            Report::ReceiverReport(report) => report.blocks().for_each(|block| self.take_block(now, &block)),
            Report::Nack(nack) => self.take_nack(nack.media_ssrc, nack.sequence_numbers()),
            Report::PictureLoss(loss) => self.want_keyframe(loss.media_ssrc),
            Report::FullIntraRequest(request) => {
                request.entries().for_each(|(ssrc, _)| self.want_keyframe(ssrc));
            }
            Report::TransportFeedback(feedback) => {
                let zero = self.reference.micros(feedback.reference_time);
                let unsaid =
                    self.feedbacks.follow(feedback.feedback_count, feedback.base_seq, feedback.status_count);
                let said = feedback.statuses().map(|(seq, at)| (seq, at.map(|at| zero + at)));
                self.estimator.feedback(now, unsaid.map(|seq| (seq, None)).chain(said));
                self.follow_estimate(now);
            }
            Report::SourceDescription(_) | Report::Goodbye(_) | Report::Remb | Report::Unknown { .. } => {}
        }
    }

    fn take_sender_info(&mut self, now: Instant, ssrc: u32, info: &SenderInfo) {
        let Some(stream) = self.upstreams.by_ssrc(ssrc) else { return };
        stream.reception.sender_report(now, info);
        match self.sender_clock.date(now, info.ntp) {
            Dated::Never => {}
            Dated::At(at) => stream.timeline = Some(Timeline { at, timestamp: info.timestamp }),
            Dated::Anew(at) => {
                self.upstreams.streams.iter_mut().for_each(|stream| stream.timeline = None);
                if let Some(stream) = self.upstreams.by_ssrc(ssrc) {
                    stream.timeline = Some(Timeline { at, timestamp: info.timestamp });
                }
            }
        }
    }

    fn take_block(&mut self, now: Instant, block: &rtcp::ReportBlock) {
        let ntp = self.ntp(now);
        if let Some(down) = self.down.iter_mut().find(|down| down.stream.ssrc == block.ssrc) {
            down.reported.report(ntp, block);
        }
    }

    fn take_nack(&mut self, ssrc: u32, seqs: impl Iterator<Item = u16>) {
        let place = self.down.iter().position(|down| down.stream.ssrc == ssrc);
        let Some((place, newest)) = place.and_then(|place| Some((place, self.down.get(place)?.newest)))
        else {
            return;
        };
        for seq in seqs {
            if self.resends >= RESENDS_PER_SECOND {
                return;
            }
            self.resends += 1;
            let behind = u64::from((newest as u16).wrapping_sub(seq));
            if let Some(seq) = newest.checked_sub(behind) {
                self.signals.push(Signal::ResendWanted(place, seq));
            }
        }
    }

    fn want_keyframe(&mut self, ssrc: u32) {
        if let Some(place) = self.down.iter().position(|down| down.stream.ssrc == ssrc) {
            self.signals.push(Signal::KeyframeWanted(place));
        }
    }

    /// Sends what is owed to the client: feedback, requests, and once a second reports.
    pub(super) fn send_reports(&mut self, now: Instant, send: &mut impl FnMut(Route, Vec<u8>)) {
        let has_reports = self.has_reports(now);
        let (Some(route), Some(sealer)) = (self.route, &mut self.sealer) else { return };
        let mut datagrams = Datagrams { reporter: self.reporter, open: Vec::new(), full: Vec::new() };
        while self.arrivals.due().is_some_and(|due| due <= now) {
            if !self.arrivals.feedback(now, self.reporter, datagrams.room(1000)) {
                break;
            }
        }
        for stream in &mut self.upstreams.streams {
            if let Some(gaps) = &mut stream.gaps {
                if gaps.due().is_some_and(|due| due <= now) {
                    self.asked.clear();
                    gaps.poll(now, &mut self.asked);
                    if !self.asked.is_empty() {
                        let room = datagrams.room(12 + 4 * self.asked.len());
                        rtcp::write_nack(room, self.reporter, stream.ssrc, self.asked.iter().copied());
                    }
                }
                stream.wants_keyframe |= gaps.take_given_up();
            }
            if std::mem::take(&mut stream.wants_keyframe) {
                rtcp::write_picture_loss(datagrams.room(12), self.reporter, stream.ssrc);
            }
        }
        let ntp = ntp_since(self.began, now);
        for down in self.down.iter_mut().filter(|down| down.has_moved) {
            down.write_report(now, ntp, &self.cname, &mut datagrams);
        }
        if has_reports && self.report_at <= now {
            self.report_at = now + STATS_INTERVAL;
            self.resends = 0;
            let blocks: Vec<_> = self
                .upstreams
                .streams
                .iter_mut()
                .filter_map(|stream| stream.reception.report_block(now))
                .collect();
            if !blocks.is_empty() {
                rtcp::write_receiver_report(datagrams.room(8 + 24 * blocks.len()), self.reporter, &blocks);
            }
            let up = self.upstreams.streams.iter_mut().filter_map(|stream| stream.reception.take_loss());
            let active = self.down.iter().filter(|down| !down.is_quiet);
            let loss = up.chain(active.filter_map(|down| down.reported.loss())).chain(self.estimator.loss());
            let loss = loss.reduce(f32::max);
            for down in &mut self.down {
                if std::mem::replace(&mut down.is_quiet, true) {
                    continue;
                }
                down.write_report(now, ntp, &self.cname, &mut datagrams);
            }
            let reported = self.down.iter().filter_map(|down| down.reported.rtt());
            let rtt = reported.chain(self.estimator.rtt()).min();
            if let Some(rtt) = rtt {
                self.upstreams.set_rtt(rtt);
            }
            self.signals.push(Signal::Health(loss, rtt));
        }
        for mut datagram in datagrams.finish() {
            // Refused after 2^31 reports: such a connection is 60 years old.
            if sealer.seal_rtcp(&mut datagram, 0).is_ok() {
                send(route, datagram);
            }
        }
    }

    fn ntp(&self, now: Instant) -> u64 {
        ntp_since(self.began, now)
    }
}

impl Downstream {
    /// Says where the timestamps of the slot stand now.
    fn write_report(&mut self, now: Instant, ntp: u64, cname: &str, datagrams: &mut Datagrams) {
        self.has_moved = false;
        if let Some(info) = self.sent.sender_info(now, ntp) {
            let room = datagrams.room(28 + 16 + cname.len());
            rtcp::write_sender_report(room, self.stream.ssrc, &info, &[]);
            rtcp::write_source_description(room, self.stream.ssrc, cname);
        }
    }
}

impl Feedbacks {
    /// Takes a feedback. Returns the numbers that were passed over between the last one and it.
    fn follow(&mut self, count: u8, base: u16, statuses: u16) -> impl Iterator<Item = u16> + use<> {
        let expected = self.next.filter(|(next, _)| *next == count).map_or(base, |(_, seq)| seq);
        self.next = Some((count.wrapping_add(1), base.wrapping_add(statuses)));
        let passed = base.wrapping_sub(expected);
        // The other half of the numbers lies behind.
        let passed = if passed < 1 << 15 { passed } else { 0 };
        (0..passed).map(move |step| expected.wrapping_add(step))
    }
}

/// The time since `began` as an NTP timestamp. Reports need a clock that runs, and no date (RFC 3550 section 6.4.1); this
/// one begins in 1970, before which some take none.
fn ntp_since(began: Instant, now: Instant) -> u64 {
    let elapsed = now.saturating_duration_since(began);
    ((NTP_1970 + elapsed.as_secs()) << 32) | ((u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000)
}

/// Datagrams of reports, each a compound packet that begins with a report (RFC 3550 section 6.1).
struct Datagrams {
    reporter: u32,
    open: Vec<u8>,
    full: Vec<Vec<u8>>,
}

impl Datagrams {
    /// Returns where a report of at most `bytes` is to be written.
    fn room(&mut self, bytes: usize) -> &mut Vec<u8> {
        if !self.open.is_empty() && self.open.len() + bytes > REPORTS_BYTES_MAX {
            self.full.push(std::mem::take(&mut self.open));
        }
        if self.open.is_empty() {
            rtcp::write_receiver_report(&mut self.open, self.reporter, &[]);
        }
        &mut self.open
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        if !self.open.is_empty() {
            self.full.push(self.open);
        }
        self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_two_feedbacks_was_lost_unless_one_of_them_was() {
        let mut feedbacks = Feedbacks::default();
        let mut passed =
            |count, base, statuses| feedbacks.follow(count, base, statuses).collect::<Vec<u16>>();
        assert_eq!(passed(7, 100, 3), [0_u16; 0], "nobody knows what was before the first");
        assert_eq!(passed(8, 105, 2), [103, 104]);
        assert_eq!(passed(10, 120, 1), [0_u16; 0], "a feedback is missing, which may have told of them");
        assert_eq!(passed(11, 119, 5), [0_u16; 0], "told again");
        assert_eq!(passed(12, 124, u16::MAX - 123), [0_u16; 0]);
        assert_eq!(passed(13, 2, 1), [0, 1]);
    }
}
