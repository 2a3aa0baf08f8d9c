// Words for values of the protocol.

import type { AccountRole, AuditAction, Rule, Scope } from '../../protocol/messages';
import type { TextKey } from './keys';
import { t } from './text';

/** Rules that this page can meet have a sentence of their own; any other is named. */
const TOLD: readonly TextKey[] = [
  'rule-account-identity',
  'rule-account-known',
  'rule-account-last',
  'rule-account-link',
  'rule-account-origin',
  'rule-account-passkey',
  'rule-account-password',
  'rule-account-passwords-off',
  'rule-account-provider',
  'rule-account-role',
  'rule-account-scope',
  'rule-account-signed-in',
  'rule-account-stranger',
  'rule-bulletin-attachment',
  'rule-bulletin-content',
  'rule-bulletin-csaf',
  'rule-bulletin-four-eyes',
  'rule-bulletin-key',
  'rule-bulletin-known',
  'rule-bulletin-marking',
  'rule-bulletin-role',
  'rule-bulletin-seen',
  'rule-bulletin-stage',
  'rule-bulletin-webhook',
  'rule-floor-later',
  'rule-floor-profile',
  'rule-floor-seen',
  'rule-limit-account',
  'rule-limit-credentials',
  'rule-limit-mails',
  'rule-limit-network',
  'rule-org-link-private',
  'rule-server-capacity',
  'rule-server-storage',
  'rule-wire-form',
  'rule-wire-rate',
];

export function ruleText(rule: Rule): string {
  const key = `rule-${plain(rule)}`;
  const told = TOLD.find((known) => known === key);
  return told ? t(told) : t('rule-other', { rule });
}

export function roleText(role: AccountRole): string {
  return t(`role-${role}`);
}

export function scopeText(scope: Scope): string {
  return t(`scope-${plain(scope)}` as TextKey);
}

export function actionText(action: AuditAction): string {
  return t(`did-${plain(action)}` as TextKey);
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[._:]/g, '-');
}

/** Every action, for the filter. A test holds it to the protocol. */
export const ACTIONS: readonly AuditAction[] = [
  'user.joined',
  'user.changed',
  'user.removed',
  'floor.applied',
  'floor.subscribed',
  'floor.unsubscribed',
  'floor.not_followed',
  'template.changed',
  'template.removed',
  'identity.added',
  'identity.removed',
  'invitation.created',
  'invitation.revoked',
  'session.begun',
  'session.ended',
  'session.revoked',
  'passkey.added',
  'passkey.renamed',
  'passkey.removed',
  'password.set',
  'password.removed',
  'passwords.allowed',
  'passwords.forbidden',
  'recovery.created',
  'user.recovered',
  'key.created',
  'key.revoked',
  'meeting.created',
  'meetings.mailed',
  'meetings.planned',
  'meeting.cancelled',
  'organisation.renamed',
  'bulletin.document',
  'bulletin.acknowledged',
  'bulletin.comment',
  'bulletin.attachment',
  'bulletin.profile',
  'bulletin.webhook',
  'bulletin.client',
  'bulletin.incident',
  'bulletin.organisation',
  'bulletin.membership',
  'bulletin.group',
  'audit.exported',
];
export const ROLES: readonly AccountRole[] = ['administrator', 'security_officer', 'host'];
export const SCOPES: readonly Scope[] = [
  'meetings:create',
  'users:read',
  'users:write',
  'policy:read',
  'policy:write',
  'bulletin:read',
  'bulletin:write',
  'audit:read',
  'health:read',
];
