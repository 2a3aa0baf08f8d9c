// What happens in the room, in the room's own order.
// A gap in the order means that something was missed: the connection is dropped, and `joined` brings everything anew.
//
// What the server says of people only goes into `roster` and `guests`; who of them is shown is decided in `people.ts`.

import type {
  DeviceOutput,
  LeaveReason,
  ParticipantId,
  ServerMessage,
  SlotAssignment,
  Source,
} from '../protocol/messages';
import { limits } from '../protocol/messages';
import { answered, mayComeIn, refusalOf } from './conduct';
import { CHAT_LINES_MAX, type Model, type Step } from './model';
import * as pictures from './pictures';
import type { ChatLine, Notice } from './state';
import { and, askDevice, askInRoom, show, stay, tell, tellDevice, withEffects } from './step';
import { lines, oneLine } from './text';

type Message<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;

/** How a message stands to the room's order. */
export type Place = 'next' | 'stale' | 'gap';

/** Returns whether a message at `seq` comes next. Messages outside the order always do. */
export function placeOf(model: Model, seq: number | undefined): Place {
  if (seq === undefined) return 'next';
  if (model.seq === null || model.entry !== 'joined' || seq <= model.seq) return 'stale';
  return seq === model.seq + 1 ? 'next' : 'gap';
}

export function participantJoined(model: Model, { participant }: Message<'participant_joined'>): Step {
  const known = model.roster.some(({ id }) => id === participant.id);
  if (known) return participantChanged(model, { type: 'participant_changed', participant });
  const arriving = new Set(model.arriving).add(participant.id);
  const here: Model = { ...model, roster: [...model.roster, participant], arriving };
  // Asked for before they were here, as happens when a server that was started anew fills again.
  const isWanted = model.tiles.some((tile) => tile.participant === participant.id);
  return isWanted ? pictures.showTiles(here, model.tiles) : stay(here);
}

export function participantChanged(model: Model, { participant }: Message<'participant_changed'>): Step {
  const roster = model.roster.map((other) => (other.id === participant.id ? participant : other));
  const changed: Model = { ...model, roster };
  return stay(participant.id === model.shown.you ? show(changed, { media: participant.media }) : changed);
}

export function participantLeft(model: Model, message: Message<'participant_left'>): Step {
  const { quality, speaking } = model.shown;
  const gone = message.participant;
  if (!model.roster.some(({ id }) => id === gone)) return stay(model);
  const name = model.names.get(gone);
  const left = show(
    { ...model, roster: model.roster.filter(({ id }) => id !== gone), arriving: without(model.arriving, gone) },
    {
      quality: new Map([...quality].filter(([id]) => id !== gone)),
      speaking: speaking.filter((id) => id !== gone),
    },
  );
  // Whose coming was not told is not missed either.
  if (!name || model.arriving.has(gone)) return stay(left);
  return stay(tell(left, DEPARTURES[message.reason], { name }));
}

/** What is told of who is not here any more. */
const DEPARTURES: Readonly<Record<LeaveReason, Notice['kind']>> = {
  left: 'left',
  lost: 'left',
  removed: 'removed',
  sent_back: 'sent_back',
};

export function knocked(model: Model, { guest }: Message<'knocked'>): Step {
  if (model.guests.some(({ id }) => id === guest.id)) return stay(model);
  return stay({ ...model, guests: [...model.guests, guest], arriving: new Set(model.arriving).add(guest.id) });
}

export function lobbyLeft(model: Model, { guest }: Message<'lobby_left'>): Step {
  const guests = model.guests.filter(({ id }) => id !== guest);
  return stay({ ...model, guests, arriving: without(model.arriving, guest) });
}

function without(ids: ReadonlySet<ParticipantId>, gone: ParticipantId): ReadonlySet<ParticipantId> {
  return ids.has(gone) ? new Set([...ids].filter((id) => id !== gone)) : ids;
}

/** A host switched a source of this person off. */
export function muted(model: Model, { source, by }: Message<'muted'>): Step {
  const wanted = { ...model.wanted, [source]: false };
  const media = { ...model.shown.media, [source]: false };
  const off = tell({ ...show(model, { media }), wanted }, 'muted', { name: model.names.get(by) || null, source });
  return withEffects(tellDevice(off, { type: 'media', media: wanted }), { type: 'send_media', media: wanted });
}

export function slotsChanged(model: Model, { generation, slots }: Message<'slots'>): Step {
  if (generation !== model.generation) return stay(model);
  return stay(show(model, { slots: assigned(model.shown.slots, slots) }));
}

function assigned(before: Model['shown']['slots'], changes: readonly SlotAssignment[]): Model['shown']['slots'] {
  const slots = new Map(before);
  for (const { mid, occupant } of changes) {
    if (occupant) slots.set(mid, occupant);
    else slots.delete(mid);
  }
  return slots;
}

export function qualityChanged(model: Model, { participant, quality }: Message<'quality_changed'>): Step {
  return stay(show(model, { quality: new Map(model.shown.quality).set(participant, quality) }));
}

/** Switches own sources; the microphone and camera of pre-join as well as those of the room. */
export function setSources(model: Model, sources: Partial<Model['wanted']>): Step {
  const refused = (Object.keys(sources) as Source[]).find(
    (source) => sources[source] && !model.wanted[source] && refusalOf(model.shown.e2ee, source) !== null,
  );
  if (refused !== undefined) return refuseSource(model, refused);
  const wanted = { ...model.wanted, ...sources };
  const asked = askInRoom(answered({ ...model, wanted }), { type: 'set_media', media: wanted });
  // Also while the device is on its way into the group: it says so there.
  const step = and(asked, (next) =>
    next.entry === 'joined' ? tellDevice(next, { type: 'media', media: wanted }) : stay(next),
  );
  return withEffects(step, { type: 'send_media', media: wanted });
}

/** Says by which rule a source stays off. */
export function refuseSource(model: Model, source: Source): Step {
  const rule = refusalOf(model.shown.e2ee, source);
  return rule === null ? stay(model) : stay(tell(model, 'refused', { rule }));
}

/** Lets a guest in: the device signs a grant and adds them to the group. While the meeting is locked, it signs none. */
export function admit(model: Model, guest: ParticipantId): Step {
  if (model.shown.e2ee?.locked) return stay(tell(model, 'refused', { rule: 'ROOM.LOCKED' }));
  return askDevice(model, { type: 'admit', guest });
}

export function admitAll(model: Model): Step {
  if (model.shown.e2ee?.locked) return stay(tell(model, 'refused', { rule: 'ROOM.LOCKED' }));
  return model.shown.lobby
    .filter(({ admitting, invite }) => !admitting && mayComeIn(model.shown.e2ee, invite))
    .reduce<Step>((step, { id }) => and(step, (next) => admit(next, id)), stay(model));
}

/** Removes somebody: the device takes them out of the group and revokes their grant. */
export function remove(model: Model, participant: ParticipantId): Step {
  const person = model.shown.participants.find(({ id }) => id === participant);
  return person ? askDevice(model, { type: 'remove', device: person.device }) : stay(model);
}

export function makeHost(model: Model, participant: ParticipantId): Step {
  const person = model.shown.participants.find(({ id }) => id === participant);
  return person ? askDevice(model, { type: 'make_host', device: person.device }) : stay(model);
}

export function setPasscode(model: Model, passcode: string | null, admits: boolean): Step {
  const told = passcode === null ? null : oneLine(passcode, limits.passcodeCharsMax);
  if (passcode !== null && told === null) return stay(model);
  return askDevice(model, { type: 'set_passcode', passcode: told, admits });
}

/** Host: takes nobody by mail any more. */
export function shutMail(model: Model): Step {
  return model.shown.e2ee?.host ? askDevice(model, { type: 'shut_mail' }) : stay(model);
}

/** In the lobby: proves the passcode to a host's device. */
export function submitPasscode(model: Model, passcode: string): Step {
  const told = oneLine(passcode, limits.passcodeCharsMax);
  if (told === null || model.shown.e2ee?.stage !== 'passcode_wanted') return stay(model);
  return tellDevice(model, { type: 'passcode', passcode: told });
}

/** Says something to everybody. The device keeps it while the connection is away. */
export function chat(model: Model, typed: string): Step {
  const text = lines(typed, limits.chatCharsMax);
  return text === null || model.shown.phase !== 'joined' ? stay(model) : tellDevice(model, { type: 'chat', text });
}

/** Raises or lowers the own hand; likewise. */
export function raiseHand(model: Model, raised: boolean): Step {
  return model.shown.phase === 'joined' ? tellDevice(model, { type: 'hand', raised }) : stay(model);
}

/** Somebody said something; own words come back, too. */
export function said(model: Model, output: Extract<DeviceOutput, { type: 'chat' }>, nowMs: number): Step {
  const { from, name, text } = output;
  const own = from === model.shown.e2ee?.me;
  const line: ChatLine = { id: model.nextLine, from, name, text, own, atMs: nowMs };
  const heard = show(
    { ...model, nextLine: model.nextLine + 1 },
    { chat: [...model.shown.chat, line].slice(-CHAT_LINES_MAX) },
  );
  return stay(own ? heard : tell(heard, 'chat', { name }));
}
