//! Conditions as people type them: `rate=1mbit,queue=200ms,delay=40ms,loss=2%`.

use std::{fmt, str::FromStr, time::Duration};

use crate::{Burst, Conditions, QueueMax};

/// Bits per second: from what a modem had to what a data centre has.
const RATE: std::ops::RangeInclusive<u64> = 1_000..=10_000_000_000;
/// Longest delay, jitter or freeze: half a minute is no call any more.
const TIME_MAX: Duration = Duration::from_secs(30);
const QUEUE_BYTES_MAX: u64 = 100_000_000;
const BURST_LENGTH_MAX: u32 = 1_000;
const GREEDY_MAX: usize = 16;
/// Bytes of a text; every key once, with room.
const TEXT_MAX: usize = 500;

/// What was typed is not a list of conditions. `Display` says which part of it, and what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidConditions(pub(crate) String);

/// One condition, of those that a change names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Setting {
    Burst(Option<Burst>),
    Delay(Duration),
    Duplicate(f64),
    Freeze(Duration),
    Greedy(usize),
    Jitter(Duration),
    Loss(f64),
    Others(u64),
    Queue(QueueMax),
    Rate(Option<u64>),
    Reorder(f64),
    ReorderBy(Duration),
    Scatter(Duration),
}

/// Reads a list of conditions; the empty text is the empty list.
pub(crate) fn settings(text: &str) -> Result<Vec<Setting>, InvalidConditions> {
    if text.len() > TEXT_MAX {
        return Err(InvalidConditions(format!("conditions are at most {TEXT_MAX} bytes")));
    }
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(setting).collect()
}

fn setting(part: &str) -> Result<Setting, InvalidConditions> {
    let invalid = |expected: &str| InvalidConditions(format!("`{part}`: {expected}"));
    let (key, value) = part.split_once('=').ok_or_else(|| invalid("expected KEY=VALUE"))?;
    let time =
        || time(value, TIME_MAX).ok_or_else(|| invalid("expected a time of at most 30s, such as 40ms"));
    let share = || share(value, 1.0).ok_or_else(|| invalid("expected a share, such as 2%"));
    let rate = || rate(value).ok_or_else(|| invalid("expected a rate from 1kbit to 10gbit, such as 1.5mbit"));
    let is_none = value == "none";
    Ok(match key {
        "burst" if is_none => Setting::Burst(None),
        "burst" => Setting::Burst(Some(burst(value).ok_or_else(|| {
            invalid("expected a share of at most 50% and a length of at most 1000 packets, such as 1%x8")
        })?)),
        "delay" => Setting::Delay(time()?),
        "duplicate" => Setting::Duplicate(share()?),
        "freeze" => Setting::Freeze(time()?),
        "greedy" => Setting::Greedy(
            value
                .parse()
                .ok()
                .filter(|flows| *flows <= GREEDY_MAX)
                .ok_or_else(|| invalid("expected a number of flows, at most 16"))?,
        ),
        "jitter" => Setting::Jitter(time()?),
        "loss" => Setting::Loss(share()?),
        "others" if is_none => Setting::Others(0),
        "others" => Setting::Others(rate()?),
        "queue" => Setting::Queue(
            queue(value).ok_or_else(|| invalid("expected at most 30s or 100000kb, such as 200ms or 64kb"))?,
        ),
        "rate" if is_none => Setting::Rate(None),
        "rate" => Setting::Rate(Some(rate()?)),
        "reorder" => Setting::Reorder(share()?),
        "reorder-by" => Setting::ReorderBy(time()?),
        "scatter" => Setting::Scatter(time()?),
        _ => {
            return Err(invalid(
                "expected one of rate, queue, delay, jitter, scatter, freeze, loss, burst, reorder, reorder-by, \
                 duplicate, others, greedy",
            ));
        }
    })
}

impl Conditions {
    /// Does what a list says, and leaves the rest as it is.
    pub(crate) fn apply(&mut self, settings: &[Setting]) -> Result<(), InvalidConditions> {
        let before = *self;
        for setting in settings {
            match *setting {
                Setting::Burst(burst) => self.burst = burst,
                Setting::Delay(delay) => self.delay = delay,
                Setting::Duplicate(share) => self.duplicate = share,
                Setting::Freeze(freeze) => self.freeze = freeze,
                Setting::Greedy(flows) => self.greedy = flows,
                Setting::Jitter(jitter) => self.jitter = jitter,
                Setting::Loss(share) => self.loss = share,
                Setting::Others(rate) => self.others_bps = rate,
                Setting::Queue(queue) => self.queue = queue,
                Setting::Rate(rate) => self.rate_bps = rate,
                Setting::Reorder(share) => self.reorder = share,
                Setting::ReorderBy(time) => self.reorder_by = time,
                Setting::Scatter(scatter) => self.scatter = scatter,
            }
        }
        if self.rate_bps.is_none() && (self.others_bps > 0 || self.greedy > 0) {
            *self = before;
            return Err(InvalidConditions("others need a rate that they compete for".to_owned()));
        }
        Ok(())
    }
}

impl FromStr for Conditions {
    type Err = InvalidConditions;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut conditions = Self::default();
        conditions.apply(&settings(text)?)?;
        Ok(conditions)
    }
}

/// What differs from a link that does nothing, as it can be typed again.
impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let neutral = Self::default();
        let mut parts = Vec::new();
        let mut add = |differs: bool, key: &str, value: String| {
            if differs {
                parts.push(format!("{key}={value}"));
            }
        };
        let time = |time: Duration| format!("{}us", time.as_micros());
        let share = |share: f64| format!("{}%", share * 100.0);
        let bits = |rate: u64| format!("{rate}bit");
        add(self.rate_bps != neutral.rate_bps, "rate", self.rate_bps.map_or("none".to_owned(), bits));
        let queue = match self.queue {
            QueueMax::Bytes(bytes) => format!("{bytes}b"),
            QueueMax::Time(queue) => time(queue),
        };
        add(self.queue != neutral.queue, "queue", queue);
        add(self.delay != neutral.delay, "delay", time(self.delay));
        add(self.jitter != neutral.jitter, "jitter", time(self.jitter));
        add(self.scatter != neutral.scatter, "scatter", time(self.scatter));
        add(self.freeze != neutral.freeze, "freeze", time(self.freeze));
        add(self.loss != neutral.loss, "loss", share(self.loss));
        if let Some(Burst { share: of, length }) = self.burst {
            add(true, "burst", format!("{}x{length}", share(of)));
        }
        add(self.reorder != neutral.reorder, "reorder", share(self.reorder));
        add(self.reorder_by != neutral.reorder_by, "reorder-by", time(self.reorder_by));
        add(self.duplicate != neutral.duplicate, "duplicate", share(self.duplicate));
        add(self.others_bps != neutral.others_bps, "others", bits(self.others_bps));
        add(self.greedy != neutral.greedy, "greedy", self.greedy.to_string());
        f.write_str(&parts.join(","))
    }
}

/// Reads a number that is not negative, and its unit, as a multiple of the first unit.
fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    let number: f64 = number.parse().ok()?;
    Some(number * factor).filter(|value| value.is_finite())
}

pub(crate) fn time(text: &str, most: Duration) -> Option<Duration> {
    let micros = quantity(text, &[("us", 1.0), ("ms", 1e3), ("s", 1e6)])?;
    (micros <= most.as_micros() as f64).then(|| Duration::from_micros(micros.round() as u64))
}

fn rate(text: &str) -> Option<u64> {
    let bits = quantity(text, &[("bit", 1.0), ("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9)])?.round() as u64;
    RATE.contains(&bits).then_some(bits)
}

fn share(text: &str, most: f64) -> Option<f64> {
    quantity(text, &[("%", 1.0)]).map(|percent| percent / 100.0).filter(|share| *share <= most)
}

fn queue(text: &str) -> Option<QueueMax> {
    let bytes = || quantity(text, &[("b", 1.0), ("kb", 1e3)]).map(|bytes| bytes.round() as u64);
    let bytes = || bytes().filter(|bytes| *bytes <= QUEUE_BYTES_MAX).map(|bytes| bytes as usize);
    time(text, TIME_MAX).map(QueueMax::Time).or_else(|| bytes().map(QueueMax::Bytes))
}

fn burst(text: &str) -> Option<Burst> {
    let (of, length) = text.split_once('x')?;
    let length = length.parse().ok().filter(|length| (1..=BURST_LENGTH_MAX).contains(length))?;
    Some(Burst { share: share(of, 0.5)?, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_understood_and_written_again() {
        let text = "rate=1.5mbit,queue=64kb,delay=40ms,jitter=10ms,scatter=2500us,freeze=0.1s,loss=2%,\
                    burst=1%x8,reorder=1.5%,reorder-by=30ms,duplicate=0.5%,others=500kbit,greedy=2";
        let read: Conditions = text.parse().unwrap();

        let expected = Conditions {
            rate_bps: Some(1_500_000),
            queue: QueueMax::Bytes(64_000),
            delay: Duration::from_millis(40),
            jitter: Duration::from_millis(10),
            scatter: Duration::from_micros(2500),
            freeze: Duration::from_millis(100),
            loss: 0.02,
            burst: Some(Burst { share: 0.01, length: 8 }),
            reorder: 0.015,
            reorder_by: Duration::from_millis(30),
            duplicate: 0.005,
            others_bps: 500_000,
            greedy: 2,
        };
        assert_eq!(read, expected);
        assert_eq!(read.to_string().parse(), Ok(expected));
        assert_eq!(Conditions::default().to_string(), "");
    }

    #[test]
    fn what_is_named_none_is_taken_away() {
        let mut conditions: Conditions = "rate=1mbit,burst=1%x8,others=1mbit".parse().unwrap();
        conditions.apply(&settings("burst=none,others=none,rate=none").unwrap()).unwrap();
        assert_eq!(conditions, Conditions::default());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_part_that_is_wrong() {
        for (text, part) in [
            ("loss", "`loss`: expected KEY=VALUE"),
            ("speed=1mbit", "expected one of rate, queue"),
            ("delay=40ms,loss=101%", "`loss=101%`: expected a share"),
            ("loss=2", "expected a share"),
            ("loss=-1%", "expected a share"),
            ("loss=nan%", "expected a share"),
            ("delay=1h", "expected a time"),
            ("delay=31s", "expected a time"),
            ("delay=1e9s", "expected a time"),
            ("rate=999bit", "expected a rate"),
            ("rate=11gbit", "expected a rate"),
            ("queue=200", "expected at most"),
            ("burst=51%x8", "expected a share of at most 50%"),
            ("burst=1%x0", "and a length"),
            ("burst=1%", "and a length"),
            ("greedy=17", "a number of flows"),
            ("greedy=1", "others need a rate"),
            ("rate=none,others=1mbit", "others need a rate"),
        ] {
            let error = text.parse::<Conditions>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!("loss=1%,".repeat(100).parse::<Conditions>().is_err());
    }
}
