// What stands across restricted material: who reads it, and when.

/** Returns the mark: the name, and the minute in UTC, so that it means the same wherever a picture of it turns up. */
export function markOf(name: string, nowMs: number): string {
  const minute = new Date(nowMs).toISOString().slice(0, 16).replace('T', ' ');
  return `${name} · ${minute} UTC`;
}

/** Where a mark is painted on a picture, in dots, row after row, every other one moved by half. */
export function placesOf(width: number, height: number, mark: { width: number; height: number }): [number, number][] {
  const across = Math.max(1, mark.width * 1.3);
  const down = Math.max(1, mark.height * 5);
  const places: [number, number][] = [];
  for (let row = 0; row * down < height + down; row++) {
    const begin = row % 2 === 0 ? 0 : -across / 2;
    for (let x = begin; x < width; x += across) places.push([x, row * down + mark.height]);
  }
  return places;
}
