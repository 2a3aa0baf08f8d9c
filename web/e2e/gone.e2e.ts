// What nothing heals is said. Apart from `recovery`, because nearly all of its minute is waiting.

import { describe, expect, test } from 'vitest';
import { launchChromium, missing } from './harness/browsers.ts';
import { Person } from './harness/person.ts';
import { Server } from './harness/server.ts';

describe.skipIf(missing.chromium)('gone', () => {
  test('a server that stays away is named as gone', async () => {
    const server = await Server.start();
    const red = await launchChromium({ camera: 'red' });
    try {
      const asha = await Person.open(red, 'Asha');
      await asha.startMeeting(server.newMeetingUrl);
      await server.kill();
      await asha.get('reconnecting').waitFor();
      await asha.page.getByTestId('ended').waitFor({ timeout: 90_000 });
      expect(await asha.endedBecause()).toBe('server_gone');
    } finally {
      await red.close();
      await server.stop();
    }
  });
});
