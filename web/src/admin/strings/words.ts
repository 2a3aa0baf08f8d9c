// Words for values of the protocol.

import type { AccountRole, AuditAction, Scope } from '../../protocol/messages';
import type { TextKey } from './keys';
import { t } from './text';

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
