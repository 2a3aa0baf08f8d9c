// What may be done in the meeting, by the policy that a host has signed: read from the own device's view, and never
// from the server. What this person may not do is not done; what a host changes goes to the device, which signs it.

import {
  type ConductView,
  type ControlEntry,
  type ControlWord,
  controls as catalogue,
  type DeviceCommand,
  type DeviceKey,
  type DeviceView,
  type GuestInvite,
  limits,
  type MediaState,
  type MemberRight,
  type MemberRole,
  type MemberView,
  type ParticipantId,
  type Rule,
  type Source,
} from '../protocol/messages';
import type { Model, Step } from './model';
import { and, askDevice, askInRoom, show, stay, tell, tellDevice, withEffects } from './step';
import { oneLine } from './text';

const SOURCES: readonly Source[] = ['microphone', 'camera', 'screen', 'screen_audio'];
/** The right that a source takes. */
const RIGHTS: Readonly<Record<Source, MemberRight>> = {
  microphone: 'microphone',
  camera: 'camera',
  screen: 'screen',
  screen_audio: 'screen',
};
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

/** Returns whether nobody comes in here but by a link that was made for them. */
export function takesPersonalLinksOnly(e2ee: Pick<DeviceView, 'conduct'> | null): boolean {
  const controls = e2ee?.conduct.controls ?? [];
  return controls.some(({ control, value }) => control === 'ORG.LINK.PRIVATE' && value === 'personal');
}

/** Returns whether a host's yes would let somebody in who waits with this link. */
export function mayComeIn(e2ee: DeviceView | null, invite: GuestInvite | null): boolean {
  return !takesPersonalLinksOnly(e2ee) || invite?.holds === true;
}

/** Returns the rule by which this person may not send a source, or null where they may. */
export function refusalOf(e2ee: DeviceView | null, source: Source): Rule | null {
  const own = e2ee?.members.find(({ device }) => device === e2ee.me);
  if (!e2ee || !own || own.allowed[source]) return null;
  if (e2ee.conduct.suspended && !e2ee.host) return 'ROOM.SUSPENDED';
  if (own.taken.includes(RIGHTS[source])) return 'ROOM.SOURCE';
  return source === 'screen' || source === 'screen_audio' ? 'MEET.SHARE.HOST' : 'ROOM.SOURCE';
}

/** Returns the rule by which this person may not write to all, or null where they may. */
export function chatRefusalOf(e2ee: DeviceView | null): Rule | null {
  const own = e2ee?.members.find(({ device }) => device === e2ee.me);
  if (!e2ee || !own || own.may_chat) return null;
  if (e2ee.conduct.suspended && !e2ee.host) return 'ROOM.SUSPENDED';
  return own.taken.includes('chat') ? 'ROOM.SOURCE' : 'MEET.CHAT.SAFE';
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
  // A suspension, and what a host has taken, is told of as such.
  const quiet: Model = { ...model, wanted };
  const isTold = rule === 'ROOM.SUSPENDED' || rule === 'ROOM.SOURCE';
  const told = rule === undefined || isTold ? quiet : tell(quiet, 'refused', { rule });
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

/** Host: has the device do something about a member who is no host. */
function toMember(model: Model, participant: ParticipantId, command: (member: MemberView) => DeviceCommand): Step {
  const person = model.shown.participants.find(({ id }) => id === participant);
  const member = model.shown.e2ee?.members.find(({ device }) => device === person?.device);
  if (!model.shown.e2ee?.host || !member || member.host) return stay(model);
  return askDevice(model, command(member));
}

/** Host: gives somebody a right, or takes it. */
export function setRight(model: Model, participant: ParticipantId, right: MemberRight, allowed: boolean): Step {
  return toMember(model, participant, ({ device }) => ({ type: 'set_right', device, right, allowed }));
}

/** Host: gives somebody the rights of a role. */
export function setRole(model: Model, participant: ParticipantId, role: MemberRole): Step {
  return toMember(model, participant, ({ device }) => ({ type: 'set_role', device, role }));
}

/** Host: asks somebody to switch their microphone on. */
export function askToSpeak(model: Model, participant: ParticipantId): Step {
  return toMember(model, participant, ({ device }) => ({ type: 'ask_to_speak', device }));
}

/** Host: sends somebody back to the lobby. */
export function sendBack(model: Model, participant: ParticipantId): Step {
  return toMember(model, participant, ({ device }) => ({ type: 'send_back', device }));
}

/** Host: lets a device that was removed ask to come in again. */
export function liftBan(model: Model, device: DeviceKey): Step {
  return model.shown.e2ee?.host ? askDevice(model, { type: 'lift_ban', device }) : stay(model);
}

/** Host: makes an invite for one person, good until then, on so many devices. */
export function invite(model: Model, name: string, untilMs: number, devices: number): Step {
  const whose = oneLine(name, limits.nameCharsMax);
  if (!model.shown.e2ee?.host || whose === null) return stay(model);
  return askDevice(model, { type: 'invite', name: whose, until_ms: untilMs, devices });
}

/** Host: voids an invite that this device has made. */
export function withdrawInvite(model: Model, key: DeviceKey): Step {
  return model.shown.e2ee?.host ? askDevice(model, { type: 'withdraw_invite', invite: key }) : stay(model);
}

/** Host: puts somebody before everybody's eyes, or nobody. Hosts, and the host itself, are among those. */
export function spotlight(model: Model, participant: ParticipantId | null): Step {
  const person = model.shown.participants.find(({ id }) => id === participant);
  if (!model.shown.e2ee?.host || (participant !== null && !person)) return stay(model);
  return askDevice(model, { type: 'spotlight', device: person?.device ?? null });
}

/** A host asks this person to speak. Nothing is switched on: the person is asked, once, while there is a reason to. */
export function askedToSpeak(model: Model, by: string | null): Step {
  const { phase, e2ee } = model.shown;
  const isMoot = phase !== 'joined' || model.wanted.microphone || refusalOf(e2ee, 'microphone') !== null;
  return stay(isMoot ? model : show(model, { askedToSpeak: { by } }));
}

/** Forgets a question that there is no reason for any more. */
export function answered(model: Model): Model {
  if (model.shown.askedToSpeak === null) return model;
  const isMoot = model.wanted.microphone || refusalOf(model.shown.e2ee, 'microphone') !== null;
  return isMoot ? show(model, { askedToSpeak: null }) : model;
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
