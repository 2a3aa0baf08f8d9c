//! How bad a document says something is: what its publisher calls it, else the worst of its CVSS scores.

use sabha_protocol::bulletin::Severity;

use super::model::Csaf;

/// Returns how bad what a document is about is; `None` if it says nothing of it in words or numbers that are known.
///
/// The publisher's word goes before the scores: `document/aggregate_severity` is "the urgency and criticality with which the
/// one or more vulnerabilities should be addressed" (CSAF 2.0, section 3.2.1.2). Vendors write *important* and *moderate* there.
pub fn severity(document: &Csaf) -> Option<Severity> {
    let said = document.document.aggregate_severity.as_ref().and_then(|said| of_word(&said.text));
    said.or_else(|| {
        let scores = document.vulnerabilities.iter().flat_map(|one| &one.scores);
        let scores = scores.flat_map(|score| score.cvss_v3.iter().chain(&score.cvss_v2));
        scores.filter_map(|cvss| of_score(cvss.get("baseScore")?.as_f64()?)).max()
    })
}

fn of_word(word: &str) -> Option<Severity> {
    match word.trim().to_ascii_lowercase().as_str() {
        "critical" => Some(Severity::Critical),
        "high" | "important" => Some(Severity::High),
        "medium" | "moderate" => Some(Severity::Medium),
        "low" | "minor" => Some(Severity::Low),
        _ => None,
    }
}

/// CVSS 3.1, section 5, table 14; scores of version 2 are read by the same table.
fn of_score(score: f64) -> Option<Severity> {
    match score {
        score if score >= 9.0 => Some(Severity::Critical),
        score if score >= 7.0 => Some(Severity::High),
        score if score >= 4.0 => Some(Severity::Medium),
        score if score > 0.0 => Some(Severity::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(said: Option<&str>, scores: &[(&str, f64)]) -> Option<Severity> {
        let scores: Vec<_> = scores
            .iter()
            .map(
                |(version, score)| serde_json::json!({ "products": ["A"], *version: { "baseScore": score } }),
            )
            .collect();
        let mut document = serde_json::json!({
            "document": {
                "category": "csaf_base", "csaf_version": "2.0", "title": "T",
                "publisher": { "category": "coordinator", "name": "C", "namespace": "https://c.example" },
                "tracking": {
                    "current_release_date": "2026-01-01T00:00:00Z", "id": "T-1",
                    "initial_release_date": "2026-01-01T00:00:00Z", "status": "final", "version": "1",
                    "revision_history": [{ "date": "2026-01-01T00:00:00Z", "number": "1", "summary": "S" }],
                },
            },
            "vulnerabilities": [{ "scores": scores }],
        });
        if let Some(said) = said {
            document["document"]["aggregate_severity"] = serde_json::json!({ "text": said });
        }
        severity(&Csaf::read(document.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn the_publishers_word_goes_before_scores_and_the_worst_score_before_others() {
        assert_eq!(read(Some("Important"), &[("cvss_v3", 9.8)]), Some(Severity::High));
        assert_eq!(read(Some("see below"), &[("cvss_v3", 3.9), ("cvss_v2", 7.5)]), Some(Severity::High));
        assert_eq!(read(None, &[("cvss_v3", 9.0), ("cvss_v3", 4.0)]), Some(Severity::Critical));
        assert_eq!(read(None, &[("cvss_v3", 6.9)]), Some(Severity::Medium));
        assert_eq!(read(None, &[("cvss_v3", 0.0)]), None);
        assert_eq!(read(None, &[]), None);
    }
}
