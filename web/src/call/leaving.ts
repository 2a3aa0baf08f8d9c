// The way out of the room that is not simply to hang up: a last host makes another host first, and whoever leaves
// takes leave of the group, so that its keys change at once and not only when the server says who is gone.

import type { ParticipantId } from '../protocol/messages';
import { over } from './entry';
import { FAREWELL_MS, type Model, type Step } from './model';
import { and, ask, askDevice, askInRoom, isMember, show, stay, tellDevice, withEffects } from './step';

/** Leaves. In the room the server may object (a last host); anywhere else nobody has to be asked. */
export function leave(model: Model, nowMs: number): Step {
  switch (model.shown.phase) {
    case 'prejoin':
    case 'over':
      return stay(model);
    case 'joined':
      if (!model.socketUp || model.entry !== 'joined') return over(model, 'left', null);
      // Who asks twice waits for nobody.
      if (model.parting?.way === 'leave') return sayLeave(model);
      if (isLastHost(model)) return stay(show({ ...model, parting: null }, { leaveQuestion: true }));
      return takeLeave(model, nowMs);
    default: {
      const isKnown = model.socketUp && (model.entry === 'asked' || model.entry === 'admitted');
      const told = isKnown ? ask(model, { type: 'leave' }) : stay(model);
      return and(told, (next) => over(next, 'left', null));
    }
  }
}

/** Whether others would be left without a host. Who is not reachable can neither be left alone nor look after others. */
function isLastHost({ shown: { role, participants, you } }: Model): boolean {
  const others = participants.filter(({ id, presence }) => id !== you && presence === 'connected');
  return role === 'host' && others.length > 0 && others.every((other) => other.role !== 'host');
}

/** Lets the device propose to leave; `leave` follows its proposal, or comes without it when that takes too long. */
function takeLeave(model: Model, nowMs: number): Step {
  if (!isMember(model) || model.roster.length <= 1) return sayLeave(model);
  const parting = { way: 'leave', dueMs: nowMs + FAREWELL_MS } as const;
  return withEffects(tellDevice({ ...model, parting }, { type: 'leave' }), { type: 'wake', afterMs: FAREWELL_MS });
}

/** The device's proposal to leave is on its way: so is this person. */
export function proposed(model: Model): Step {
  return model.parting?.way === 'leave' ? sayLeave(model) : stay(model);
}

export function woken(model: Model, nowMs: number): Step {
  const { parting } = model;
  return parting?.way === 'leave' && nowMs >= parting.dueMs ? sayLeave(model) : stay(model);
}

function sayLeave(model: Model): Step {
  return askInRoom({ ...model, parting: null }, { type: 'leave' }, { kind: 'leave' });
}

/** Makes somebody host; this person leaves once the group knows it. */
export function handOver(model: Model, to: ParticipantId): Step {
  const heir = model.shown.participants.find(({ id }) => id === to);
  const decided = show(model, { leaveQuestion: false });
  if (!heir || model.entry !== 'joined') return stay(decided);
  return askDevice(
    { ...decided, parting: { way: 'hand_over', to: heir.device } },
    { type: 'make_host', device: heir.device },
  );
}

/** The group changed: the other one may be host now. */
export function seen(model: Model, nowMs: number): Step {
  const { parting, shown } = model;
  if (parting?.way !== 'hand_over') return stay(model);
  const isHost = shown.e2ee?.members.some(({ device, host }) => host && device === parting.to);
  return isHost ? takeLeave(model, nowMs) : stay(model);
}
