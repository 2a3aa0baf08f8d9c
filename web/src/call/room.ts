// What happens among the people in the room, in the room's own order.
// A gap in the order means that something was missed: the connection is dropped, and `joined` brings everything anew.

import type { Participant, ParticipantId, ServerMessage, SlotAssignment } from '../protocol/messages';
import type { Model, Step } from './model';
import { ask, askInRoom, show, stay, tell, withEffects } from './step';

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
  const known = model.shown.participants.some(({ id }) => id === participant.id);
  if (known) return participantChanged(model, { type: 'participant_changed', participant });
  const participants = [...model.shown.participants, participant];
  const here = tell(show(model, { participants }), 'joined', { name: participant.name });
  // Asked for before they were here, as happens when a server that was started anew fills again.
  return model.tiles.some((tile) => tile.participant === participant.id) ? showTiles(here, model.tiles) : stay(here);
}

export function participantChanged(model: Model, { participant }: Message<'participant_changed'>): Step {
  const { participants, you } = model.shown;
  const changed = show(model, { participants: replaced(participants, participant) });
  if (participant.id !== you) return stay(changed);
  const { role, media } = participant;
  const own = show(changed, { role, media, lobby: role === 'host' ? changed.shown.lobby : [] });
  return stay(role === 'host' && model.shown.role !== 'host' ? tell(own, 'made_host') : own);
}

export function participantLeft(model: Model, message: Message<'participant_left'>): Step {
  const { participants, quality, speaking } = model.shown;
  const gone = participants.find(({ id }) => id === message.participant);
  if (!gone) return stay(model);
  const left = show(model, {
    participants: participants.filter(({ id }) => id !== gone.id),
    quality: new Map([...quality].filter(([id]) => id !== gone.id)),
    speaking: speaking.filter((id) => id !== gone.id),
  });
  return stay(tell(left, message.reason === 'removed' ? 'removed' : 'left', { name: gone.name }));
}

function replaced(participants: readonly Participant[], participant: Participant): Participant[] {
  return participants.map((other) => (other.id === participant.id ? participant : other));
}

export function knocked(model: Model, { guest }: Message<'knocked'>): Step {
  if (model.shown.lobby.some(({ id }) => id === guest.id)) return stay(model);
  return stay(tell(show(model, { lobby: [...model.shown.lobby, guest] }), 'knocked', { name: guest.name }));
}

export function lobbyLeft(model: Model, message: Message<'lobby_left'>): Step {
  return stay(show(model, { lobby: model.shown.lobby.filter(({ id }) => id !== message.guest) }));
}

/** A host switched a source of this person off. */
export function muted(model: Model, { source, by }: Message<'muted'>): Step {
  const wanted = { ...model.wanted, [source]: false };
  const media = { ...model.shown.media, [source]: false };
  const off = tell({ ...show(model, { media }), wanted }, 'muted', { name: by, source });
  return withEffects(stay(off), { type: 'send_media', media: wanted });
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
  const wanted = { ...model.wanted, ...sources };
  const step = askInRoom({ ...model, wanted }, { type: 'set_media', media: wanted });
  return withEffects(step, { type: 'send_media', media: wanted });
}

export function showTiles(model: Model, tiles: Model['tiles']): Step {
  return askInRoom({ ...model, tiles }, { type: 'subscribe', tiles: [...tiles] });
}

export function admitAll(model: Model): Step {
  return model.shown.lobby.reduce<Step>(({ model: before, effects }, { id }) => {
    const step = askInRoom(before, { type: 'admit', guest: id });
    return { model: step.model, effects: [...effects, ...step.effects] };
  }, stay(model));
}

export function handOver(model: Model, to: ParticipantId): Step {
  return askInRoom(
    show(model, { leaveQuestion: false }),
    { type: 'make_host', participant: to },
    { kind: 'hand_over' },
  );
}

/** Somebody else is host now: leaves. */
export function handedOver(model: Model): Step {
  return ask(model, { type: 'leave' }, { kind: 'leave' });
}
