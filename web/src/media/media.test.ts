import { describe, expect, it } from 'vitest';
import { withSilenceUnsent } from './answer';
import { levelOf } from './level';
import { activeEncodings, slotsOf, videoSlots } from './offer';
import { troubleOf } from './trouble';

describe('level', () => {
  it('is 0 for silence, 1 for loud speech, and grows with loudness', () => {
    const tone = (amplitude: number) => Float32Array.from({ length: 512 }, (_, i) => amplitude * Math.sin(i / 5));
    expect(levelOf(new Float32Array(512))).toBe(0);
    expect(levelOf(tone(0.0005))).toBe(0);
    expect(levelOf(tone(1))).toBe(1);
    expect(levelOf(tone(0.01))).toBeLessThan(levelOf(tone(0.1)));
  });
});

describe('trouble', () => {
  it.each([
    ['NotAllowedError', 'permission_denied'],
    ['NotFoundError', 'not_found'],
    ['NotReadableError', 'in_use'],
    ['AbortError', 'in_use'],
    ['TypeError', 'unknown'],
  ])('%s is %s', (name, trouble) => {
    expect(troubleOf(new DOMException('', name))).toBe(trouble);
  });

  it('what is no error is unknown', () => {
    expect(troubleOf('x')).toBe('unknown');
  });
});

describe('encodings', () => {
  const simulcast = [
    { rid: 'l', active: true },
    { rid: 'm', active: true },
    { rid: 'h', active: true },
  ];

  it('run only for watched layers', () => {
    expect(activeEncodings(simulcast, ['low', 'high']).map(({ active }) => active)).toEqual([true, false, true]);
    expect(activeEncodings(simulcast, []).some(({ active }) => active)).toBe(false);
  });

  it('a single encoding is the high layer', () => {
    expect(activeEncodings([{ active: false }], ['high'])).toEqual([{ active: true }]);
    expect(activeEncodings([{ active: true }], [])).toEqual([{ active: false }]);
  });
});

describe('slots', () => {
  it('are named by their tags, in the order of the offer', () => {
    const transceiver = (mid: string | null) => ({ mid }) as RTCRtpTransceiver;
    const sections = {
      up: new Map([
        ['microphone' as const, transceiver('0')],
        ['camera' as const, transceiver(null)],
      ]),
      down: [{ kind: 'video' as const, transceiver: transceiver('4') }],
    };
    expect(slotsOf(sections)).toEqual({
      up: [{ mid: '0', source: 'microphone' }],
      down: [{ mid: '4', kind: 'video' }],
    });
  });

  it('a phone receives one page and a share', () => {
    expect(videoSlots(true)).toBe(10);
    expect(videoSlots(false)).toBe(25);
  });
});

describe('answer', () => {
  const section = (kind: string, mid: number) =>
    `m=${kind} 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:${mid}\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n`;
  const sdp = `v=0\r\ns=-\r\n${section('audio', 0)}${section('audio', 10)}`;

  it('lets silence of the microphone go unsent, and nothing else', () => {
    expect(
      withSilenceUnsent(sdp, '0')
        .split('\r\n')
        .filter((line) => line.includes('usedtx')),
    ).toEqual(['a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1']);
    expect(withSilenceUnsent(sdp, '0').replace(';usedtx=1', '')).toBe(sdp);
    expect(withSilenceUnsent(sdp, '10').indexOf('usedtx')).toBeGreaterThan(sdp.indexOf('a=mid:10'));
  });

  it('is left alone where there is nothing to add', () => {
    expect(withSilenceUnsent(sdp, null)).toBe(sdp);
    expect(withSilenceUnsent(sdp, '1')).toBe(sdp);
    expect(withSilenceUnsent(section('video', 0), '0')).toBe(section('video', 0));
    const already = sdp.replaceAll('useinbandfec=1', 'useinbandfec=1;usedtx=0');
    expect(withSilenceUnsent(already, '0')).toBe(already);
  });
});
