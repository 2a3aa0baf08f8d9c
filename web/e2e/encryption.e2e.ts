// What is encrypted, for whom, and what everybody else holds: the server, the lobby, somebody who was removed.

import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, launchFirefox, missing } from './harness/browsers.ts';
import { compressed, distinct, opened, originOf, pictures, playTone, toneShare } from './harness/capture.ts';
import { Insight, type WireFrame } from './harness/insight.ts';
import { Middle } from './harness/middle.ts';
import { nearest } from './harness/pattern.ts';
import type { Person } from './harness/person.ts';
import { Stage } from './harness/story.ts';

/** Waits until all are verified and show the same code, another one than `before`. Returns it. */
async function agreedCode(people: readonly Person[], before = ''): Promise<string> {
  await Promise.all(people.map((person) => person.verified()));
  let codes: string[] = [];
  await expect
    .poll(
      async () => {
        codes = [...new Set(await Promise.all(people.map((person) => person.verificationCode())))];
        return codes.length === 1 && codes[0] !== before && /^\d{30}$/.test(codes[0] ?? '');
      },
      { timeout: 40_000, message: 'everybody shows the same new code' },
    )
    .toBe(true);
  return codes[0] ?? '';
}

/** Waits for `count` different frames of a source. Returns as many, without the few before the first picture that stands alone. */
async function captured(insight: Insight, media: 'audio' | 'video', count: number): Promise<WireFrame[]> {
  let frames: WireFrame[] = [];
  await expect
    .poll(
      async () => {
        frames = distinct((await insight.frames()).filter((frame) => frame.media === media));
        return frames.length;
      },
      { timeout: 30_000, interval: 500, message: `${count} frames of ${media} were forwarded` },
    )
    .toBeGreaterThanOrEqual(count);
  return frames.slice(0, count);
}

describe.skipIf(missing.chromium || missing.firefox)('encryption', () => {
  const stage = new Stage();
  let red: Browser;
  let green: Browser;
  let fox: Browser;
  beforeAll(async () => {
    red = await stage.keep(launchChromium({ camera: 'red' }));
    green = await stage.keep(launchChromium({ camera: 'green' }));
    fox = await stage.keep(launchFirefox());
  });

  test('all in Chromium and Firefox are verified with one code, which changes when somebody joins', async () => {
    const asha = await stage.person(red, 'Asha');
    const chitra = await stage.person(fox, 'Chitra');
    const ben = await stage.person(green, 'Ben');
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, chitra, link);
    const before = await agreedCode([asha, chitra]);
    await chitra.sees('Asha', 'red');
    await asha.seesWanderingColour('Chitra');

    await stage.bring(asha, ben, link);

    await agreedCode([asha, chitra, ben], before);
    await ben.sees('Asha', 'red');
    await ben.seesWanderingColour('Chitra');
    await chitra.sees('Ben', 'green');
    for (const person of [asha, chitra, ben]) {
      await expect.poll(() => person.roster()).toEqual(['Asha', 'Ben', 'Chitra']);
      await person.hears();
    }
  });

  test('what the server forwards holds nothing of a picture and a tone, to whoever has no key', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    await playTone(asha.page);
    const insight = await Insight.into(ben, { frames: 400 });
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await ben.sees('Asha', 'red');

    const video = await captured(insight, 'video', 40);
    const audio = await captured(insight, 'audio', 120);
    const keys = await insight.baseKeys();
    for (const frame of [...video, ...audio]) expect(originOf(frame)?.leaf, 'a frame of the host').toBe(0);

    // With the key it is what the camera and the microphone took: so a capture without it could have shown it.
    const openVideo = await Promise.all(video.map((frame) => opened(frame, keys)));
    const openAudio = await Promise.all(audio.map((frame) => opened(frame, keys)));
    const clearVideo = openVideo.filter((frame) => frame !== null);
    const clearAudio = openAudio.filter((frame) => frame !== null);
    expect([clearVideo.length, clearAudio.length]).toEqual([video.length, audio.length]);
    const shown = await pictures(ben.page, clearVideo);
    expect(shown.length).toBeGreaterThan(30);
    expect(new Set(shown.map(nearest))).toEqual(new Set(['red']));
    expect(await toneShare(ben.page, clearAudio)).toBeGreaterThan(0.8);

    // Without it there is neither.
    expect(await pictures(ben.page, video)).toEqual([]);
    expect(await toneShare(ben.page, audio)).toBeLessThan(0.2);
    expect(compressed(video)).toBeGreaterThan(0.99);
    expect(compressed(audio)).toBeGreaterThan(0.99);
  });

  test('a guest in the lobby has no key, no frame, no word of the group and no name of anybody', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const insight = await Insight.into(ben, { frames: 100 });
    const middle = await Middle.before(ben);
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    const sent = async () => (await asha.streams('outbound')).reduce((sum, stream) => sum + stream.packets, 0);
    await ben.knock(link);
    await ben.inLobby();
    await asha.lobbyEntry('Ben').waitFor();
    const before = await sent();
    await expect.poll(sent, { timeout: 40_000 }).toBeGreaterThan(before + 100);

    const installed = async () => (await insight.keys()).filter(({ change }) => change.type === 'install').length;
    expect(await installed()).toBe(0);
    expect(await insight.frames()).toEqual([]);
    expect(await ben.bytesReceived()).toBe(0);
    expect(await ben.roster()).toEqual([]);
    expect(await ben.page.content()).not.toContain('Asha');
    const heard = new Set(middle.said.map(({ type }) => type));
    expect([...heard].filter((type) => !['welcome', 'waiting', 'done', 'door', 'pong'].includes(type))).toEqual([]);

    await asha.admit('Ben');
    await ben.sees('Asha', 'red');
    expect(await installed()).toBeGreaterThan(0);
    expect((await insight.frames()).length).toBeGreaterThan(0);
  });

  test('a removed device that keeps every key opens no frame that is sent two seconds later, and is sent none', async () => {
    const asha = await stage.person(red, 'Asha');
    const ben = await stage.person(green, 'Ben');
    const dora = await stage.person(green, 'Dora');
    const rogue = await Insight.into(ben, { frames: 20, disobeys: true });
    const honest = await Insight.into(dora, { frames: 5000 });
    const link = await asha.startMeeting(stage.server.newMeetingUrl);
    await stage.bring(asha, ben, link);
    await stage.bring(asha, dora, link);
    await ben.sees('Asha', 'red');
    await dora.sees('Asha', 'red');
    const fromAsha = async () => (await honest.frames()).filter((frame) => originOf(frame)?.leaf === 0);
    await captured(honest, 'video', 20);

    await asha.act('Ben', 'action-remove');
    const removedAt = Date.now();
    await ben.get('ended').waitFor();
    const later = async () => (await fromAsha()).filter(({ at }) => at > removedAt + 2000);
    await expect.poll(async () => (await later()).length, { timeout: 40_000, interval: 500 }).toBeGreaterThan(150);

    const keys = await rogue.baseKeys();
    const opens = async (frame: WireFrame) => (await opened(frame, keys)) !== null;
    const frames = await fromAsha();
    const open = await Promise.all(frames.map(opens));
    const last = Math.max(...frames.filter((_, index) => open[index]).map(({ at }) => at));
    // What it could open, it opened: the keys are right, and the frames are those of the meeting it was in.
    expect(frames.filter(({ at }, index) => at < removedAt && open[index]).length).toBeGreaterThan(20);
    expect(frames.filter(({ at }, index) => at > removedAt + 2000 && open[index])).toEqual([]);
    expect(last - removedAt, 'milliseconds in which the removed device could still open').toBeLessThan(2000);

    const received = await ben.bytesReceived();
    const { passed } = await rogue.sums('receive');
    const seen = (await later()).length;
    await expect.poll(async () => (await later()).length, { timeout: 40_000 }).toBeGreaterThan(seen + 100);
    expect(await ben.bytesReceived()).toBe(received);
    expect((await rogue.sums('receive')).passed).toBe(passed);
    // What it goes on sending goes nowhere.
    const leaves = (await honest.frames()).filter(({ at }) => at > removedAt + 2000).map(originOf);
    expect(new Set(leaves.map((origin) => origin?.leaf))).toEqual(new Set([0]));
    await dora.seesMotion('Asha');
  });
});
