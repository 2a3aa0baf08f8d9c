// In which order people have their tiles, and who is large: calm by rule.
// The order changes only to bring into view somebody who has spoken for two seconds; a cough moves nobody.
// Pure: the caller says what time it is and calls again when `dueMs` has come.

import type { ParticipantId } from '../protocol/messages';

/** How long somebody must speak before a tile moves, in milliseconds (look: two seconds of speech). */
export const SPEECH_MS = 2000;
/** A pause shorter than this, in milliseconds, does not end a speech: people breathe. */
const PAUSE_MS = 700;

interface Speech {
  /** When the present speech began. */
  sinceMs: number;
  /** When its speaker was last heard. */
  heardMs: number;
}

export interface Order {
  people: readonly ParticipantId[];
  /** Who is large: the last to have spoken for long enough; null until somebody has. */
  speaker: ParticipantId | null;
  /** When something may change without a new event; null if nothing will. */
  dueMs: number | null;
  speaking: readonly ParticipantId[];
  speech: ReadonlyMap<ParticipantId, Speech>;
}

export const emptyOrder: Order = { people: [], speaker: null, dueMs: null, speaking: [], speech: new Map() };

export interface Heard {
  /** Everybody who has a tile, in the order of arrival. */
  present: readonly ParticipantId[];
  /** Who speaks now. */
  speaking: readonly ParticipantId[];
  /** How many of the order's first places are in view. */
  inView: number;
  nowMs: number;
}

/** Returns the order after what was heard. Newcomers stand last; nobody moves when somebody else leaves. */
export function nextOrder(before: Order, heard: Heard): Order {
  const speech = nextSpeech(before, heard);
  const present = new Set(heard.present);
  const stayed = before.people.filter((person) => present.has(person));
  const known = new Set(stayed);
  const people = [...stayed, ...heard.present.filter((person) => !known.has(person))];

  const isLong = (person: ParticipantId) => {
    const own = speech.get(person);
    return own !== undefined && heard.nowMs - own.sinceMs >= SPEECH_MS;
  };
  const speakers = heard.speaking.filter((person) => present.has(person) && isLong(person));
  for (const person of speakers) bringIntoView(people, person, heard.inView, speech);

  const stays = before.speaker !== null && present.has(before.speaker) ? before.speaker : null;
  // Whoever is large stays large while still speaking: two who talk over each other do not flicker.
  const keeps = stays !== null && heard.speaking.includes(stays);
  const speaker = keeps ? stays : (speakers[0] ?? stays);
  return { people, speaker, speech, speaking: heard.speaking, dueMs: dueMs(speech, heard) };
}

/** Swaps `person` with the one in view who was heard longest ago, so that nobody else moves. */
function bringIntoView(
  people: ParticipantId[],
  person: ParticipantId,
  inView: number,
  speech: ReadonlyMap<ParticipantId, Speech>,
): void {
  const from = people.indexOf(person);
  if (from < inView || inView <= 0) return;
  let to = -1;
  let quietest = Number.POSITIVE_INFINITY;
  for (let place = Math.min(inView, people.length) - 1; place >= 0; place--) {
    const other = people[place];
    const heardMs = other === undefined ? 0 : (speech.get(other)?.heardMs ?? Number.NEGATIVE_INFINITY);
    if (heardMs < quietest) {
      quietest = heardMs;
      to = place;
    }
  }
  const other = people[to];
  if (other === undefined) return;
  people[to] = person;
  people[from] = other;
}

function nextSpeech(before: Order, heard: Heard): Map<ParticipantId, Speech> {
  const { nowMs } = heard;
  const present = new Set(heard.present);
  const speech = new Map([...before.speech].filter(([person]) => present.has(person)));
  // Who spoke when last asked has spoken until now.
  for (const person of before.speaking) {
    const own = speech.get(person);
    if (own) speech.set(person, { ...own, heardMs: nowMs });
  }
  for (const person of heard.speaking) {
    if (!present.has(person)) continue;
    const own = speech.get(person);
    const goesOn = own !== undefined && nowMs - own.heardMs <= PAUSE_MS;
    speech.set(person, { sinceMs: goesOn ? own.sinceMs : nowMs, heardMs: nowMs });
  }
  return speech;
}

function dueMs(speech: ReadonlyMap<ParticipantId, Speech>, heard: Heard): number | null {
  const due = heard.speaking
    .map((person) => speech.get(person))
    .filter((own) => own !== undefined)
    .map((own) => own.sinceMs + SPEECH_MS)
    .filter((time) => time > heard.nowMs);
  return due.length === 0 ? null : Math.min(...due);
}
