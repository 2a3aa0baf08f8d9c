// Which page an address asks for, and the secrets it brings: taken out of the address bar at once, so that they are
// neither seen over a shoulder or in a shared screen, nor kept in the browser's history.

import { meetingOfPath, secretOfFragment } from '../protocol/invite';
import type { CreationKey, MeetingId } from '../protocol/messages';

/** By what a meeting is made: the server's creation key, or as whoever is signed in. */
export type CreationRight = { by: 'key'; key: CreationKey } | { by: 'session' };

export type Route =
  | { page: 'start' }
  /** Makes a meeting at once, by the right that the address brought; null if it brought none. */
  | { page: 'new'; right: CreationRight | null }
  /** A meeting; the secret is null if the address brought none, as after a reload. */
  | { page: 'call'; meeting: MeetingId; secret: string | null };

/** What the administrators' page links to for somebody who is signed in. */
const SIGNED_IN = 'signed-in';
/** 32 bytes in base64url. */
const CREATION_KEY = /^[A-Za-z0-9_-]{43}$/;

/** Returns what the address asks for. Any other path is the start page. */
export function routeOf(path: string, fragment: string): Route {
  const meeting = meetingOfPath(path);
  if (meeting !== null) return { page: 'call', meeting, secret: secretOfFragment(fragment) };
  if (path === '/new' || path === '/new/') {
    const text = fragment.replace(/^#/, '');
    if (text === SIGNED_IN) return { page: 'new', right: { by: 'session' } };
    return { page: 'new', right: CREATION_KEY.test(text) ? { by: 'key', key: text } : null };
  }
  return { page: 'start' };
}

/** Reads the address bar and erases its fragment, unless there is no secret in it. */
export function takeAddress(): Route {
  const route = routeOf(location.pathname, location.hash);
  // Whoever reloads the page before the meeting is made still makes it as who is signed in.
  const isOpen = route.page === 'new' && route.right?.by === 'session';
  if (location.hash && !isOpen) history.replaceState(history.state, '', location.pathname + location.search);
  return route;
}
