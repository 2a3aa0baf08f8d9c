//! Changes of a path's conditions, at once or at their times.

use std::{collections::VecDeque, str::FromStr, time::Duration};

use crate::{
    Conditions, InvalidConditions,
    text::{self, Setting},
};

/// Steps of a schedule at most.
const STEPS_MAX: usize = 1_000;
/// Latest step: a day.
const AT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Which way packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the server.
    Up,
    /// Towards the client.
    Down,
    /// One as the other.
    Both,
}

/// New conditions, of which only those are named that change: `down rate=250kbit,loss=1%`.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    direction: Direction,
    settings: Vec<Setting>,
}

/// A change at its time since the start: `10s down rate=250kbit`.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When, since the start; at most a day.
    pub at: Duration,
    /// What changes.
    pub change: Change,
}

/// Both directions of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PathConditions {
    /// Towards the server.
    pub up: Conditions,
    /// Towards the client.
    pub down: Conditions,
}

/// Steps that are still to come.
#[derive(Clone, Debug, Default)]
pub struct Schedule(VecDeque<Step>);

impl PathConditions {
    /// Does what a change says, and leaves the rest as it is.
    ///
    /// # Errors
    /// The conditions would make no sense together; they stay as they were.
    pub fn apply(&mut self, change: &Change) -> Result<(), InvalidConditions> {
        let before = *self;
        let up = matches!(change.direction, Direction::Up | Direction::Both).then_some(&mut self.up);
        let down = matches!(change.direction, Direction::Down | Direction::Both).then_some(&mut self.down);
        let result = up.into_iter().chain(down).try_for_each(|way| way.apply(&change.settings));
        if result.is_err() {
            *self = before;
        }
        result
    }
}

impl Schedule {
    /// Returns a schedule of these steps, in order of their times.
    ///
    /// # Errors
    /// There are more than a thousand, or one would bring conditions that make no sense together.
    pub fn new(start: PathConditions, mut steps: Vec<Step>) -> Result<Self, InvalidConditions> {
        if steps.len() > STEPS_MAX {
            return Err(InvalidConditions(format!("a schedule has at most {STEPS_MAX} steps")));
        }
        steps.sort_by_key(|step| step.at);
        let mut conditions = start;
        steps.iter().try_for_each(|step| conditions.apply(&step.change))?;
        Ok(Self(steps.into()))
    }

    /// Returns when the next step is, since the start.
    pub fn next(&self) -> Option<Duration> {
        self.0.front().map(|step| step.at)
    }

    /// Returns the next change that is due after `elapsed`.
    pub fn due(&mut self, elapsed: Duration) -> Option<Change> {
        self.0.pop_front_if(|step| step.at <= elapsed).map(|step| step.change)
    }
}

impl FromStr for Change {
    type Err = InvalidConditions;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid =
            || InvalidConditions(format!("`{text}`: expected up, down or both, and conditions after it"));
        let (direction, settings) = text.trim().split_once(' ').ok_or_else(invalid)?;
        let direction = match direction {
            "up" => Direction::Up,
            "down" => Direction::Down,
            "both" => Direction::Both,
            _ => return Err(invalid()),
        };
        Ok(Self { direction, settings: text::settings(settings)? })
    }
}

impl FromStr for Step {
    type Err = InvalidConditions;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || {
            InvalidConditions(format!(
                "`{text}`: expected a time of at most a day and a change, such as 10s down rate=250kbit"
            ))
        };
        let (at, change) = text.trim().split_once(' ').ok_or_else(invalid)?;
        let at = text::time(at, AT_MAX).ok_or_else(invalid)?;
        Ok(Self { at, change: change.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: &str) -> Step {
        text.parse().unwrap()
    }

    #[test]
    fn change_leaves_alone_what_it_does_not_name() {
        let mut path =
            PathConditions { up: "loss=1%".parse().unwrap(), down: "rate=4mbit,loss=2%".parse().unwrap() };

        path.apply(&"down rate=250kbit".parse().unwrap()).unwrap();
        assert_eq!(path.down, "rate=250kbit,loss=2%".parse().unwrap());
        assert_eq!(path.up, "loss=1%".parse().unwrap());

        path.apply(&"both loss=0%".parse().unwrap()).unwrap();
        assert_eq!((path.up.loss, path.down.loss), (0.0, 0.0));

        let before = path;
        path.apply(&"both greedy=1".parse().unwrap()).unwrap_err();
        assert_eq!(path, before, "there is no rate to compete for upwards");
    }

    #[test]
    fn steps_come_at_their_times_in_order() {
        let steps =
            vec![step("20s both loss=5%"), step("500ms down delay=40ms"), step("3600s up jitter=1ms")];
        let mut schedule = Schedule::new(PathConditions::default(), steps).unwrap();

        assert_eq!(schedule.due(Duration::from_millis(499)), None);
        assert_eq!(schedule.next(), Some(Duration::from_millis(500)));
        assert_eq!(schedule.due(Duration::from_secs(30)), Some("down delay=40ms".parse().unwrap()));
        assert_eq!(schedule.due(Duration::from_secs(30)), Some("both loss=5%".parse().unwrap()));
        assert_eq!(schedule.due(Duration::from_secs(30)), None);
        assert_eq!(schedule.next(), Some(Duration::from_secs(3600)));
    }

    #[test]
    fn what_is_no_step_is_refused() {
        for text in [
            "",
            "10s",
            "10s down",
            "10 down loss=1%",
            "90000s down loss=1%",
            "10s left loss=1%",
            "10s down x=1",
        ] {
            assert!(text.parse::<Step>().is_err(), "{text}");
        }
        let senseless = vec![step("1s down greedy=1")];
        assert!(Schedule::new(PathConditions::default(), senseless).is_err());
        assert!(Schedule::new(PathConditions::default(), vec![step("1s up loss=1%"); 1001]).is_err());
    }
}
