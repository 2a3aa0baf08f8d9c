// What the list is asked for.

export interface Filter {
  words: string;
  /** Empty for every kind. */
  kind: string;
  /** Empty for every label. */
  tlp: string;
  /** Empty for every state. */
  stage: string;
}

/** Returns the path of the list; what filters nothing is left out. */
export function listPath(filter: Filter, after = ''): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, after })) {
    const said = value.trim();
    if (said) query.set(name, said);
  }
  const text = query.toString();
  return text ? `bulletin/documents?${text}` : 'bulletin/documents';
}
