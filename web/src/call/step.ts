// The few moves from which every transition of the reducer is made. Each returns a new value; none has an effect.

import type { ClientMessage, DeviceCommand, MediaState, MemberRight, Rule, Source } from '../protocol/messages';
import { ASKED_MAX, type Asked, type Effect, type Model, NOTICES_MAX, type Step } from './model';
import type { CallState, Notice } from './state';

export const stay = (model: Model): Step => ({ model, effects: [] });

/** Changes what the interface sees. */
export function show(model: Model, shown: Partial<CallState>): Model {
  return { ...model, shown: { ...model.shown, ...shown } };
}

/** Adds an effect. */
export function withEffects({ model, effects }: Step, ...more: readonly Effect[]): Step {
  return { model, effects: [...effects, ...more] };
}

/** Goes on with another move. */
export function and(step: Step, move: (model: Model) => Step): Step {
  const next = move(step.model);
  return { model: next.model, effects: [...step.effects, ...next.effects] };
}

/** Sends a request, and remembers what it was about until it is answered. */
export function ask(model: Model, body: ClientMessage, about: Asked = { kind: 'other' }): Step {
  const id = model.nextRequest;
  const asked = new Map(model.asked).set(id, about);
  for (const oldest of asked.keys()) {
    if (asked.size <= ASKED_MAX) break;
    asked.delete(oldest);
  }
  return { model: { ...model, asked, nextRequest: id + 1 }, effects: [{ type: 'send', id, body }] };
}

/** Sends a request if the connection has come into the room; a request nobody can hear is dropped. */
export function askInRoom(model: Model, body: ClientMessage, about?: Asked): Step {
  return model.socketUp && model.entry === 'joined' ? ask(model, body, about) : stay(model);
}

/** Tells the own device something. There is one from the first click until the call is over. */
export function tellDevice(model: Model, ...commands: readonly DeviceCommand[]): Step {
  return { model, effects: commands.map((command) => ({ type: 'device', command })) };
}

/** Asks the own device for something that it does in the group; out of the group nobody could hear it. */
export function askDevice(model: Model, command: DeviceCommand): Step {
  return model.entry === 'joined' && isMember(model) ? tellDevice(model, command) : stay(model);
}

/** Whether the own device is in the group. A sealed group may only shrink, but goes on. */
export function isMember({ shown: { e2ee } }: Model): boolean {
  return e2ee?.stage === 'member' || e2ee?.stage === 'sealed';
}

/** Tells the person something once. */
export function tell(
  model: Model,
  kind: Notice['kind'],
  about: { name?: string | null; rule?: Rule; source?: Source; right?: MemberRight } = {},
): Model {
  const notice: Notice = {
    id: model.nextNotice,
    kind,
    name: about.name ?? null,
    rule: about.rule ?? null,
    source: about.source ?? null,
    right: about.right ?? null,
  };
  const notices = [...model.shown.notices, notice].slice(-NOTICES_MAX);
  return { ...show(model, { notices }), nextNotice: model.nextNotice + 1 };
}

/** Begins a fresh peer connection. */
export function prepareMedia(model: Model): Step {
  const attempt = model.attempt + 1;
  const triesSinceConnected = model.triesSinceConnected + 1;
  return {
    model: { ...model, attempt, making: true, offer: null, offerSent: false, triesSinceConnected },
    effects: [{ type: 'prepare_media', attempt }],
  };
}

export function sameMedia(a: MediaState, b: MediaState): boolean {
  return (
    a.microphone === b.microphone && a.camera === b.camera && a.screen === b.screen && a.screen_audio === b.screen_audio
  );
}
