// Who is there: the server's list joined with the group that the own device has verified.
//
// Whoever is only in the server's list is not shown, but counted once that cannot be a mere delay. Everything here
// follows from `roster`, `guests` and the device's view; it is worked out anew after each event that changed one.

import type { DeviceKey, DeviceView, MemberRight, MemberView, Mid, ParticipantId } from '../protocol/messages';
import { type Model, type SlotContent, STRANGER_MS, type Step } from './model';
import type { Knock, Person } from './state';
import { show, stay, tell, withEffects } from './step';

/** Brings what is shown of people into line with what is known, and tells what is new since `before`. */
export function follow(before: Model, step: Step, nowMs: number): Step {
  const { model, effects } = step;
  const same = model.roster === before.roster && model.guests === before.guests;
  const known = model.shown.e2ee === before.shown.e2ee && model.shown.slots === before.shown.slots;
  if (model.shown.phase === 'over' || (same && known && model.unknownSince.size === 0)) return step;
  const next = route(strangers(announce(before, join(model)), nowMs));
  return { model: next.model, effects: [...effects, ...next.effects] };
}

function join(model: Model): Model {
  const { e2ee } = model.shown;
  if (!e2ee) return model;
  const members = membersOf(e2ee);
  const participants = model.roster.flatMap((listed): Person[] => {
    const member = members.get(listed.device);
    if (!member) return [];
    const { device, name, host, hand, media, method } = member;
    const verified = e2ee.encryption === 'verified';
    const role = host ? 'host' : 'participant';
    const { id, presence, of_organisation: ofOrganisation } = listed;
    return [{ id, device, name: name ?? '', role, media, presence, hand, verified, method, ofOrganisation }];
  });
  const names = new Map(participants.map(({ id, name }) => [id, name]));
  for (const { id } of model.roster) if (!names.get(id)) names.set(id, model.names.get(id) ?? '');
  const { title = null, host } = e2ee;
  const spotlight = participants.find(({ device }) => device === e2ee.conduct.spotlight)?.id ?? null;
  return show(
    { ...model, names },
    { title, role: host ? 'host' : 'participant', participants, lobby: lobby(model, e2ee), spotlight },
  );
}

function lobby(model: Model, view: DeviceView): Knock[] {
  if (!view.host) return [];
  return view.guests.flatMap(({ guest, device, name, passcode, admitting, invite = null }): Knock[] => {
    const listed = model.guests.find(({ id }) => id === guest);
    if (listed?.device !== device) return [];
    const { waiting_ms, of_organisation: ofOrganisation } = listed;
    return [{ id: guest, device, name, waiting_ms, passcode, admitting, ofOrganisation, invite }];
  });
}

function membersOf(view: DeviceView): ReadonlyMap<DeviceKey, MemberView> {
  return new Map(view.members.map((member) => [member.device, member]));
}

/** Tells what is new. A person is announced once their name is known. */
function announce(before: Model, model: Model): Model {
  const { phase, you, participants, lobby, e2ee } = model.shown;
  const was = before.shown.e2ee;
  if (phase !== 'joined' || !e2ee) return model;
  let told = model;
  for (const { id, name } of participants.filter((person) => model.arriving.has(person.id) && person.name !== '')) {
    told = tell({ ...told, arriving: without(told.arriving, id) }, 'joined', { name });
  }
  for (const { id, name } of lobby.filter((knock) => model.arriving.has(knock.id))) {
    told = tell({ ...told, arriving: without(told.arriving, id) }, 'knocked', { name });
  }
  for (const { id, hand, name } of participants) {
    const earlier = before.shown.participants.find((person) => person.id === id);
    if (hand && id !== you && earlier?.hand === false) told = tell(told, 'hand', { name });
  }
  // What was so when this person came is no news, nor is what the device finds on its way back to the group.
  if (!was || was.members.length === 0 || before.shown.phase !== 'joined') return told;
  if (e2ee.host && !was.host) told = tell(told, 'made_host');
  if (e2ee.locked !== was.locked) told = tell(told, e2ee.locked ? 'locked' : 'unlocked');
  if (e2ee.conduct.suspended !== was.conduct.suspended)
    told = tell(told, e2ee.conduct.suspended ? 'suspended' : 'unsuspended');
  if (you !== null && model.shown.spotlight === you && before.shown.spotlight !== you) told = tell(told, 'spotlight');
  told = announceRights(told, ownOf(was), ownOf(e2ee));
  if (canCountersign(e2ee) && !canCountersign(was)) told = tell(told, 'certificate');
  if (wrongTries(e2ee) >= GUESSES_TOLD && wrongTries(was) < GUESSES_TOLD) told = tell(told, 'guessed');
  if (e2ee.passcode.type === 'disabled' && was.passcode.type !== 'disabled') told = tell(told, 'passcode_off');
  for (let count = was.alarms.length; count < e2ee.alarms.length; count++) told = tell(told, 'alarm');
  return told;
}

/** Wrong tries at the passcode that a host hears of while they happen: more than one person mistypes. */
const GUESSES_TOLD = 5;

function wrongTries({ passcode }: DeviceView): number {
  return passcode.type === 'set' ? passcode.wrong : 0;
}

function ownOf({ me, members }: DeviceView): MemberView | undefined {
  return members.find(({ device }) => device === me);
}

/** Tells this person what a host has given or taken: a role as such, else each right. */
function announceRights(model: Model, was: MemberView | undefined, own: MemberView | undefined): Model {
  if (!was || !own || was.host || own.host) return model;
  const isNew = own.role !== was.role;
  if (isNew && (own.role === 'attendee' || own.role === 'presenter')) return tell(model, own.role);
  if (isNew && was.role === 'attendee' && own.role === 'participant') return tell(model, 'participant');
  const missing = (from: readonly MemberRight[], of: readonly MemberRight[]) =>
    of.filter((right) => !from.includes(right));
  let told = model;
  for (const right of missing(was.taken, own.taken)) told = tell(told, 'right_taken', { right });
  for (const right of missing(own.taken, was.taken)) told = tell(told, 'right_given', { right });
  return told;
}

function canCountersign({ certificate }: DeviceView): boolean {
  return certificate.type === 'offered' && certificate.state === 'agrees';
}

function without(ids: ReadonlySet<ParticipantId>, id: ParticipantId): ReadonlySet<ParticipantId> {
  return new Set([...ids].filter((other) => other !== id));
}

/** Counts those whom the device has not come to know within `STRANGER_MS`. */
function strangers(model: Model, nowMs: number): Step {
  const known = new Set(model.shown.participants.map(({ id }) => id));
  const unknown = model.roster.filter(({ id }) => !known.has(id));
  const unknownSince = new Map(unknown.map(({ id }) => [id, model.unknownSince.get(id) ?? nowMs]));
  const count = [...unknownSince.values()].filter((sinceMs) => nowMs - sinceMs >= STRANGER_MS).length;
  const step = stay(show({ ...model, unknownSince }, { strangers: count }));
  const isNew = unknown.some(({ id }) => !model.unknownSince.has(id));
  return isNew ? withEffects(step, { type: 'wake', afterMs: STRANGER_MS }) : step;
}

/** Says what the slots have to carry, as far as that changed. Nobody unknown to the device is played. */
function route({ model, effects }: Step): Step {
  const routes = new Map<Mid, SlotContent>();
  for (const [mid, { participant, source }] of model.shown.slots) {
    const device = model.shown.participants.find(({ id }) => id === participant)?.device;
    const member = model.shown.e2ee?.members.find((member) => member.device === device);
    if (member) routes.set(mid, { leaf: member.leaf, source });
  }
  const mids = new Set([...model.routes.keys(), ...routes.keys()]);
  const changes = [...mids].filter((mid) => !isSame(routes.get(mid), model.routes.get(mid)));
  if (changes.length === 0) return { model, effects };
  const slots = new Map(changes.map((mid) => [mid, routes.get(mid) ?? null]));
  return { model: { ...model, routes }, effects: [...effects, { type: 'set_slots', slots }] };
}

function isSame(a: SlotContent | undefined, b: SlotContent | undefined): boolean {
  return a?.leaf === b?.leaf && a?.source === b?.source;
}
