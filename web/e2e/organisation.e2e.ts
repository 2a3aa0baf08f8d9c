// Who of a lobby and of a room is of the organisation, as the server says it to hosts.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Clerk } from './harness/clerk.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

describe.skipIf(missing.chromium)('of the organisation', () => {
  const stage = new Stage();
  let browser: Browser;
  beforeAll(async () => {
    browser = await stage.keep(launchChromium({ camera: 'red' }));
  });

  const listed = (host: Person, list: 'lobby-entry' | 'roster-entry', name: string) =>
    host.page.locator(`[data-testid="${list}"][data-name="${name}"]`);

  test('a host sees of a colleague who is signed in that they are, and of a guest that they are not', async () => {
    const colleague = await Clerk.at(browser);
    await colleague.join(stage.server.setupUrl ?? '', 'Asha');
    const hema = await stage.person(browser, 'Hema');
    const eve = await stage.person(browser, 'Eve');
    const link = await hema.startMeeting(stage.server.newMeetingUrl);

    // The session is for the address at which accounts are.
    await colleague.page.goto(link.replace(new URL(link).origin, new URL(colleague.page.url()).origin));
    await colleague.get('prejoin-name').fill('Asha');
    await colleague.get('prejoin-join').click();
    await eve.knock(link);
    await eve.inLobby();
    await hema.openPanel('people');
    for (const list of ['lobby-entry', 'roster-entry'] as const) {
      const [asha, stranger] = [listed(hema, list, 'Asha'), listed(hema, list, 'Eve')];
      await asha.waitFor();
      await stranger.waitFor();
      expect(await asha.getAttribute('data-organisation')).toBe('true');
      expect(await asha.textContent()).toContain('signed in with your organisation');
      expect(await stranger.getAttribute('data-organisation')).toBe('false');
      expect(await stranger.textContent()).not.toContain('signed in with your organisation');
      if (list === 'lobby-entry') for (const name of ['Asha', 'Eve']) await hema.admit(name);
    }
    await eve.inRoom();
    await eve.openPanel('people');
    await listed(eve, 'roster-entry', 'Asha').waitFor();
    expect(await listed(eve, 'roster-entry', 'Asha').textContent(), 'that is for hosts').not.toContain(
      'your organisation',
    );
    expect(colleague.problems).toEqual([]);
    await colleague.close();
  });
});
