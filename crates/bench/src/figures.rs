//! The figures of one turn, out of the client's report.

use std::fmt;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// What one turn came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    /// Packets that viewers received, in a second.
    pub(crate) packets_per_second: f64,
    /// Packets that senders sent, in a second.
    pub(crate) sent_per_second: f64,
    /// For each second of the server's processor time, user and system.
    pub(crate) packets_per_cpu_second: f64,
    /// The server's processor time in its own code, in seconds of each second.
    pub(crate) user_cores: f64,
    /// In the kernel.
    pub(crate) system_cores: f64,
    /// Memory by which it has grown, in kB for each stream that is received.
    pub(crate) kb_per_stream: f64,
    /// Resident memory at the end, in kB.
    pub(crate) rss_kb: u64,
    /// By how much that is more than when nobody was there.
    pub(crate) grown_kb: i64,
    /// By how much it is more than when it began to be measured.
    pub(crate) grown_meanwhile_kb: i64,
    pub(crate) lost: u64,
    /// The share of packets that were lost, of those that should have come.
    pub(crate) lost_share: f64,
    /// How often a picture stood still, or a voice was late.
    pub(crate) stalls: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) p999_us: u64,
    /// 16 with AES-GCM, 10 with HMAC-SHA1-80.
    pub(crate) srtp_tag_bytes: u64,
    /// Cores that the client used.
    pub(crate) client_cores: f64,
    /// Packets of junk that were sent in a second.
    pub(crate) junk_per_second: f64,
}

impl Figures {
    /// Reads a report, if what it says is worth comparing: everybody was there, and nothing wrong came out.
    pub(crate) fn read(report: &Value) -> Result<Self> {
        let number =
            |path: &str| report.pointer(path).and_then(Value::as_f64).with_context(|| path.to_owned());
        let count =
            |path: &str| report.pointer(path).and_then(Value::as_u64).with_context(|| path.to_owned());
        ensure!(count("/absent")? == 0, "somebody was not there");
        ensure!(count("/video/wrong")? + count("/audio/wrong")? == 0, "frames that nobody had sealed");
        let seconds = number("/seconds")?;
        let streams = count("/video/streams")? + count("/audio/streams")?;
        ensure!(streams == 0 || count("/video/right")? > 0, "no frame was opened");
        let rss_kb = count("/server/rss_kb")?;
        let since = |path: &str| Ok::<_, anyhow::Error>(rss_kb as i64 - count(path)? as i64);
        let grown_kb = since("/server/idle_rss_kb")?;
        let lost = count("/video/lost")? + count("/audio/lost")?;
        let packets = count("/video/packets")? + count("/audio/packets")?;
        let sent = report.pointer("/sent").and_then(Value::as_array).context("/sent")?;
        let sent: u64 = sent.iter().filter_map(|stream| stream["packets"].as_u64()).sum();
        Ok(Self {
            packets_per_second: number("/video/packets_per_second")? + number("/audio/packets_per_second")?,
            packets_per_cpu_second: number("/server/packets_per_cpu_second")?,
            user_cores: number("/server/user_seconds")? / seconds,
            system_cores: number("/server/system_seconds")? / seconds,
            sent_per_second: sent as f64 / seconds,
            kb_per_stream: grown_kb as f64 / streams.max(1) as f64,
            rss_kb,
            grown_kb,
            grown_meanwhile_kb: since("/server/begin_rss_kb")?,
            lost,
            lost_share: lost as f64 / (packets + lost).max(1) as f64,
            stalls: count("/video/stalls")? + count("/audio/stalls")?,
            p50_us: count("/video/latency/p50_us")?,
            p99_us: count("/video/latency/p99_us")?,
            p999_us: count("/video/latency/p999_us")?,
            // Where nothing was received, nothing was sealed.
            srtp_tag_bytes: report.pointer("/srtp_tag_bytes").and_then(Value::as_u64).unwrap_or(0),
            client_cores: number("/client_cores")?,
            junk_per_second: number("/flood/packets_per_second").unwrap_or(0.0),
        })
    }
}

impl Figures {
    /// Cores that the server used.
    pub(crate) fn server_cores(&self) -> f64 {
        self.user_cores + self.system_cores
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} packets/s, {:.0} per CPU second ({:.2} user + {:.2} system cores), p50 {} us, p99 {} us, \
             {} lost, client {:.2} cores",
            self.packets_per_second,
            self.packets_per_cpu_second,
            self.user_cores,
            self.system_cores,
            self.p50_us,
            self.p99_us,
            self.lost,
            self.client_cores,
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn report(per_cpu_second: f64) -> Value {
        json!({
            "absent": 0, "seconds": 10.0, "srtp_tag_bytes": 16, "client_cores": 0.5,
            "sent": [{ "packets": 300 }, { "packets": 200 }],
            "video": { "wrong": 0, "right": 5, "streams": 2, "packets": 9_000, "packets_per_second": 900.0, "lost": 1,
                "stalls": 0,
                "latency": { "p50_us": 100, "p99_us": 400, "p999_us": 900 } },
            "audio": { "wrong": 0, "streams": 2, "packets": 998, "packets_per_second": 100.0, "lost": 1, "stalls": 2 },
            "server": { "packets_per_cpu_second": per_cpu_second, "user_seconds": 1.0, "system_seconds": 2.0,
                "rss_kb": 1_400, "begin_rss_kb": 1_390, "idle_rss_kb": 1_000 },
        })
    }

    #[test]
    fn report_is_read() {
        let figures = Figures::read(&report(5_000.0)).unwrap();
        assert_eq!((figures.packets_per_second, figures.lost, figures.kb_per_stream), (1_000.0, 2, 100.0));
        assert_eq!((figures.sent_per_second, figures.lost_share, figures.stalls), (50.0, 0.000_2, 2));
        assert_eq!((figures.grown_kb, figures.grown_meanwhile_kb), (400, 10));
        assert_eq!((figures.user_cores, figures.system_cores), (0.1, 0.2));
    }

    #[test]
    fn turn_with_absent_or_wrong_ones_is_not_compared() {
        for (path, value) in [("/absent", 1), ("/audio/wrong", 1), ("/video/right", 0)] {
            let mut report = report(1.0);
            *report.pointer_mut(path).unwrap() = value.into();
            assert!(Figures::read(&report).is_err(), "{path}");
        }
        assert!(Figures::read(&json!({})).is_err());
    }
}
