// In which order people are listed.

import type { Person } from '../../call/state';

/** Returns the people with raised hands first, otherwise in the order of arrival. */
export function handsFirst(people: readonly Person[]): readonly Person[] {
  return [...people.filter((person) => person.hand), ...people.filter((person) => !person.hand)];
}
