//! How severe a document says that it is.

use sabha_protocol::bulletin::Severity;
use serde_json::Value;

/// Returns how severe a document says that it is: its publisher's own word, else the highest of its scores of CVSS 3. Of words that are
/// none of CVSS those are known that vendors use for its steps (minor, moderate, important); others say nothing that could be compared.
pub fn severity(content: &Value) -> Option<Severity> {
    let known = |word: &str| match word.trim().to_ascii_lowercase().as_str() {
        "minor" => Some(Severity::Low),
        "moderate" => Some(Severity::Medium),
        "important" => Some(Severity::High),
        word => Severity::ALL.into_iter().find(|one| one.word() == word),
    };
    match content.pointer("/document/aggregate_severity/text") {
        Some(word) => known(word.as_str()?),
        None => {
            let all = content["vulnerabilities"].as_array().into_iter().flatten();
            let scores = all.flat_map(|one| one["scores"].as_array().into_iter().flatten());
            scores.filter_map(|score| known(score.pointer("/cvss_v3/baseSeverity")?.as_str()?)).max()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_publishers_word_counts_before_scores_do() {
        let scored =
            |word: &str| json!({ "scores": [{ "cvss_v3": { "baseSeverity": word } }, { "cvss_v2": {} }] });
        let all = json!([scored("LOW"), { "cve": "x" }, scored("HIGH"), scored("MEDIUM")]);
        assert_eq!(severity(&json!({ "vulnerabilities": all })), Some(Severity::High));
        let said = |word: Value| json!({ "document": { "aggregate_severity": { "text": word } }, "vulnerabilities": all });
        assert_eq!(severity(&said(json!(" critical "))), Some(Severity::Critical));
        assert_eq!(severity(&said(json!("Important"))), Some(Severity::High));
        assert_eq!(severity(&said(json!("Grave"))), None);
        assert_eq!(severity(&said(json!(4))), None);
        assert_eq!(severity(&json!([])), None);
    }
}
