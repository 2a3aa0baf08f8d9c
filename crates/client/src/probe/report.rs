//! What a probe says: a row for each incident, with what was sent, what came back and what was measured.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

/// What a row comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was tried failed, as it should.
    Held,
    /// Something that was tried succeeded, or something that has to be there is not.
    NotHeld,
    /// The system has no such thing as the incident was about.
    DoesNotApply,
    /// Nobody outside can see it by asking: tests of the source show it.
    ShownElsewhere,
    /// It could not be tried here, or the probe broke off before.
    NotChecked,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What was sent or looked at.
    pub sent: String,
    /// What came back. What a server said is cut short, and nothing in it steers a terminal.
    pub came: String,
    /// Whether that is as it should be.
    pub held: bool,
}

/// What was found about one incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Number of the incident in `docs/probe.md`.
    pub number: u8,
    /// The control that answers it.
    pub control: &'static str,
    /// What happened elsewhere.
    pub incident: &'static str,
    /// What it comes to here.
    pub verdict: Verdict,
    /// Why it does not apply, where it is shown, or what could not be checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What was tried, in order.
    pub evidence: Vec<Evidence>,
    /// What was measured. The unit is the last word of the name.
    pub figures: BTreeMap<&'static str, f64>,
}

/// The whole. Its form is in `docs/schemas/probe-report.schema.json`; names are stable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbeReport {
    /// Always `sabha-probe-report`.
    pub format: &'static str,
    /// Version of the form.
    pub version: u32,
    /// The server's origin.
    pub server: String,
    /// Why this server may be probed.
    pub owner: Owner,
    /// When the probe began, in milliseconds since 1970.
    pub began_ms: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Whether every row that applies, and that can be seen from outside, holds.
    pub holds: bool,
    /// A row for each incident.
    pub rows: Vec<Row>,
}

/// How it is known that the one who probes a server may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The server is on this machine.
    Loopback,
    /// The server has answered a challenge by its owner's token.
    Token,
}

impl ProbeReport {
    /// Returns how many rows came to this.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// Returns the report for people: a line for each row, and below it what did not hold and why.
    pub fn table(&self) -> String {
        let mut out = format!("Probe of {}\n\n", self.server);
        for row in &self.rows {
            let verdict = word(row.verdict);
            // Writing to a string cannot fail.
            let _infallible =
                writeln!(out, "{:>2}  {verdict:<15}  {:<20}  {}", row.number, row.control, row.incident);
            let indent = " ".repeat(21);
            if let Some(why) = &row.why {
                let _infallible = writeln!(out, "{indent}{why}");
            }
            for evidence in &row.evidence {
                let mark = if evidence.held { "+" } else { "!" };
                let _infallible = writeln!(out, "{indent}{mark} {}: {}", evidence.sent, evidence.came);
            }
            if !row.figures.is_empty() {
                let figures: Vec<_> =
                    row.figures.iter().map(|(name, value)| format!("{name} {value}")).collect();
                let _infallible = writeln!(out, "{indent}  {}", figures.join(", "));
            }
        }
        let counts = [
            Verdict::Held,
            Verdict::NotHeld,
            Verdict::DoesNotApply,
            Verdict::ShownElsewhere,
            Verdict::NotChecked,
        ];
        let counts: Vec<_> =
            counts.map(|verdict| format!("{} {}", self.count(verdict), word(verdict))).into_iter().collect();
        let _infallible = write!(out, "\n{}; {:.1} s", counts.join(", "), self.took_ms as f64 / 1_000.0);
        out
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::NotHeld => "NOT HELD",
        Verdict::DoesNotApply => "does not apply",
        Verdict::ShownElsewhere => "shown elsewhere",
        Verdict::NotChecked => "not checked",
    }
}
