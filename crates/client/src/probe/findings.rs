//! What a probe has found so far, by row.

use std::collections::BTreeMap;

use super::{
    incidents::{INCIDENTS, Incident, Scope},
    report::{Evidence, Row, Verdict},
};

/// Longest text of one piece of evidence, in characters.
const TEXT_CHARS_MAX: usize = 300;

/// Pieces of evidence of one row. Checks give far fewer; a row that had more would not be read.
const EVIDENCE_MAX: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Findings {
    rows: BTreeMap<u8, Found>,
}

#[derive(Debug, Default)]
struct Found {
    evidence: Vec<Evidence>,
    figures: BTreeMap<&'static str, f64>,
    missed: Option<String>,
}

impl Findings {
    /// Notes one thing that was tried for `row`, and whether what came is as it should be.
    pub(super) fn note(&mut self, row: u8, held: bool, sent: impl AsRef<str>, came: impl AsRef<str>) {
        let evidence = &mut self.rows.entry(row).or_default().evidence;
        if evidence.len() < EVIDENCE_MAX {
            evidence.push(Evidence { sent: plain(sent.as_ref()), came: plain(came.as_ref()), held });
        }
    }

    /// Notes what was measured.
    pub(super) fn figure(&mut self, row: u8, name: &'static str, value: f64) {
        // Two decimals are more than anything here is worth.
        self.rows.entry(row).or_default().figures.insert(name, (value * 100.0).round() / 100.0);
    }

    /// Notes that `rows` could not be checked to their end.
    pub(super) fn miss(&mut self, rows: &[u8], why: &str) {
        for row in rows {
            self.rows.entry(*row).or_default().missed.get_or_insert_with(|| plain(why));
        }
    }

    /// Returns the row of each incident.
    pub(super) fn judge(mut self) -> Vec<Row> {
        INCIDENTS.iter().map(|incident| judge(incident, self.rows.remove(&incident.number))).collect()
    }
}

fn judge(incident: &Incident, found: Option<Found>) -> Row {
    let Found { evidence, figures, missed } = found.unwrap_or_default();
    let (verdict, why) = match incident.scope {
        Scope::Absent(why) => (Verdict::DoesNotApply, Some(why.to_owned())),
        Scope::Elsewhere(why) => (Verdict::ShownElsewhere, Some(why.to_owned())),
        Scope::Checked if evidence.iter().any(|one| !one.held) => (Verdict::NotHeld, missed),
        Scope::Checked if missed.is_some() => (Verdict::NotChecked, missed),
        // What nothing was tried for is not held.
        Scope::Checked if evidence.is_empty() => (Verdict::NotChecked, Some("nothing was tried".to_owned())),
        Scope::Checked => (Verdict::Held, None),
    };
    let Incident { number, control, incident, .. } = *incident;
    Row { number, control, incident, verdict, why, evidence, figures }
}

/// Makes a text that is short and steers no terminal: what a server said may be anything.
fn plain(text: &str) -> String {
    let mut plain: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(TEXT_CHARS_MAX)
        .collect();
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        plain.push_str("...");
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(findings: Findings, number: u8) -> Verdict {
        findings.judge().into_iter().find(|row| row.number == number).unwrap().verdict
    }

    #[test]
    fn one_thing_that_does_not_hold_is_enough_and_nothing_tried_is_not_held() {
        assert_eq!(verdict(Findings::default(), 1), Verdict::NotChecked);

        let mut findings = Findings::default();
        findings.note(1, true, "a", "b");
        assert_eq!(verdict(findings, 1), Verdict::Held);

        let mut findings = Findings::default();
        findings.note(1, true, "a", "b");
        findings.note(1, false, "a", "c");
        findings.miss(&[1], "broken off");
        assert_eq!(verdict(findings, 1), Verdict::NotHeld);

        let mut findings = Findings::default();
        findings.note(1, true, "a", "b");
        findings.miss(&[1], "broken off");
        assert_eq!(verdict(findings, 1), Verdict::NotChecked);
    }

    #[test]
    fn what_a_server_says_steers_no_terminal_and_is_cut_short() {
        let mut findings = Findings::default();
        findings.note(1, true, "x", format!("\u{1b}[2J{}", "y".repeat(10_000)));
        let rows = findings.judge();
        let came = &rows[0].evidence[0].came;
        assert!(came.len() < 400 && !came.contains('\u{1b}'), "{came}");
    }
}
