//! What one device saw of a meeting's terms, from when to when, with the gaps in which it was not there.
//!
//! A *stretch* is a time in which the device followed every change of the group, epoch by epoch. The epochs are the
//! group's and the same for everybody; the times are those of the device's own clock. A device that was away, and came
//! back before anybody changed anything, has missed nothing: its stretch goes on.

use std::ops::RangeInclusive;

use sabha_protocol::wire::certificate::{PERIODS_MAX, STRETCHES_MAX};

use super::Terms;
use crate::codec::{Malformed, Reader, Writer};

/// Longest form of a record, in bytes: a period with every control has 250.
pub(crate) const RECORD_BYTES_MAX: usize = 5 + STRETCHES_MAX * 18 + PERIODS_MAX * 512;

/// A time in which the terms did not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first epoch of it.
    pub epoch: u64,
    /// When it began, in unix milliseconds.
    pub time_ms: u64,
    /// What held.
    pub terms: Terms,
}

/// A time in which the device followed every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// At least one, in their order. The first begins where the stretch does.
    pub periods: Vec<Period>,
    /// The last epoch that was seen.
    pub until_epoch: u64,
    /// When it was seen last, in unix milliseconds.
    pub until_ms: u64,
}

/// The ends of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first epoch.
    pub from_epoch: u64,
    /// When that was seen first, in unix milliseconds.
    pub from_ms: u64,
    /// The last epoch.
    pub until_epoch: u64,
    /// When that was seen last, in unix milliseconds.
    pub until_ms: u64,
}

/// What one device saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    stretches: Vec<Stretch>,
    /// Whether there was more than can be kept.
    full: bool,
}

impl Stretch {
    /// Returns its ends.
    pub fn span(&self) -> Span {
        let first = self.periods.first();
        Span {
            from_epoch: first.map_or(self.until_epoch, |first| first.epoch),
            from_ms: first.map_or(self.until_ms, |first| first.time_ms),
            until_epoch: self.until_epoch,
            until_ms: self.until_ms,
        }
    }
}

impl Span {
    /// Returns the epochs.
    pub const fn epochs(&self) -> RangeInclusive<u64> {
        self.from_epoch..=self.until_epoch
    }
}

impl Record {
    /// Takes over stretches, if they can be what one device saw.
    ///
    /// # Errors
    /// [`Malformed`], by rule CERT-05.
    #[cfg(test)]
    pub(crate) fn new(stretches: Vec<Stretch>) -> Result<Self, Malformed> {
        Self::ended(stretches, false)
    }

    /// Takes over stretches, if they can be what one device saw, and whether they end because there was more than can be kept.
    ///
    /// # Errors
    /// [`Malformed`], by rule CERT-05.
    pub(crate) fn ended(stretches: Vec<Stretch>, full: bool) -> Result<Self, Malformed> {
        let record = Self { stretches, full };
        if record.is_sound() { Ok(record) } else { Err(Malformed) }
    }

    /// Returns the stretches, in their order.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Returns the terms in an epoch, if it was seen, and when they began.
    pub fn at(&self, epoch: u64) -> Option<&Period> {
        let stretch = self.stretches.iter().find(|stretch| stretch.span().epochs().contains(&epoch))?;
        stretch.periods.iter().rev().find(|period| period.epoch <= epoch)
    }

    /// Returns whether there was more than can be kept, so that the record ends before the present.
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// Notes what holds in an epoch. Where that does not follow from what was seen before, a new stretch begins.
    pub(crate) fn see(&mut self, epoch: u64, terms: Terms, now_ms: u64) {
        if self.full {
            return;
        }
        let periods: usize = self.stretches.iter().map(|stretch| stretch.periods.len()).sum();
        let stretches = self.stretches.len();
        let now_ms = self.stretches.last().map_or(now_ms, |last| now_ms.max(last.until_ms));
        match self.stretches.last_mut() {
            // Again, or of before: a group that goes back is refused elsewhere.
            Some(last) if epoch <= last.until_epoch => last.until_ms = now_ms,
            Some(last) if epoch == last.until_epoch + 1 => {
                let same = last.periods.last().is_some_and(|period| period.terms == terms);
                if !same && periods >= PERIODS_MAX {
                    self.full = true;
                    return;
                }
                if !same {
                    last.periods.push(Period { epoch, time_ms: now_ms, terms });
                }
                (last.until_epoch, last.until_ms) = (epoch, now_ms);
            }
            _ if stretches >= STRETCHES_MAX || periods >= PERIODS_MAX => self.full = true,
            _ => self.stretches.push(Stretch {
                periods: vec![Period { epoch, time_ms: now_ms, terms }],
                until_epoch: epoch,
                until_ms: now_ms,
            }),
        }
    }

    /// Notes that the last epoch is still the present.
    pub(crate) fn still(&mut self, now_ms: u64) {
        if let Some(last) = self.stretches.last_mut().filter(|_| !self.full) {
            last.until_ms = last.until_ms.max(now_ms);
        }
    }

    pub(crate) fn write(&self, writer: Writer) -> Writer {
        let writer = writer.u16(count(self.stretches.len()));
        let writer = self.stretches.iter().fold(writer, |writer, stretch| {
            let writer = writer.u64(stretch.until_epoch).u64(stretch.until_ms);
            stretch.periods.iter().fold(writer.u16(count(stretch.periods.len())), |writer, period| {
                period.terms.write(writer.u64(period.epoch).u64(period.time_ms))
            })
        });
        writer.u8(u8::from(self.full))
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut stretches = Vec::new();
        let mut left = PERIODS_MAX;
        for _ in 0..bounded(reader.u16()?, STRETCHES_MAX)? {
            let (until_epoch, until_ms) = (reader.u64()?, reader.u64()?);
            let count = bounded(reader.u16()?, left)?;
            left -= count;
            let mut periods = Vec::new();
            for _ in 0..count {
                let (epoch, time_ms) = (reader.u64()?, reader.u64()?);
                periods.push(Period { epoch, time_ms, terms: Terms::read(reader)? });
            }
            stretches.push(Stretch { periods, until_epoch, until_ms });
        }
        Self::ended(stretches, reader.flag()?)
    }

    // CERT-05
    fn is_sound(&self) -> bool {
        let periods = || self.stretches.iter().flat_map(|stretch| &stretch.periods);
        let bounded = self.stretches.len() <= STRETCHES_MAX && periods().count() <= PERIODS_MAX;
        let ended = self.stretches.len() == STRETCHES_MAX || periods().count() == PERIODS_MAX;
        let mut before: Option<&Stretch> = None;
        let follow = self.stretches.iter().all(|stretch| {
            let span = stretch.span();
            // What follows at the next epoch goes on, and is no stretch of its own.
            let apart = before.replace(stretch).is_none_or(|before| {
                before.until_epoch.checked_add(1).is_some_and(|next| next < span.from_epoch)
                    && before.until_ms <= span.from_ms
            });
            let rising = stretch.periods.is_sorted_by(|a, b| a.epoch < b.epoch && a.time_ms <= b.time_ms);
            let differ = stretch.periods.is_sorted_by(|a, b| a.terms.version < b.terms.version);
            let last = stretch.periods.last();
            let ends = last
                .is_some_and(|last| last.epoch <= stretch.until_epoch && last.time_ms <= stretch.until_ms);
            apart && rising && differ && ends
        });
        let terms: Vec<&Terms> = periods().map(|period| &period.terms).collect();
        let steady = terms.is_sorted_by(|a, b| {
            let same = a.version == b.version && a == b;
            same || (a.version < b.version && b.floor.below(&a.floor).is_none())
        });
        bounded && (ended || !self.full) && follow && steady && terms.iter().all(|terms| terms.is_sound())
    }
}

fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn bounded(count: u16, max: usize) -> Result<usize, Malformed> {
    Some(usize::from(count)).filter(|count| *count <= max).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sabha_admission::controls::{Controls, Tier};

    use super::*;
    use crate::certificate::testing::terms;

    fn record(steps: &[(u64, u64)]) -> Record {
        let mut record = Record::default();
        for (epoch, version) in steps {
            record.see(*epoch, terms(*version), epoch * 1000);
        }
        record
    }

    #[test]
    fn a_change_begins_a_period_and_an_absence_a_stretch() {
        let record = record(&[(0, 1), (1, 1), (2, 2), (3, 2), (9, 2), (10, 3)]);
        let spans: Vec<_> = record.stretches().iter().map(|stretch| stretch.span().epochs()).collect();
        assert_eq!(spans, [0..=3, 9..=10]);
        let version = |epoch| record.at(epoch).map(|period| (period.epoch, period.terms.version));
        assert_eq!([version(1), version(3), version(9)], [Some((0, 1)), Some((2, 2)), Some((9, 2))]);
        assert_eq!([version(4), version(8), version(11)], [None; 3]);
    }

    #[test]
    fn who_comes_back_before_anything_changed_has_missed_nothing() {
        let mut record = record(&[(4, 2)]);
        record.see(5, terms(2), 90_000);
        assert_eq!(record.stretches().len(), 1);
        assert_eq!(record.stretches()[0].span().until_ms, 90_000);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_turn_the_record_around() {
        let mut record = record(&[(4, 2)]);
        record.see(5, terms(3), 10);
        assert_eq!(record.at(5).unwrap().time_ms, 4000);
        assert!(record.is_sound());
    }

    #[test]
    fn a_record_that_is_full_ends_there() {
        let mut record = Record::default();
        for number in 0..=PERIODS_MAX as u64 {
            record.see(number, terms(number + 1), number);
        }
        assert!(record.is_full() && record.is_sound());
        let bytes = record.write(Writer::default()).done();
        assert_eq!(Record::read(&mut Reader::new(&bytes)), Ok(record.clone()), "and stays full");
        assert_eq!(record.stretches()[0].until_epoch, PERIODS_MAX as u64 - 1);
        record.still(u64::MAX);
        assert_eq!(record.stretches()[0].until_ms, PERIODS_MAX as u64 - 1);
        assert!(record.write(Writer::default()).done().len() <= RECORD_BYTES_MAX);
        let mut away = Record::default();
        for number in 0..=STRETCHES_MAX as u64 {
            away.see(number * 2, terms(1), number);
        }
        assert!(away.is_full() && away.is_sound());
    }

    /// CERT-05
    #[test]
    fn a_record_with_room_left_is_not_full() {
        let sound = record(&[(0, 1), (1, 2)]).stretches;
        assert_eq!(Record::ended(sound, true), Err(Malformed));
    }

    /// CERT-05
    #[test]
    fn periods_out_of_their_order_are_no_record() {
        let sound = record(&[(0, 1), (1, 2), (2, 3), (9, 3), (10, 4)]).stretches;
        assert!(Record::new(sound.clone()).is_ok());
        let with = |change: fn(&mut Vec<Stretch>)| {
            let mut stretches = sound.clone();
            change(&mut stretches);
            Record::new(stretches)
        };
        let changes: [fn(&mut Vec<Stretch>); 12] = [
            |all| all.swap(0, 1),
            |all| all[0].periods.swap(0, 1),
            |all| all[0].periods[1].epoch = 0,
            |all| all[0].periods[1].time_ms = 5000,
            |all| all[0].periods[1].terms.version = 1,
            |all| all[0].periods[1].terms.floor = Controls::default(),
            |all| all[0].periods[2].terms.suspended = true,
            |all| all[0].periods.clear(),
            |all| all[0].until_epoch = 1,
            |all| all[0].until_ms = 1999,
            |all| all[0].until_epoch = 8,
            |all| all[1].periods[1].terms.controls = Controls::of(Tier::Low),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            assert_eq!(with(change), Err(Malformed), "{at}");
        }
    }

    proptest! {
        #[test]
        fn whatever_was_seen_is_read_back(steps in prop::collection::vec((1..4u64, 0..2u64), 0..40)) {
            let (mut epoch, mut version) = (0, 1);
            let mut record = Record::default();
            for (step, change) in steps {
                (epoch, version) = (epoch + step, version + change);
                record.see(epoch, terms(version), epoch * 10);
                prop_assert_eq!(record.at(epoch).map(|period| period.terms.version), Some(version));
            }
            let bytes = record.write(Writer::default()).done();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(Record::read(&mut reader), Ok(record));
            prop_assert!(reader.is_empty());
        }
    }
}
