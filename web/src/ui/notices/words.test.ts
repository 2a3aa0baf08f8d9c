import { describe, expect, it } from 'vitest';
import type { Notice } from '../../call/state';
import { sentenceOf, staysMs } from './words';

const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '');
const notice = (rest: Partial<Notice>): Notice => ({
  id: 1,
  kind: 'joined',
  name: null,
  rule: null,
  source: null,
  right: null,
  ...rest,
});

describe('notices', () => {
  it('who muted what is named', () => {
    const sentences = (['microphone', 'camera', 'screen', 'screen_audio'] as const).map((source) =>
      plain(sentenceOf(notice({ kind: 'muted', name: 'Asha', source }))),
    );

    expect(sentences).toEqual([
      'Asha muted your microphone.',
      'Asha turned your camera off.',
      'Asha stopped your screen share.',
      'Asha stopped your screen share.',
    ]);
  });

  it('a refusal explains its rule in words', () => {
    expect(sentenceOf(notice({ kind: 'refused', rule: 'ROOM.HOST.ONLY' }))).toBe('Only a host may do this.');
  });

  it('nobody is blamed without a name', () => {
    expect(plain(sentenceOf(notice({ kind: 'muted', source: 'camera' })))).toBe('Somebody turned your camera off.');
    expect(sentenceOf(notice({ kind: 'made_host' }))).toBe('You are a host now.');
  });

  it('every kind of notice has its words', () => {
    const kinds = ['locked', 'unlocked', 'chat', 'hand', 'alarm', 'joined', 'left', 'removed', 'knocked'] as const;
    const sentences = kinds.map((kind) => plain(sentenceOf(notice({ kind, name: 'Asha' }))));

    expect(sentences.every((sentence) => sentence.endsWith('.') && !sentence.startsWith('notice-'))).toBe(true);
    expect(new Set(sentences).size).toBe(kinds.length);
  });

  it('what was decided about the reader stays longer than who came', () => {
    expect(staysMs(notice({ kind: 'refused' }))).toBeGreaterThan(staysMs(notice({ kind: 'joined' })));
  });
});
