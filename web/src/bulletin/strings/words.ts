// Words for values of the protocol and of the layout.

import type {
  Acknowledgement,
  BulletinRole,
  DocumentKind,
  DocumentStep,
  IncidentClock,
  IncidentStatus,
  RevisionStage,
  Severity,
  TlpLabel,
} from '../../protocol/messages';
import type { Part, Term } from '../document/layout';
import type { TextKey } from './keys';
import { t } from './text';

export const KINDS: readonly DocumentKind[] = [
  'advisory',
  'alert',
  'incident_report',
  'indicator_set',
  'information_request',
  'vulnerability_note',
];
export const LABELS: readonly TlpLabel[] = ['CLEAR', 'GREEN', 'AMBER', 'AMBER+STRICT', 'RED'];
export const SEVERITIES: readonly Severity[] = ['none', 'low', 'medium', 'high', 'critical'];
export const STAGES: readonly RevisionStage[] = ['draft', 'review', 'approved', 'interim', 'final'];
export const ROLES: readonly BulletinRole[] = ['author', 'reviewer', 'publisher', 'administrator', 'member', 'auditor'];
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = ['seen', 'applied', 'not_affected'];
export const STATUSES: readonly IncidentStatus[] = ['open', 'handling', 'contained', 'closed'];

export const kindText = (kind: DocumentKind) => t(`kind-${kind}`);
export const stageText = (stage: RevisionStage) => t(`stage-${stage}`);
export const roleText = (role: BulletinRole) => t(`role-${role}`);
export const acknowledgementText = (one: Acknowledgement) => t(`said-${one}`);
export const statusText = (status: IncidentStatus) => t(`status-${status}`);
export const clockText = (clock: IncidentClock) => t(`clock-${clock}`);
export const stepText = (step: DocumentStep) => t(`step-${step}`);
export const partText = (part: Part) => t(`part-${part}`);
export const termText = (term: Term) => t(`term-${term}`);
/** What a label means for whoever has read the document (TLP 2.0). */
export const labelText = (label: TlpLabel) => t(`tlp-${label.toLowerCase().replace('+', '-')}` as TextKey);

/** A severity is the publisher's own word; those of CVSS are translated. */
export function severityText(word: string): string {
  const key = `severity-${word.toLowerCase()}`;
  const said = t(key as TextKey);
  return said === key ? word : said;
}
