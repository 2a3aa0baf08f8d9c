import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DeviceOutput, MaterialView } from '../protocol/messages';
import { bytesOf, contentOf } from './material';
import { media, member, Play } from './play';

const shown = (more: Partial<MaterialView> = {}): MaterialView => ({
  from: 'D2',
  id: 'M',
  kind: 'text',
  parts: 1,
  done: 1,
  state: 'here',
  ...more,
});
const handedOut: DeviceOutput = { type: 'material', from: 'D2', id: 'M', kind: 'text', content: 'c2VjcmV0' };

let play: Play;

beforeEach(() => {
  play = new Play().intoRoom();
});

describe('restricted material', () => {
  it('is shown once all of it is here, with the name of who shows it, and is told of once', () => {
    play.view({ materials: [shown({ state: 'coming', done: 0 })] });
    expect(play.shown.materials).toMatchObject([{ name: 'P2', state: 'coming', content: null }]);
    play.do({ type: 'device', output: handedOut }).view({ materials: [shown()] });
    expect(play.shown.materials).toMatchObject([{ name: 'P2', state: 'here', content: 'c2VjcmV0' }]);
    expect(play.notices.filter(([kind]) => kind === 'material')).toEqual([['material', 'P2']]);
  });

  it('one’s own comes before the view that has it, and is no news', () => {
    play.do({ type: 'device', output: { ...handedOut, from: 'D1' } });
    expect(play.shown.materials).toEqual([]);
    play.view({ materials: [shown({ from: 'D1', state: 'own' })] });
    expect(play.shown.materials).toMatchObject([{ state: 'own', content: 'c2VjcmV0' }]);
    expect(play.notices.map(([kind]) => kind)).not.toContain('material');
  });

  it('goes, with all that was held of it, when the device shows it no more', () => {
    play.do({ type: 'device', output: handedOut }).view({ materials: [shown()] });
    play.view({ materials: [] });
    expect(play.shown.materials).toEqual([]);
    expect(play.model.contents.size).toBe(0);
    expect(play.notices.at(-1)).toEqual(['material_gone', 'P2']);
  });

  it.each([
    ['removed', () => play.hear({ type: 'closed', reason: 'removed', by: null })],
    ['sent back', () => play.hear({ type: 'closed', reason: 'sent_back', by: null })],
    ['at the end', () => play.hear({ type: 'closed', reason: 'ended', by: null })],
    ['without a device', () => play.do({ type: 'device_failed' })],
  ])('goes when its reader is %s, whatever the device still says', (_, leave) => {
    play.do({ type: 'device', output: handedOut }).view({ materials: [shown()] });
    leave();
    expect(play.shown.phase).not.toBe('joined');
    expect(play.shown.materials).toEqual([]);
    expect(play.model.contents.size).toBe(0);
    play.do({ type: 'device', output: handedOut }).view({ materials: [shown()] });
    expect(play.shown.materials).toEqual([]);
    expect(play.model.contents.size).toBe(0);
  });

  it('is shown by the device, and by nobody who may not share', () => {
    const show = { type: 'show_material', kind: 'text', content: 'c2VjcmV0' } as const;
    expect(play.do(show).told).toEqual([show]);
    expect(play.do({ type: 'take_material_away' }).told).toEqual([{ type: 'take_material_away' }]);
    play.view({ members: [member(1, { allowed: media() }), member(2)] });
    expect(play.do(show).told).toEqual([]);
    expect(play.shown.notices.at(-1)).toMatchObject({ kind: 'refused', rule: 'MEET.SHARE.HOST' });
  });

  it('survives its text form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
        const text = contentOf(bytes);
        expect(text).toMatch(/^[\w-]*$/);
        expect([...bytesOf(text)]).toEqual([...bytes]);
      }),
      { numRuns: 20 },
    );
  });
});
