// When pictures of others are asked for: once they come in an epoch that the own device can open.
//
// Who comes back is in the room before its device is back in the group (`entry.ts`), and others seal in the epoch that
// the device makes there once a host certifies it, or a second later. Whether that word of a host is new, which the own device wants to
// know before it sends, makes no difference to what can be opened. A picture that is asked for before that is lost,
// and its sender is asked for another one no sooner than half a second later. So the server, which still knows what was
// on screen before, is told that nothing is wanted as yet.

import type { Participant, ParticipantId, Tile } from '../protocol/messages';
import { GRID_TILES_AUTO, PAGE_TILES_PHONE } from './layout';
import type { Model, Step } from './model';
import { and, askInRoom, stay, withEffects } from './step';

/** Time after joining, in milliseconds, after which pictures are asked for in any case: others wait no longer, either. */
export const CERTIFIED_MS = 1000;
/**
 * How tall a picture is most often, in device pixels: of one other person, among few people and among many. These are the
 * three layers; a wrong guess costs a second key frame, and its sender starts a layer that nobody watches.
 */
const LIKELY_HEIGHT = { alone: 720, large: 360, small: 180 };

/** Just joined: asks for pictures now, or as soon as they can be opened. */
export function begin(model: Model, nowMs: number): Step {
  const begun = follow({ ...model, picturesDueMs: nowMs + CERTIFIED_MS }, nowMs);
  if (begun.model.picturesDueMs === null) return begun;
  return withEffects(
    and(begun, (next) => askInRoom(next, { type: 'subscribe', tiles: [] })),
    { type: 'wake', afterMs: CERTIFIED_MS },
  );
}

/** The device says how it stands, or time has passed. */
export function follow(model: Model, nowMs: number): Step {
  const { picturesDueMs } = model;
  if (picturesDueMs === null || model.entry !== 'joined') return stay(model);
  if (!model.shown.e2ee?.epoch_certified && nowMs < picturesDueMs) return stay(model);
  const ready: Model = { ...model, picturesDueMs: null };
  const tiles = model.tiles.length > 0 ? [...model.tiles] : likelyTiles(model.roster, model.shown.you);
  return tiles.length === 0 ? stay(ready) : askInRoom(ready, { type: 'subscribe', tiles });
}

/** Other pictures are on screen than before. */
export function showTiles(model: Model, tiles: Model['tiles']): Step {
  const shown: Model = { ...model, tiles };
  return model.picturesDueMs === null ? askInRoom(shown, { type: 'subscribe', tiles: [...tiles] }) : stay(shown);
}

/**
 * Returns what will very likely be on screen, before it is drawn: pictures are on their way while the room is set up,
 * and the first of them is seen a fifth of a second earlier. What is really shown is told as soon as it is known.
 */
function likelyTiles(roster: readonly Participant[], you: ParticipantId | null): Tile[] {
  const others = roster.filter(({ id }) => id !== you);
  const { alone, large, small } = LIKELY_HEIGHT;
  const height = others.length === 1 ? alone : others.length <= GRID_TILES_AUTO ? large : small;
  return others.slice(0, PAGE_TILES_PHONE).map(({ id }) => ({ participant: id, source: 'camera', height }));
}
