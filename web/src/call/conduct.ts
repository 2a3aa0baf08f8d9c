// What may be done in the meeting, by the policy that a host has signed: read from the own device's view, and never
// from the server. What this person may not do is not done; what a host changes goes to the device, which signs it.

import {
  type ConductView,
  type ControlEntry,
  type ControlWord,
  controls as catalogue,
  type DeviceView,
  type MediaState,
  type ParticipantId,
  type Rule,
  type Source,
} from '../protocol/messages';
import type { Model, Step } from './model';
import { and, askDevice, askInRoom, stay, tell, tellDevice, withEffects } from './step';

const SOURCES: readonly Source[] = ['microphone', 'camera', 'screen', 'screen_audio'];
/** What a limit is called that is none. */
export const UNLIMITED: ControlWord = 'none';

/** Returns what a control is set to: a level, a limit, or `none`. The loosest where nothing was chosen. */
export function settingOf(settings: ConductView['controls'], entry: ControlEntry): ControlWord {
  const chosen = settings.find(({ control }) => control === entry.id);
  return chosen?.value ?? entry.levels?.[0] ?? (entry.limit ? UNLIMITED : 'always');
}

/** Returns the levels that a host may choose: those not looser than the floor. */
export function choicesOf(conduct: ConductView, entry: ControlEntry): readonly ControlWord[] {
  const floor = entry.levels?.indexOf(settingOf(conduct.floor, entry)) ?? 0;
  return entry.levels?.slice(Math.max(0, floor)) ?? [];
}

/** Returns the rule by which this person may not send a source, or null where they may. */
export function refusalOf(e2ee: DeviceView | null, source: Source): Rule | null {
  const own = e2ee?.members.find(({ device }) => device === e2ee.me);
  if (!e2ee || !own || own.allowed[source]) return null;
  if (e2ee.conduct.suspended && !e2ee.host) return 'ROOM.SUSPENDED';
  return source === 'screen' || source === 'screen_audio' ? 'MEET.SHARE.HOST' : 'ROOM.SOURCE';
}

/** Returns the rule by which this person may not write to all, or null where they may. */
export function chatRefusalOf(e2ee: DeviceView | null): Rule | null {
  const own = e2ee?.members.find(({ device }) => device === e2ee.me);
  if (!e2ee || !own || own.may_chat) return null;
  return e2ee.conduct.suspended && !e2ee.host ? 'ROOM.SUSPENDED' : 'MEET.CHAT.SAFE';
}

/** Switches off what this person may not send any more. It stays off when the right comes back. */
export function obey(model: Model): Step {
  const { e2ee } = model.shown;
  const over = SOURCES.filter((source) => model.wanted[source] && refusalOf(e2ee, source) !== null);
  const [first] = over;
  if (model.shown.phase !== 'joined' || first === undefined) return stay(model);
  const wanted: MediaState = { ...model.wanted };
  for (const source of over) wanted[source] = false;
  const rule = refusalOf(e2ee, first) ?? undefined;
  // A suspension is told of as such.
  const quiet: Model = { ...model, wanted };
  const told = rule === undefined || rule === 'ROOM.SUSPENDED' ? quiet : tell(quiet, 'refused', { rule });
  const off = and(askInRoom(told, { type: 'set_media', media: wanted }), (next) =>
    tellDevice(next, { type: 'media', media: wanted }),
  );
  return withEffects(off, { type: 'send_media', media: wanted });
}

/** Host: sets one control. The floor stays the floor, whatever is asked. */
export function setControl(model: Model, control: ControlWord, value: ControlWord): Step {
  const known = catalogue.some(({ id }) => id === control);
  const { e2ee } = model.shown;
  if (!known || !e2ee?.host) return stay(model);
  const others = e2ee.conduct.controls.filter((setting) => setting.control !== control);
  return askDevice(model, { type: 'set_controls', controls: [...others, { control, value }] });
}

/** Host: gives somebody the right to share a screen, or takes it. */
export function letShare(model: Model, participant: ParticipantId, allowed: boolean): Step {
  const person = model.shown.participants.find(({ id }) => id === participant);
  const member = model.shown.e2ee?.members.find(({ device }) => device === person?.device);
  if (!member || member.host) return stay(model);
  return askDevice(model, { type: 'set_right', device: member.device, right: 'screen', allowed });
}

/** Host: switches every participant's microphone off. Each switches their own on again. */
export function muteAll(model: Model): Step {
  return model.shown.participants
    .filter(({ role, media }) => role !== 'host' && media.microphone)
    .reduce<Step>(
      (step, { id }) => and(step, (next) => askInRoom(next, { type: 'mute', participant: id, source: 'microphone' })),
      stay(model),
    );
}
