// What is urgent in the bulletin for whoever is signed in.

import type { BulletinAlert, BulletinAlerts, DismissAlert } from '../protocol/messages';
import { ask } from './api';

export const loadAlerts = () => ask<BulletinAlerts>('GET', 'bulletin/alerts');

export async function dismissAlert({ document, revision }: BulletinAlert): Promise<void> {
  const body: DismissAlert = { document, revision };
  await ask('POST', 'bulletin/alerts', body);
}
