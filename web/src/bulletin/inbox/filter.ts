// What the list is asked for.

export interface Filter {
  words: string;
  /** Empty for every kind. */
  kind: string;
  /** Empty for every label. */
  tlp: string;
  /** Empty for every state. */
  stage: string;
  /** Empty for every severity. */
  severity: string;
  /** Empty for every organisation. */
  owner: string;
  /** Empty for every year. */
  year: string;
}

/** Returns the path of the list; what filters nothing is left out. */
export function listPath(filter: Filter, after = ''): string {
  return pathWith('bulletin/documents', { ...filter, after });
}

/** Returns the path at which the same documents are counted. */
export function facetsPath(filter: Filter): string {
  return pathWith('bulletin/facets', { ...filter });
}

function pathWith(path: string, said: Record<string, string>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(said)) {
    if (value.trim()) query.set(name, value.trim());
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
