import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFrame } from './frame';

const participant = {
  id: 1,
  name: 'Asha',
  role: 'host',
  media: { microphone: true, camera: true, screen: false, screen_audio: false },
  presence: 'connected',
};
const joined = {
  re: 2,
  body: {
    type: 'joined',
    answer: { sdp: 'v=0', generation: 1 },
    media: participant.media,
    participants: [participant],
    lobby: [],
    seq: 4,
  },
};

describe('frame', () => {
  it('reads what the server says', () => {
    expect(parseFrame(JSON.stringify(joined))).toEqual(joined);
    expect(parseFrame('{"body":{"type":"pong"}}')).toEqual({ body: { type: 'pong' } });
    expect(parseFrame('{"seq":3,"body":{"type":"speakers","speaking":[1]}}')).toMatchObject({ seq: 3 });
    expect(parseFrame('{"body":{"type":"closed","reason":"left","by":null}}')).not.toBeNull();
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"body":null}',
    '{"body":{}}',
    '{"body":{"type":"toString"}}',
    '{"body":{"type":"surprise"}}',
    '{"re":"1","body":{"type":"pong"}}',
    '{"body":{"type":"waiting","you":"1","host_present":true}}',
    '{"body":{"type":"slots","generation":1,"slots":[null]}}',
    '{"body":{"type":"knocked","guest":{"id":1}}}',
  ])('refuses %s', (text) => {
    expect(parseFrame(text)).toBeNull();
  });

  it('a missing or wrong field at any depth is refused', () => {
    const wrong = [
      { ...joined.body, answer: { sdp: 1, generation: 1 } },
      { ...joined.body, participants: [{ ...participant, media: null }] },
      { ...joined.body, seq: undefined },
    ];
    for (const body of wrong) expect(parseFrame(JSON.stringify({ body }))).toBeNull();
  });

  it('no text makes it throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseFrame(text) !== undefined));
  });
});
