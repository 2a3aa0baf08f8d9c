//! CVSS 2.0: metrics (section 2) and equations (section 3.2).

use super::{Metric, Scores, Value, Vector, base, optional, tenths, value};

pub(super) const METRICS: &[Metric] = &[
    base(
        "AV",
        "accessVector",
        &[value("N", "NETWORK", 1.0), value("A", "ADJACENT_NETWORK", 0.646), value("L", "LOCAL", 0.395)],
    ),
    base(
        "AC",
        "accessComplexity",
        &[value("L", "LOW", 0.71), value("M", "MEDIUM", 0.61), value("H", "HIGH", 0.35)],
    ),
    base(
        "Au",
        "authentication",
        &[value("N", "NONE", 0.704), value("S", "SINGLE", 0.56), value("M", "MULTIPLE", 0.45)],
    ),
    base("C", "confidentialityImpact", IMPACT),
    base("I", "integrityImpact", IMPACT),
    base("A", "availabilityImpact", IMPACT),
    optional(
        "E",
        "exploitability",
        &[
            value("U", "UNPROVEN", 0.85),
            value("POC", "PROOF_OF_CONCEPT", 0.9),
            value("F", "FUNCTIONAL", 0.95),
            value("H", "HIGH", 1.0),
        ],
        OPEN,
    ),
    optional(
        "RL",
        "remediationLevel",
        &[
            value("OF", "OFFICIAL_FIX", 0.87),
            value("TF", "TEMPORARY_FIX", 0.9),
            value("W", "WORKAROUND", 0.95),
            value("U", "UNAVAILABLE", 1.0),
        ],
        OPEN,
    ),
    optional(
        "RC",
        "reportConfidence",
        &[value("UC", "UNCONFIRMED", 0.9), value("UR", "UNCORROBORATED", 0.95), value("C", "CONFIRMED", 1.0)],
        OPEN,
    ),
    optional(
        "CDP",
        "collateralDamagePotential",
        &[
            value("N", "NONE", 0.0),
            value("L", "LOW", 0.1),
            value("LM", "LOW_MEDIUM", 0.3),
            value("MH", "MEDIUM_HIGH", 0.4),
            value("H", "HIGH", 0.5),
        ],
        OPEN,
    ),
    optional(
        "TD",
        "targetDistribution",
        &[
            value("N", "NONE", 0.0),
            value("L", "LOW", 0.25),
            value("M", "MEDIUM", 0.75),
            value("H", "HIGH", 1.0),
        ],
        OPEN,
    ),
    optional("CR", "confidentialityRequirement", REQUIREMENT, OPEN),
    optional("IR", "integrityRequirement", REQUIREMENT, OPEN),
    optional("AR", "availabilityRequirement", REQUIREMENT, OPEN),
];

const OPEN: &[Value] = &[value("ND", "NOT_DEFINED", 1.0)];

const IMPACT: &[Value] =
    &[value("N", "NONE", 0.0), value("P", "PARTIAL", 0.275), value("C", "COMPLETE", 0.66)];

const REQUIREMENT: &[Value] = &[value("L", "LOW", 0.5), value("M", "MEDIUM", 1.0), value("H", "HIGH", 1.51)];

pub(super) fn scores(vector: &Vector) -> Scores {
    let weight = |short: &str| vector.weight(short).unwrap_or(1.0);
    let exploitability = 20.0 * weight("AV") * weight("AC") * weight("Au");
    let base_of = |impact: f64| {
        let factor = if impact == 0.0 { 0.0 } else { 1.176 };
        rounded((0.6 * impact + 0.4 * exploitability - 1.5) * factor)
    };
    let temporal_of = |base: f64| rounded(base * weight("E") * weight("RL") * weight("RC"));
    let impact_of = |requirement: &dyn Fn(&str) -> f64| {
        let left = |impact: &str, of: &str| 1.0 - weight(impact) * requirement(of);
        10.41 * (1.0 - left("C", "CR") * left("I", "IR") * left("A", "AR"))
    };
    let base = base_of(impact_of(&|_| 1.0));
    let adjusted = temporal_of(base_of(impact_of(&weight).min(10.0)));
    let damage = vector.weight("CDP").unwrap_or(0.0);
    let environmental = rounded((adjusted + (10.0 - adjusted) * damage) * weight("TD"));
    Scores { base: tenths(base), temporal: tenths(temporal_of(base)), environmental: tenths(environmental) }
}

/// Rounds to one decimal. The equation of the base score is a little below 0 for the least exploitable vectors without
/// impact, and a score is not.
fn rounded(score: f64) -> f64 {
    ((score * 10.0).round() / 10.0).max(0.0)
}
