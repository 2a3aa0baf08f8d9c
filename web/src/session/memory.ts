// What this tab and this browser remember in the open: nothing that is secret (`secrets.ts`).
//
// In the tab (sessionStorage, gone with it): that it was in a room, and an end that must survive a reload. In the
// browser (localStorage): the name and the devices chosen, and that somebody signed in. A browser that keeps nothing (private mode, storage
// blocked) costs only the remembering.

import type { LastingOver } from '../call/model';
import type { MediaState, MeetingId } from '../protocol/messages';

/** How somebody was in a room, to come back the same after a reload. */
export interface Place {
  name: string;
  media: MediaState;
}

/** Devices chosen last time, by the browser's ids. */
export interface ChosenDevices {
  microphone: string | null;
  camera: string | null;
  speaker: string | null;
}

const LASTING: readonly unknown[] = ['abandoned', 'ended', 'removed'] satisfies LastingOver['reason'][];
const noDevices: ChosenDevices = { microphone: null, camera: null, speaker: null };

export const tab = {
  place: (meeting: MeetingId) => entry(sessionOf, `sabha.place.${meeting}`, isPlace),
  over: (meeting: MeetingId) => entry(sessionOf, `sabha.over.${meeting}`, isOver),
};

export const device = {
  name: entry(localOf, 'sabha.name', isText),
  chosen: entry(localOf, 'sabha.devices', isChosen),
  /** Somebody has signed in in this browser. Not who: the session is a cookie that no script sees. */
  signedIn: entry(localOf, 'sabha.signed-in', (value): value is true => value === true),
};

export function chosenDevices(): ChosenDevices {
  return device.chosen.read() ?? noDevices;
}

/** One remembered value. What cannot be read, or is not what it should be, is as good as nothing. */
interface Entry<T> {
  read(): T | null;
  write(value: T): void;
  forget(): void;
}

function entry<T>(storage: () => Storage | null, key: string, isValid: (value: unknown) => value is T): Entry<T> {
  return {
    read() {
      try {
        const value: unknown = JSON.parse(storage()?.getItem(key) ?? 'null');
        return isValid(value) ? value : null;
      } catch {
        return null;
      }
    },
    write(value) {
      try {
        storage()?.setItem(key, JSON.stringify(value));
      } catch {
        // Full or forbidden: not remembered.
      }
    },
    forget() {
      try {
        storage()?.removeItem(key);
      } catch {
        // Forbidden: nothing was remembered either.
      }
    },
  };
}

/** Even naming a blocked storage throws. */
function sessionOf(): Storage | null {
  return typeof sessionStorage === 'undefined' ? null : sessionStorage;
}

function localOf(): Storage | null {
  return typeof localStorage === 'undefined' ? null : localStorage;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isPlace(value: unknown): value is Place {
  if (!isRecord(value) || !isRecord(value.media)) return false;
  const { microphone, camera } = value.media;
  return isText(value.name) && typeof microphone === 'boolean' && typeof camera === 'boolean';
}

function isOver(value: unknown): value is LastingOver {
  return isRecord(value) && LASTING.includes(value.reason) && isTextOrNull(value.by);
}

function isChosen(value: unknown): value is ChosenDevices {
  return isRecord(value) && [value.microphone, value.camera, value.speaker].every(isTextOrNull);
}
