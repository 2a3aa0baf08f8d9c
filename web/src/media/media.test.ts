import { describe, expect, it } from 'vitest';
import { withSilenceUnsent } from './answer';
import { levelOf } from './level';
import { activeEncodings, cameraEncodings, encodedAs, preferredCodecs, slotsOf, videoSlots } from './offer';
import { payloadTypes } from './payload';
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

  it('of a camera are three layers, each with every other picture in a temporal layer of its own', () => {
    const encodings = cameraEncodings();
    expect(encodings.map(({ rid }) => rid)).toEqual(['l', 'm', 'h']);
    expect(activeEncodings(encodings, ['low']).every(({ scalabilityMode }) => scalabilityMode === 'L1T2')).toBe(true);
  });

  it('a single encoding is the high layer', () => {
    expect(activeEncodings([{ active: false }], ['high'])).toEqual([{ active: true }]);
    expect(activeEncodings([{ active: true }], [])).toEqual([{ active: false }]);
  });
});

describe('codecs', () => {
  const known = [
    { mimeType: 'video/VP8' },
    { mimeType: 'video/rtx' },
    { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=2' },
    { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=0' },
    { mimeType: 'video/H264' },
  ];

  it('are offered in the order in which they are wanted, of VP9 only profile 0, with what retransmits them', () => {
    const names = preferredCodecs(known, ['video/vp9', 'video/vp8']).map(
      ({ mimeType, sdpFmtpLine = '' }) => mimeType + sdpFmtpLine,
    );
    expect(names).toEqual(['video/VP9profile-id=0', 'video/VP8', 'video/rtx']);
    expect(preferredCodecs([{ mimeType: 'video/VP9' }], ['video/vp9'])).toHaveLength(1);
  });

  it('that are unknown are left to the browser', () => {
    expect(preferredCodecs(known, ['video/av1'])).toEqual([]);
  });

  it('are chosen among those that were negotiated', () => {
    const vp8 = { mimeType: 'video/VP8', clockRate: 90_000 };
    const vp9 = { mimeType: 'video/VP9', clockRate: 90_000 };
    expect(encodedAs([{ codec: vp9 }], [vp9, vp8], 'vp8')).toEqual([{ codec: vp8 }]);
    expect(encodedAs([{ codec: vp8 }], [vp8], 'vp9')).toEqual([{ codec: vp8 }]);
  });

  it('are known by the payload types of an answer', () => {
    const sdp =
      'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n' +
      'm=video 9 UDP/TLS/RTP/SAVPF 98 99 96\r\na=rtpmap:98 VP9/90000\r\na=rtpmap:99 rtx/90000\r\n' +
      'a=fmtp:99 apt=98\r\na=rtpmap:96 VP8/90000\r\n';
    expect([...payloadTypes(sdp)]).toEqual([
      [111, 'opus'],
      [98, 'vp9'],
      [96, 'vp8'],
    ]);
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
