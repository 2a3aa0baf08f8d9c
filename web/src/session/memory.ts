// What this device and this tab remember, and for how long.
//
// In the tab (sessionStorage, gone with it): the link's secret, the place held in a room, an end that must survive a
// reload. On the device (localStorage): the name, the devices chosen, the creation key, and the meetings hosted here.
// A browser that keeps nothing (private mode, storage blocked) costs only the remembering.

import type { LastingOver } from '../call/model';
import type { CreationKey, HostToken, MediaState, MeetingId, ResumeToken } from '../protocol/messages';

/** Meetings hosted here that are remembered; beyond, the oldest is forgotten. */
const HOSTED_MAX = 50;

/** A place in a room, to come back to after a reload. */
export interface Place {
  resume: ResumeToken;
  name: string;
  media: MediaState;
}

/** A meeting that this device may enter as host. */
export interface Hosted {
  meeting: MeetingId;
  token: HostToken;
  secret: string;
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
  secret: (meeting: MeetingId) => entry(sessionOf, `sabha.secret.${meeting}`, isText),
  place: (meeting: MeetingId) => entry(sessionOf, `sabha.place.${meeting}`, isPlace),
  over: (meeting: MeetingId) => entry(sessionOf, `sabha.over.${meeting}`, isOver),
};

export const device = {
  name: entry(localOf, 'sabha.name', isText),
  creationKey: entry<CreationKey>(localOf, 'sabha.creation_key', isText),
  chosen: entry(localOf, 'sabha.devices', isChosen),
  hosted: entry(localOf, 'sabha.hosted', isHostedList),
};

export function chosenDevices(): ChosenDevices {
  return device.chosen.read() ?? noDevices;
}

/** Returns the right to host `meeting`, if it was created here. */
export function hostedHere(meeting: MeetingId): Hosted | null {
  return device.hosted.read()?.find((hosted) => hosted.meeting === meeting) ?? null;
}

export function rememberHosted(hosted: Hosted): void {
  const others = (device.hosted.read() ?? []).filter(({ meeting }) => meeting !== hosted.meeting);
  device.hosted.write([hosted, ...others].slice(0, HOSTED_MAX));
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
  return isText(value.resume) && isText(value.name) && typeof microphone === 'boolean' && typeof camera === 'boolean';
}

function isOver(value: unknown): value is LastingOver {
  return isRecord(value) && LASTING.includes(value.reason) && isTextOrNull(value.by);
}

function isChosen(value: unknown): value is ChosenDevices {
  return isRecord(value) && [value.microphone, value.camera, value.speaker].every(isTextOrNull);
}

function isHostedList(value: unknown): value is Hosted[] {
  return (
    Array.isArray(value) &&
    value.every((item) => isRecord(item) && isText(item.meeting) && isText(item.token) && isText(item.secret))
  );
}
