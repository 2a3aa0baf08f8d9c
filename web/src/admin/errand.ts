// Remembers, over the way to the identity provider and back in the same tab, that somebody is bound there, not signed in.

const KEY = 'sabha.binding';

export function beginBinding(): void {
  sessionStorage.setItem(KEY, 'yes');
}

/** Returns whether somebody was being bound, and forgets it. */
export function endBinding(): boolean {
  const binds = sessionStorage.getItem(KEY) !== null;
  sessionStorage.removeItem(KEY);
  return binds;
}
