//! The Common Vulnerability Scoring System, versions 2.0, 3.0 and 3.1: vectors, and the scores that follow from them.
//!
//! Scores are in tenths, as whole numbers: `98` is 9.8. Source: FIRST's specifications of the three versions, whose tables
//! of weights [`v2`] and [`v3`] repeat.

mod v2;
mod v3;

/// A version of CVSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cvss {
    V2,
    V30,
    V31,
}

/// A metric: its name in a vector and in a document, and its values.
pub(crate) struct Metric {
    short: &'static str,
    pub(crate) property: &'static str,
    values: &'static [Value],
    /// What leaves it open. Nothing leaves a base metric open: a vector without one says nothing.
    open: &'static [Value],
}

impl Metric {
    fn find(&self, is_it: impl Fn(&Value) -> bool) -> Option<&'static Value> {
        self.values.iter().chain(self.open).find(|value| is_it(value))
    }
}

/// A value of a metric: its name in a vector and in a document, and its weight.
#[derive(Debug)]
struct Value {
    short: &'static str,
    word: &'static str,
    weight: f64,
}

/// The three scores of a vector, each in tenths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scores {
    pub(crate) base: u8,
    pub(crate) temporal: u8,
    pub(crate) environmental: u8,
}

/// Why no scores follow from a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VectorFault {
    /// A base metric is missing.
    Missing(&'static str),
    /// A metric stands twice.
    Twice(&'static str),
    /// Something in it is no metric of this version, or no value of its metric.
    Unknown,
}

/// What a vector says: for each metric of its version the value, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Vector {
    version: Cvss,
    chosen: Vec<Option<&'static Value>>,
}

impl Cvss {
    /// Returns the version that a document calls so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "2.0" => Some(Self::V2),
            "3.0" => Some(Self::V30),
            "3.1" => Some(Self::V31),
            _ => None,
        }
    }

    const fn metrics(self) -> &'static [Metric] {
        match self {
            Self::V2 => v2::METRICS,
            Self::V30 | Self::V31 => v3::METRICS,
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::V2 => "",
            Self::V30 => "CVSS:3.0/",
            Self::V31 => "CVSS:3.1/",
        }
    }

    /// Returns whether every part of a text is a metric with one of its values: what the schema asks of a vector.
    pub(crate) fn is_vector(self, text: &str) -> bool {
        self.parts(text).is_some_and(|mut parts| parts.all(|part| part.is_some()))
    }

    /// Returns the number of each metric in a vector, with its value, in the order of the vector; `None` for what is
    /// neither.
    fn parts(self, text: &str) -> Option<impl Iterator<Item = Option<(usize, &'static Value)>>> {
        let parts = text.strip_prefix(self.prefix())?.split('/');
        Some(parts.map(move |part| {
            let (short, value) = part.split_once(':')?;
            let metric = self.metrics().iter().position(|metric| metric.short == short)?;
            Some((metric, self.metrics()[metric].find(|known| known.short == value)?))
        }))
    }

    /// Reads a vector.
    pub(crate) fn read(self, text: &str) -> Result<Vector, VectorFault> {
        let mut chosen = vec![None; self.metrics().len()];
        for part in self.parts(text).ok_or(VectorFault::Unknown)? {
            let (metric, value) = part.ok_or(VectorFault::Unknown)?;
            if chosen[metric].replace(value).is_some() {
                return Err(VectorFault::Twice(self.metrics()[metric].short));
            }
        }
        let missing = self
            .metrics()
            .iter()
            .zip(&chosen)
            .find(|(metric, value)| metric.open.is_empty() && value.is_none());
        match missing {
            Some((metric, _)) => Err(VectorFault::Missing(metric.short)),
            None => Ok(Vector { version: self, chosen }),
        }
    }
}

impl Vector {
    /// Returns each metric that the vector has, with the word for its value.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&'static Metric, &'static str)> {
        let metrics = self.version.metrics().iter().zip(&self.chosen);
        metrics.filter_map(|(metric, value)| Some((metric, value.as_ref()?.word)))
    }

    /// Gives metrics that the vector does not have the values that `words` has for their properties.
    pub(crate) fn complete<'a>(&mut self, words: impl Fn(&str) -> Option<&'a str>) {
        for (metric, value) in self.version.metrics().iter().zip(&mut self.chosen) {
            if value.is_none()
                && let Some(word) = words(metric.property)
            {
                *value = metric.find(|known| known.word == word);
            }
        }
    }

    /// Returns the scores that follow from the vector.
    pub(crate) fn scores(&self) -> Scores {
        match self.version {
            Cvss::V2 => v2::scores(self),
            Cvss::V30 | Cvss::V31 => v3::scores(self, self.version == Cvss::V31),
        }
    }

    /// Returns the weight of a metric, or `None` if the vector leaves it open.
    fn weight(&self, short: &str) -> Option<f64> {
        Some(self.value(short)?.weight)
    }

    fn value(&self, short: &str) -> Option<&'static Value> {
        let at = self.version.metrics().iter().position(|metric| metric.short == short)?;
        self.chosen[at].filter(|value| value.word != "NOT_DEFINED")
    }
}

/// Returns the word for how severe a score of CVSS 3 is.
pub(crate) const fn severity(tenths: u8) -> &'static str {
    match tenths {
        0 => "NONE",
        1..40 => "LOW",
        40..70 => "MEDIUM",
        70..90 => "HIGH",
        _ => "CRITICAL",
    }
}

const fn value(short: &'static str, word: &'static str, weight: f64) -> Value {
    Value { short, word, weight }
}

const fn base(short: &'static str, property: &'static str, values: &'static [Value]) -> Metric {
    Metric { short, property, values, open: &[] }
}

const fn optional(
    short: &'static str,
    property: &'static str,
    values: &'static [Value],
    open: &'static [Value],
) -> Metric {
    Metric { short, property, values, open }
}

/// Returns a score that is known to lie from 0 to 10 in tenths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the callers' formulas end from 0 to 10"
)]
fn tenths(score: f64) -> u8 {
    (score * 10.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores as FIRST's calculators give them.
    #[test]
    fn scores_are_those_of_the_specifications() {
        for (version, vector, scores) in [
            (Cvss::V2, "AV:N/AC:L/Au:N/C:N/I:N/A:C", [78, 78, 78]),
            (Cvss::V2, "AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H", [78, 64, 92]),
            (Cvss::V2, "AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L", [100, 83, 90]),
            (Cvss::V2, "AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M", [62, 49, 75]),
            (Cvss::V2, "AV:N/AC:L/Au:N/C:N/I:N/A:N", [0, 0, 0]),
            (Cvss::V2, "AV:N/AC:L/Au:N/C:C/I:C/A:C/TD:N", [100, 100, 0]),
            (Cvss::V31, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", [100, 100, 100]),
            (Cvss::V31, "CVSS:3.1/AV:L/AC:L/PR:H/UI:R/S:U/C:H/I:H/A:H", [65, 65, 65]),
            (Cvss::V30, "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", [61, 61, 61]),
            (Cvss::V31, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", [0, 0, 0]),
            (Cvss::V31, "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N/E:P/RL:O/RC:C", [31, 28, 28]),
            (Cvss::V31, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MC:N/MI:N/MA:N", [98, 98, 0]),
            // Where the versions differ.
            (Cvss::V30, "CVSS:3.0/AV:P/AC:H/PR:H/UI:R/S:C/C:H/I:H/A:H/CR:H/IR:H/AR:H", [68, 68, 68]),
            (Cvss::V31, "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:C/C:H/I:H/A:H/CR:H/IR:H/AR:H", [68, 68, 69]),
            (Cvss::V30, "CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:H/I:H/A:N/CR:H/MS:C/MA:H", [56, 56, 72]),
            (Cvss::V31, "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:H/I:H/A:N/CR:H/MS:C/MA:H", [56, 56, 73]),
        ] {
            let found = version.read(vector).unwrap().scores();
            assert_eq!([found.base, found.temporal, found.environmental], scores, "{vector}");
        }
    }

    #[test]
    fn vector_without_meaning_is_refused_with_the_reason() {
        let fault = |text| Cvss::V31.read(text).unwrap_err();
        assert_eq!(fault("CVSS:3.1/AV:N"), VectorFault::Missing("AC"));
        assert_eq!(fault("CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), VectorFault::Twice("AV"));
        for text in ["", "CVSS:3.1/", "CVSS:3.0/AV:N", "CVSS:3.1/AV:Z", "AV:N", "CVSS:3.1/AV:N/"] {
            assert_eq!(fault(text), VectorFault::Unknown, "{text}");
        }
        assert!(Cvss::V31.is_vector("CVSS:3.1/AV:N/AV:L"));
        assert!(!Cvss::V31.is_vector("CVSS:3.1/AV:N/AV:L/"));
    }

    #[test]
    fn severity_changes_where_the_specification_says() {
        for (score, word) in [
            (0, "NONE"),
            (1, "LOW"),
            (39, "LOW"),
            (40, "MEDIUM"),
            (69, "MEDIUM"),
            (70, "HIGH"),
            (89, "HIGH"),
            (90, "CRITICAL"),
        ] {
            assert_eq!(severity(score), word);
        }
    }

    /// `vectors.json` holds the calculator of the web client to these equations: `UPDATE=1 cargo test -p sabha-advisory cvss` writes it.
    #[test]
    fn the_calculator_of_the_web_client_is_held_to_these_scores() {
        // Multiplying by an odd number goes through all of them, so that every value stands somewhere, and always in the same order.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % most
        };
        let mut lines = Vec::new();
        for (version, name) in [(Cvss::V2, "2.0"), (Cvss::V30, "3.0"), (Cvss::V31, "3.1")] {
            for round in 0..250 {
                let parts = version.metrics().iter().filter_map(|metric| {
                    // A third with base metrics only, a third with some, a third with all of the others.
                    let is_open =
                        !metric.open.is_empty() && (round % 3 == 0 || round % 3 == 1 && next(2) == 0);
                    let value = metric.values[next(metric.values.len())].short;
                    (!is_open).then(|| format!("{}:{value}", metric.short))
                });
                let vector = format!("{}{}", version.prefix(), parts.collect::<Vec<_>>().join("/"));
                let Scores { base, temporal, environmental } = version.read(&vector).unwrap().scores();
                let scores = [base, temporal, environmental].map(|score| f64::from(score) / 10.0);
                let severity = severity(base);
                let line = serde_json::json!({ "version": name, "vector": vector, "scores": scores, "severity": severity });
                lines.push(line.to_string());
            }
        }
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/csaf/cvss/vectors.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), text, "run with UPDATE=1");
    }
}
