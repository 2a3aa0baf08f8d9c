// The media path of somebody in the room: when it breaks or the network changes, a fresh peer connection takes over.
// The old one goes on until the new one is answered. Not responsible for `join`, which brings an offer of its own.

import type { MediaAnswer, Rule } from '../protocol/messages';
import { type Attempt, type CallEvent, MEDIA_TRIES_MAX, type Model, type Step } from './model';
import { askInRoom, prepareMedia, show, stay, tell, withEffects } from './step';

/** An offer was made: sends it if the room waits for one. (`join` takes it otherwise.) */
export function sendOffer(model: Model): Step {
  if (!model.offer || model.offerSent || model.entry !== 'joined') return stay(model);
  const step = askInRoom(model, { type: 'offer', offer: model.offer }, { kind: 'offer', attempt: model.attempt });
  return { ...step, model: { ...step.model, offerSent: step.effects.length > 0 } };
}

export function answered(model: Model, answer: MediaAnswer, attempt: Attempt): Step {
  if (attempt !== model.attempt) return stay(model);
  const fresh = answer.generation !== model.generation;
  const next = fresh ? show(model, { slots: new Map() }) : model;
  return withEffects(
    stay({ ...next, offer: null, offerSent: false, generation: answer.generation }),
    { type: 'answer_media', attempt, answer },
    { type: 'send_media', media: model.wanted },
  );
}

export function connected(model: Model, attempt: Attempt): Step {
  if (attempt !== model.attempt || model.shown.phase !== 'joined') return stay(model);
  return stay({ ...show(model, { path: 'connected' }), triesSinceConnected: 0 });
}

/** The path in use is broken, or never came about. */
export function broken(model: Model, attempt: Attempt): Step {
  return attempt === model.attempt ? recover(model) : stay(model);
}

/** The server lost the path, or the network changed under it. */
export function recover(model: Model): Step {
  if (model.shown.phase !== 'joined' || model.making || model.offer !== null) return stay(model);
  const path = model.triesSinceConnected >= MEDIA_TRIES_MAX ? 'failed' : 'recovering';
  return prepareMedia(show(model, { path }));
}

/** The network changed: moves media before the old path is missed. */
export function networkChanged(model: Model): Step {
  return model.shown.path === 'connected' ? recover(model) : stay(model);
}

export function offerReady(model: Model, event: Extract<CallEvent, { type: 'offer_ready' }>): Step {
  if (event.attempt !== model.attempt || !model.making) return stay(model);
  return stay({ ...model, making: false, offer: event.offer });
}

/** No offer could be made: this browser has no working WebRTC. */
export function offerFailed(model: Model, attempt: Attempt): Step {
  if (attempt !== model.attempt || !model.making) return stay(model);
  return stay(show({ ...model, making: false }, { path: 'failed' }));
}

/** The server cannot answer this offer, and would not answer the next one either: says so and stops trying. */
export function offerRefused(model: Model, rule: Rule): Step {
  return stay(tell(show({ ...model, offer: null, offerSent: false }, { path: 'failed' }), 'refused', { rule }));
}
