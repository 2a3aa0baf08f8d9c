//! What all parts share: where turns run, where they are written down, and what came of the goals.

use std::{
    cell::{Cell, RefCell},
    fmt::Write as _,
    fs::OpenOptions,
    io::Write as _,
    path::PathBuf,
    thread,
};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    figures::Figures,
    load::{Load, Scenario, VIEWERS_OF_A_ROOM},
    namespace::Namespace,
    parts::Most,
    say,
    system::System,
};

/// Programs, by path.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// Directory of `sabha`, `sabha-client` and `examples/plain_forwarder`.
    pub(crate) ours: PathBuf,
    pub(crate) janus: PathBuf,
    /// Nowhere, unless it is given: it is in no package of Debian.
    pub(crate) galene: Option<PathBuf>,
}

/// How long it takes, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Whether everything is as short as it can be and still mean something.
    pub(crate) is_short: bool,
    /// How often each system has its turn where ratios are taken.
    pub(crate) rounds: u16,
    /// Seconds to measure in each turn.
    pub(crate) seconds: u64,
    /// Seconds to wait before that: layers rise meanwhile.
    pub(crate) warm_up: u64,
}

/// A goal, and what was found.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) goal: String,
    pub(crate) found: String,
    pub(crate) holds: bool,
}

/// A running bench.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) namespace: Namespace,
    pub(crate) programs: Programs,
    pub(crate) pace: Pace,
    /// Systems that were asked for, if any were: others are left out of every part.
    pub(crate) systems: Option<Vec<System>>,
    /// Every turn's report goes here, one JSON object a line.
    pub(crate) json: Option<PathBuf>,
    pub(crate) part: Cell<&'static str>,
    pub(crate) verdicts: RefCell<Vec<Verdict>>,
    /// What was measured already: a short bench does not do so twice.
    pub(crate) turns: RefCell<Vec<(System, Load, Figures)>>,
    /// The most that each system forwarded, once that is known.
    pub(crate) most: RefCell<Vec<Most>>,
}

impl Bench {
    /// Returns those of `wanted` that were asked for and can be run here.
    pub(crate) fn systems(&self, wanted: &[System]) -> Vec<System> {
        let asked = |system: &System| self.systems.as_ref().is_none_or(|asked| asked.contains(system));
        wanted.iter().copied().filter(|system| asked(system) && system.is_here(&self.programs)).collect()
    }

    /// Returns the load of the scenario, at the bench's pace.
    pub(crate) const fn load(&self, scenario: Scenario, viewers: u16) -> Load {
        let Pace { seconds, warm_up, .. } = self.pace;
        let room_viewers = VIEWERS_OF_A_ROOM;
        Load { scenario, viewers, seconds, warm_up, flood: None, check_one_in: 1, room_viewers }
    }

    /// Loads the system once.
    ///
    /// # Errors
    /// When it cannot be run, or somebody was missing.
    pub(crate) fn turn(&self, system: System, load: &Load) -> Result<Figures> {
        let report = system
            .run(load, &self.programs, &self.namespace)
            .with_context(|| format!("a turn of {system}"))?;
        if let Some(path) = &self.json {
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            let line = json!({ "part": self.part.get(), "system": system.to_string(),
                "viewers": load.viewers, "report": report });
            writeln!(file, "{line}")?;
        }
        let figures = Figures::read(&report).with_context(|| format!("the report on {system}"))?;
        say(&format!("{}, {system}, {}: {figures}", self.part.get(), load.told()));
        self.turns.borrow_mut().push((system, *load, figures));
        Ok(figures)
    }

    /// Loads the system once, unless this is a short bench in which it had the same load before.
    ///
    /// # Errors
    /// As [`turn`](Self::turn).
    pub(crate) fn turn_or_known(&self, system: System, load: &Load) -> Result<Figures> {
        let is_known = |(of, other, _): &&(System, Load, Figures)| (of, other) == (&system, load);
        let known = self.turns.borrow().iter().find(is_known).map(|(_, _, figures)| *figures);
        match known.filter(|_| self.pace.is_short) {
            Some(figures) => Ok(figures),
            None => self.turn(system, load),
        }
    }

    /// Takes note of what came of a goal.
    pub(crate) fn judge(&self, what: impl Into<String>, goal: &str, found: String, holds: bool) {
        let verdict = Verdict { what: what.into(), goal: goal.to_owned(), found, holds };
        self.verdicts.borrow_mut().push(verdict);
    }

    /// Cores that the client may use.
    pub(crate) fn client_cores(&self) -> f64 {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        cores.saturating_sub(1).max(1) as f64
    }

    /// Returns whether the client has cores of its own.
    pub(crate) fn has_other_cores(&self) -> bool {
        thread::available_parallelism().map_or(1, usize::from) > 1
    }

    /// Returns what came of the goals, as a table.
    pub(crate) fn outcome(&self) -> String {
        let verdicts = self.verdicts.borrow();
        let width = |of: fn(&Verdict) -> &String| {
            verdicts.iter().map(|verdict| of(verdict).chars().count()).max().unwrap_or(0).max(4)
        };
        let (what, goal) = (width(|verdict| &verdict.what), width(|verdict| &verdict.goal));
        let mut out = format!("\n{:<what$}  {:<goal$}  reached  found\n", "goal", "");
        for verdict in verdicts.iter() {
            let reached = if verdict.holds { "yes" } else { "NO" };
            // Writing to a string cannot fail.
            let _infallible = writeln!(
                out,
                "{:<what$}  {:<goal$}  {reached:<7}  {}",
                verdict.what, verdict.goal, verdict.found
            );
        }
        out
    }
}
