import { describe, expect, it } from 'vitest';
import type { DeviceStage, DeviceView, PasscodeView } from '../../protocol/messages';
import { lobbyWords, wrongPasscode } from './words';

const at = (stage: DeviceStage, passcode: PasscodeView = { type: 'none' }, invite = '#v1.x') => ({
  e2ee: { stage, passcode, invite } as DeviceView,
  hostPresent: true,
  sentBack: null,
});

describe('lobby', () => {
  it('a second wrong passcode may be more than a slip, and says so', () => {
    expect(wrongPasscode({ type: 'wanted', wrong: 0, left: 5 })).toBeNull();
    expect(wrongPasscode({ type: 'wanted', wrong: 1, left: 4 })).toBe('passcode-wrong');
    expect(wrongPasscode({ type: 'wanted', wrong: 2, left: 3 })).toBe('passcode-wrong-again');
    expect(wrongPasscode({ type: 'wanted', wrong: 5, left: 0 })).toBe('passcode-none-left');
  });

  it('says what is being waited for', () => {
    expect(lobbyWords(at('waiting')).lead).toBe('lobby-host-present');
    expect(lobbyWords({ ...at('waiting'), hostPresent: false }).lead).toBe('lobby-host-absent');
    expect(lobbyWords({ e2ee: null, hostPresent: true, sentBack: null }).title).toBe('lobby-title');
    expect(lobbyWords({ ...at('waiting'), sentBack: { by: null } }).title).toBe('lobby-sent-back');
    expect(lobbyWords({ ...at('joining'), sentBack: { by: 'Asha' } }).title).toBe('lobby-joining');
    expect(lobbyWords(at('passcode_wanted')).title).toBe('lobby-passcode');
    expect(lobbyWords(at('passcode_wanted', undefined, '#v1.mail.x')).lead).toBe('lobby-passcode-mail');
    expect(lobbyWords(at('waiting', undefined, '#v1.mail.x')).lead).toBe('lobby-mail-host-present');
    expect(lobbyWords({ ...at('waiting', undefined, '#v1.mail.x'), hostPresent: false }).lead).toBe(
      'lobby-mail-host-absent',
    );
    expect(lobbyWords(at('proving')).lead).toBe('lobby-proving-lead');
    expect(lobbyWords(at('joining')).title).toBe('lobby-joining');
    const wanted = at('waiting');
    expect(lobbyWords({ ...wanted, e2ee: { ...wanted.e2ee, personal_link_wanted: true } }).title).toBe(
      'lobby-personal',
    );
    expect(lobbyWords(at('waiting', { type: 'off' })).lead).toBe('lobby-passcode-off-lead');
  });
});
