// Which words help with a device: what is wrong, and how to mend it in this browser.

import type { DeviceTrouble } from '../../session/contract';
import type { TextKey } from '../strings/keys';

export type Browser = 'chromium' | 'firefox' | 'safari' | 'android' | 'ios' | 'other';

export interface Help {
  what: TextKey;
  fix: TextKey;
  /** Which device it is about. */
  device: 'microphone' | 'camera' | 'both';
}

/** Returns the browser as far as its settings look different. Only words depend on it, never behaviour. */
export function browserOf(userAgent: string): Browser {
  if (/iPhone|iPad/.test(userAgent)) return 'ios';
  if (/Android/.test(userAgent)) return 'android';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  if (/Chrom(e|ium)\//.test(userAgent)) return 'chromium';
  if (/Safari\//.test(userAgent)) return 'safari';
  return 'other';
}

/** Returns what to say about the devices, nothing if all is well. The same trouble with both is said once. */
export function helpWith(
  microphone: DeviceTrouble | null,
  camera: DeviceTrouble | null,
  browser: Browser,
): readonly Help[] {
  const of = (trouble: DeviceTrouble, device: Help['device']): Help => ({
    what: `trouble-${device}-${trouble}`,
    fix: trouble === 'permission_denied' ? `fix-permission-${browser}` : `fix-${trouble}`,
    device,
  });
  if (microphone !== null && microphone === camera) return [of(microphone, 'both')];
  return [...(camera ? [of(camera, 'camera')] : []), ...(microphone ? [of(microphone, 'microphone')] : [])];
}
