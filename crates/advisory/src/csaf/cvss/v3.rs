//! CVSS 3.0 and 3.1: metrics and equations (sections 7 and 8 of both specifications, which differ in two places).

use super::{Metric, Scores, Value, Vector, base, optional, tenths, value};

pub(super) const METRICS: &[Metric] = &[
    base("AV", "attackVector", ATTACK_VECTOR),
    base("AC", "attackComplexity", ATTACK_COMPLEXITY),
    base("PR", "privilegesRequired", PRIVILEGES),
    base("UI", "userInteraction", INTERACTION),
    base("S", "scope", SCOPE),
    base("C", "confidentialityImpact", IMPACT),
    base("I", "integrityImpact", IMPACT),
    base("A", "availabilityImpact", IMPACT),
    optional(
        "E",
        "exploitCodeMaturity",
        &[
            value("H", "HIGH", 1.0),
            value("F", "FUNCTIONAL", 0.97),
            value("P", "PROOF_OF_CONCEPT", 0.94),
            value("U", "UNPROVEN", 0.91),
        ],
        OPEN,
    ),
    optional(
        "RL",
        "remediationLevel",
        &[
            value("U", "UNAVAILABLE", 1.0),
            value("W", "WORKAROUND", 0.97),
            value("T", "TEMPORARY_FIX", 0.96),
            value("O", "OFFICIAL_FIX", 0.95),
        ],
        OPEN,
    ),
    optional(
        "RC",
        "reportConfidence",
        &[value("C", "CONFIRMED", 1.0), value("R", "REASONABLE", 0.96), value("U", "UNKNOWN", 0.92)],
        OPEN,
    ),
    optional("CR", "confidentialityRequirement", REQUIREMENT, OPEN),
    optional("IR", "integrityRequirement", REQUIREMENT, OPEN),
    optional("AR", "availabilityRequirement", REQUIREMENT, OPEN),
    optional("MAV", "modifiedAttackVector", ATTACK_VECTOR, OPEN),
    optional("MAC", "modifiedAttackComplexity", ATTACK_COMPLEXITY, OPEN),
    optional("MPR", "modifiedPrivilegesRequired", PRIVILEGES, OPEN),
    optional("MUI", "modifiedUserInteraction", INTERACTION, OPEN),
    optional("MS", "modifiedScope", SCOPE, OPEN),
    optional("MC", "modifiedConfidentialityImpact", IMPACT, OPEN),
    optional("MI", "modifiedIntegrityImpact", IMPACT, OPEN),
    optional("MA", "modifiedAvailabilityImpact", IMPACT, OPEN),
];

const OPEN: &[Value] = &[value("X", "NOT_DEFINED", 1.0)];

const ATTACK_VECTOR: &[Value] = &[
    value("N", "NETWORK", 0.85),
    value("A", "ADJACENT_NETWORK", 0.62),
    value("L", "LOCAL", 0.55),
    value("P", "PHYSICAL", 0.2),
];

const ATTACK_COMPLEXITY: &[Value] = &[value("L", "LOW", 0.77), value("H", "HIGH", 0.44)];

/// For an unchanged scope; what a changed one makes of them is in [`privileges`].
const PRIVILEGES: &[Value] = &[value("N", "NONE", 0.85), value("L", "LOW", 0.62), value("H", "HIGH", 0.27)];

const INTERACTION: &[Value] = &[value("N", "NONE", 0.85), value("R", "REQUIRED", 0.62)];

/// Of no weight: it chooses between equations.
const SCOPE: &[Value] = &[value("U", "UNCHANGED", 0.0), value("C", "CHANGED", 0.0)];

const IMPACT: &[Value] = &[value("N", "NONE", 0.0), value("L", "LOW", 0.22), value("H", "HIGH", 0.56)];

const REQUIREMENT: &[Value] = &[value("L", "LOW", 0.5), value("M", "MEDIUM", 1.0), value("H", "HIGH", 1.5)];

pub(super) fn scores(vector: &Vector, is_3_1: bool) -> Scores {
    let weight = |short| vector.weight(short).unwrap_or(1.0);
    let modified = |short, base| vector.value(short).or_else(|| vector.value(base));
    let modified_weight = |short, base| modified(short, base).map_or(1.0, |value| value.weight);
    let up = |score: f64| round_up(score, is_3_1);
    let threat = weight("E") * weight("RL") * weight("RC");
    let is_changed = |scope: Option<&Value>| scope.is_some_and(|scope| scope.short == "C");

    let changed = is_changed(vector.value("S"));
    let iss = 1.0 - (1.0 - weight("C")) * (1.0 - weight("I")) * (1.0 - weight("A"));
    let impact = if changed { 7.52 * (iss - 0.029) - 3.25 * (iss - 0.02).powf(15.0) } else { 6.42 * iss };
    let exploitability =
        8.22 * weight("AV") * weight("AC") * privileges(vector.value("PR"), changed) * weight("UI");
    let base = up(combined(impact, exploitability, changed));

    let changed = is_changed(modified("MS", "S"));
    let left = |of, base, requirement| 1.0 - modified_weight(of, base) * weight(requirement);
    let miss = (1.0 - left("MC", "C", "CR") * left("MI", "I", "IR") * left("MA", "A", "AR")).min(0.915);
    let impact = match (changed, is_3_1) {
        (false, _) => 6.42 * miss,
        (true, false) => 7.52 * (miss - 0.029) - 3.25 * (miss - 0.02).powf(15.0),
        (true, true) => 7.52 * (miss - 0.029) - 3.25 * (miss * 0.9731 - 0.02).powf(13.0),
    };
    let exploitability = 8.22
        * modified_weight("MAV", "AV")
        * modified_weight("MAC", "AC")
        * privileges(modified("MPR", "PR"), changed)
        * modified_weight("MUI", "UI");
    let environmental = up(up(combined(impact, exploitability, changed)) * threat);
    Scores { base: tenths(base), temporal: tenths(up(base * threat)), environmental: tenths(environmental) }
}

/// Returns the weight of the privileges required, which are worth more to whoever gets out of a component's scope.
fn privileges(value: Option<&Value>, scope_changed: bool) -> f64 {
    match value {
        Some(value) if scope_changed && value.short == "L" => 0.68,
        Some(value) if scope_changed && value.short == "H" => 0.5,
        Some(value) => value.weight,
        None => 1.0,
    }
}

/// Puts impact and exploitability together. Without impact there is no score.
fn combined(impact: f64, exploitability: f64, scope_changed: bool) -> f64 {
    if impact <= 0.0 {
        0.0
    } else if scope_changed {
        (1.08 * (impact + exploitability)).min(10.0)
    } else {
        (impact + exploitability).min(10.0)
    }
}

/// Rounds up to one decimal: the least such number that is not less. Version 3.1 (appendix A) says how, so that no
/// arithmetic makes 4.1 of 4.0.
fn round_up(score: f64, is_3_1: bool) -> f64 {
    if !is_3_1 {
        return (score * 10.0).ceil() / 10.0;
    }
    let steps = (score * 100_000.0).round();
    if steps % 10_000.0 == 0.0 { steps / 100_000.0 } else { ((steps / 10_000.0).floor() + 1.0) / 10.0 }
}
