// Numbers as people read them.

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Returns an amount of bytes, such as "1.5 GB", in units of a thousand. */
export function bytesText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const format = new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: UNITS[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumSignificantDigits: 3,
  });
  return format.format(bytes / 1000 ** unit);
}

/** Returns a number with its thousands apart. */
export function countText(count: number): string {
  return new Intl.NumberFormat().format(count);
}

/** Returns a share, such as "4 %"; more than nothing is never shown as nothing. */
export function shareText(used: number, max: number): string {
  const share = max > 0 ? used / max : 0;
  const format = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: share < 0.01 ? 1 : 0 });
  return format.format(used > 0 ? Math.max(0.001, share) : 0);
}
