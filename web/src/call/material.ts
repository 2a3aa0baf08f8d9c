// Restricted material: what members show in the room only. The device says what is shown and hands each out once; here
// the two are put together, and what is not shown any more is let go of.

import type { DeviceKey, DeviceOutput, Digest, MaterialKind } from '../protocol/messages';
import { refusalOf } from './conduct';
import type { Model, Step } from './model';
import type { Material } from './state';
import { askDevice, show, stay, tell } from './step';

/** Shows something to everybody in the room. `content` is base64url without padding. */
export function showMaterial(model: Model, kind: MaterialKind, content: string): Step {
  const rule = refusalOf(model.shown.e2ee, 'screen');
  if (rule !== null) return stay(tell(model, 'refused', { rule }));
  return askDevice(model, { type: 'show_material', kind, content });
}

export function takeMaterialAway(model: Model): Step {
  return askDevice(model, { type: 'take_material_away' });
}

/** All of it is here; the view that follows says so too. */
export function handedOut(model: Model, { from, id, content }: Extract<DeviceOutput, { type: 'material' }>): Step {
  return stay({ ...model, contents: new Map(model.contents).set(keyOf({ from, id }), content) });
}

/** Brings what is shown into line with the device's view, and tells what is new since `before`. Out of the room there is none. */
export function follow(before: Model, step: Step): Step {
  const { model, effects } = step;
  const { phase, e2ee, participants } = model.shown;
  const isSame =
    e2ee === before.shown.e2ee &&
    phase === before.shown.phase &&
    participants === before.shown.participants &&
    model.contents === before.contents;
  if (isSame) return step;
  const views = phase === 'joined' ? (e2ee?.materials ?? []) : [];
  if (views.length === 0 && model.shown.materials.length === 0 && (model.contents.size === 0 || phase === 'joined')) {
    return step;
  }
  const shownKeys = new Set(views.map(keyOf));
  // What was handed out a moment ago may not be in the view yet that is here now: only a newer view is believed on that.
  const isNewView = e2ee !== before.shown.e2ee || phase !== 'joined';
  const contents = isNewView ? new Map([...model.contents].filter(([key]) => shownKeys.has(key))) : model.contents;
  const materials = views.map((view): Material => {
    const name = participants.find(({ device }) => device === view.from)?.name ?? '';
    return { ...view, name, content: contents.get(keyOf(view)) ?? null };
  });
  const next = announce(show({ ...model, contents }, { materials }), before.shown.materials);
  return { model: next, effects };
}

/** Tells of what others begin to show, and of what is gone. */
function announce(model: Model, before: readonly Material[]): Model {
  if (model.shown.phase !== 'joined') return model;
  const now = model.shown.materials;
  const without = (list: readonly Material[], others: readonly Material[]) => {
    const keys = new Set(others.map(keyOf));
    return list.filter((material) => material.state !== 'own' && !keys.has(keyOf(material)));
  };
  const gone = without(before, now).reduce(
    (told, { name }) => tell(told, 'material_gone', { name: name || null }),
    model,
  );
  return without(now, before).reduce((told, { name }) => tell(told, 'material', { name: name || null }), gone);
}

function keyOf({ from, id }: { from: DeviceKey; id: Digest }): string {
  return `${from} ${id}`;
}

/** Returns the bytes of a content. */
export function bytesOf(content: string): Uint8Array<ArrayBuffer> {
  const binary = atob(content.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Bytes turned into text at once: below what a function takes as arguments. */
const CHUNK_BYTES = 8192;

/** Returns bytes as a content. */
export function contentOf(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
