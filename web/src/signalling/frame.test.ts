import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFrame } from './frame';

const participant = {
  id: 1,
  device: 'D1',
  role: 'host',
  media: { microphone: true, camera: true, screen: false, screen_audio: false },
  presence: 'connected',
  of_organisation: false,
};
const joined = {
  re: 2,
  body: {
    type: 'joined',
    answer: { sdp: 'v=0', generation: 1 },
    media: participant.media,
    participants: [participant],
    lobby: [
      { id: 3, device: 'D3', knock: null, waiting_ms: 0, of_organisation: false },
      { id: 2, device: 'D2', knock: 'sealed', waiting_ms: 0, of_organisation: true },
    ],
    seq: 4,
  },
};

describe('frame', () => {
  it('reads what the server says', () => {
    expect(parseFrame(JSON.stringify(joined))).toEqual(joined);
    expect(parseFrame('{"body":{"type":"pong"}}')).toEqual({ body: { type: 'pong' } });
    expect(parseFrame('{"seq":3,"body":{"type":"speakers","speaking":[1]}}')).toMatchObject({ seq: 3 });
    expect(parseFrame('{"body":{"type":"closed","reason":"left","by":null}}')).not.toBeNull();
    for (const body of [
      { type: 'door', from: 2, payload: 'p' },
      { type: 'group_state', epoch: 3, group_info: 'g', tree: 't' },
      { type: 'handshake', from: 2, epoch: 3, message: 'm' },
      { type: 'welcomed', welcome: 'w', tree: 't' },
      { type: 'welcome', version: '1', boot_epoch: 1, challenge: 'c' },
      { type: 'muted', source: 'camera', by: 2 },
    ]) {
      expect(parseFrame(JSON.stringify({ body }))).toEqual({ body });
    }
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
    '{"body":{"type":"knocked","guest":{"id":1,"device":null,"knock":"x","waiting_ms":0,"of_organisation":false}}}',
    '{"body":{"type":"welcome","version":"1","boot_epoch":1}}',
    '{"body":{"type":"handshake","from":2,"epoch":"3","message":"m"}}',
    '{"body":{"type":"muted","source":"camera","by":"Host"}}',
  ])('refuses %s', (text) => {
    expect(parseFrame(text)).toBeNull();
  });

  it('a missing or wrong field at any depth is refused', () => {
    const wrong = [
      { ...joined.body, answer: { sdp: 1, generation: 1 } },
      { ...joined.body, participants: [{ ...participant, media: null }] },
      { ...joined.body, participants: [{ ...participant, device: undefined }] },
      { ...joined.body, lobby: [{ id: 2 }] },
      { ...joined.body, seq: undefined },
    ];
    for (const body of wrong) expect(parseFrame(JSON.stringify({ body }))).toBeNull();
  });

  it('no text makes it throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseFrame(text) !== undefined));
  });
});
