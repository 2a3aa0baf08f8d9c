// The metrics of CVSS 2.0, 3.0 and 3.1 with their weights, as `crates/advisory/src/csaf/cvss` has them; `vectors.json` there holds
// the two together. Names are the standard's (FIRST), in whose language vectors are written.

export const VERSIONS = ['3.1', '3.0', '2.0'] as const;
export type Version = (typeof VERSIONS)[number];
export const GROUPS = ['base', 'temporal', 'environmental'] as const;
export type Group = (typeof GROUPS)[number];

export interface Value {
  short: string;
  name: string;
  weight: number;
}

export interface Metric {
  short: string;
  name: string;
  group: Group;
  /** Without the one that leaves it open. */
  values: readonly Value[];
}

/** Returns the metrics of a version, in the order in which its vectors have them. */
export function metricsOf(version: Version): readonly Metric[] {
  return version === '2.0' ? V2 : V3;
}

const metric =
  (group: Group) =>
  (short: string, name: string, values: readonly Value[]): Metric => ({ short, name, group, values });
const value = (short: string, name: string, weight: number): Value => ({ short, name, weight });
const base = metric('base');
const temporal = metric('temporal');
const environmental = metric('environmental');

const VECTOR = [
  value('N', 'Network', 0.85),
  value('A', 'Adjacent', 0.62),
  value('L', 'Local', 0.55),
  value('P', 'Physical', 0.2),
];
const COMPLEXITY = [value('L', 'Low', 0.77), value('H', 'High', 0.44)];
/** For an unchanged scope. */
const PRIVILEGES = [value('N', 'None', 0.85), value('L', 'Low', 0.62), value('H', 'High', 0.27)];
const INTERACTION = [value('N', 'None', 0.85), value('R', 'Required', 0.62)];
/** Of no weight: it chooses between equations. */
const SCOPE = [value('U', 'Unchanged', 0), value('C', 'Changed', 0)];
const IMPACT = [value('N', 'None', 0), value('L', 'Low', 0.22), value('H', 'High', 0.56)];
const REQUIREMENT = [value('L', 'Low', 0.5), value('M', 'Medium', 1), value('H', 'High', 1.5)];

const V3: readonly Metric[] = [
  base('AV', 'Attack Vector', VECTOR),
  base('AC', 'Attack Complexity', COMPLEXITY),
  base('PR', 'Privileges Required', PRIVILEGES),
  base('UI', 'User Interaction', INTERACTION),
  base('S', 'Scope', SCOPE),
  base('C', 'Confidentiality', IMPACT),
  base('I', 'Integrity', IMPACT),
  base('A', 'Availability', IMPACT),
  temporal('E', 'Exploit Code Maturity', [
    value('H', 'High', 1),
    value('F', 'Functional', 0.97),
    value('P', 'Proof-of-Concept', 0.94),
    value('U', 'Unproven', 0.91),
  ]),
  temporal('RL', 'Remediation Level', [
    value('U', 'Unavailable', 1),
    value('W', 'Workaround', 0.97),
    value('T', 'Temporary Fix', 0.96),
    value('O', 'Official Fix', 0.95),
  ]),
  temporal('RC', 'Report Confidence', [
    value('C', 'Confirmed', 1),
    value('R', 'Reasonable', 0.96),
    value('U', 'Unknown', 0.92),
  ]),
  environmental('CR', 'Confidentiality Requirement', REQUIREMENT),
  environmental('IR', 'Integrity Requirement', REQUIREMENT),
  environmental('AR', 'Availability Requirement', REQUIREMENT),
  environmental('MAV', 'Modified Attack Vector', VECTOR),
  environmental('MAC', 'Modified Attack Complexity', COMPLEXITY),
  environmental('MPR', 'Modified Privileges Required', PRIVILEGES),
  environmental('MUI', 'Modified User Interaction', INTERACTION),
  environmental('MS', 'Modified Scope', SCOPE),
  environmental('MC', 'Modified Confidentiality', IMPACT),
  environmental('MI', 'Modified Integrity', IMPACT),
  environmental('MA', 'Modified Availability', IMPACT),
];

const IMPACT_2 = [value('N', 'None', 0), value('P', 'Partial', 0.275), value('C', 'Complete', 0.66)];
const REQUIREMENT_2 = [value('L', 'Low', 0.5), value('M', 'Medium', 1), value('H', 'High', 1.51)];

const V2: readonly Metric[] = [
  base('AV', 'Access Vector', [
    value('N', 'Network', 1),
    value('A', 'Adjacent Network', 0.646),
    value('L', 'Local', 0.395),
  ]),
  base('AC', 'Access Complexity', [value('L', 'Low', 0.71), value('M', 'Medium', 0.61), value('H', 'High', 0.35)]),
  base('Au', 'Authentication', [value('N', 'None', 0.704), value('S', 'Single', 0.56), value('M', 'Multiple', 0.45)]),
  base('C', 'Confidentiality', IMPACT_2),
  base('I', 'Integrity', IMPACT_2),
  base('A', 'Availability', IMPACT_2),
  temporal('E', 'Exploitability', [
    value('U', 'Unproven', 0.85),
    value('POC', 'Proof-of-Concept', 0.9),
    value('F', 'Functional', 0.95),
    value('H', 'High', 1),
  ]),
  temporal('RL', 'Remediation Level', [
    value('OF', 'Official Fix', 0.87),
    value('TF', 'Temporary Fix', 0.9),
    value('W', 'Workaround', 0.95),
    value('U', 'Unavailable', 1),
  ]),
  temporal('RC', 'Report Confidence', [
    value('UC', 'Unconfirmed', 0.9),
    value('UR', 'Uncorroborated', 0.95),
    value('C', 'Confirmed', 1),
  ]),
  environmental('CDP', 'Collateral Damage Potential', [
    value('N', 'None', 0),
    value('L', 'Low', 0.1),
    value('LM', 'Low-Medium', 0.3),
    value('MH', 'Medium-High', 0.4),
    value('H', 'High', 0.5),
  ]),
  environmental('TD', 'Target Distribution', [
    value('N', 'None', 0),
    value('L', 'Low', 0.25),
    value('M', 'Medium', 0.75),
    value('H', 'High', 1),
  ]),
  environmental('CR', 'Confidentiality Requirement', REQUIREMENT_2),
  environmental('IR', 'Integrity Requirement', REQUIREMENT_2),
  environmental('AR', 'Availability Requirement', REQUIREMENT_2),
];
