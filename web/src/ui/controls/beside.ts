// Where a popup goes: beside its button, wholly inside the window.

interface Edges {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface Size {
  width: number;
  height: number;
}

/** Space between the button and the popup, and between the popup and the window's edge, in CSS pixels. */
const GAP = 8;

/**
 * Returns the popup's upper left corner in CSS pixels. It is centred on the button and goes to the wished side, or
 * to the other one where only that has room, and is then pushed inside the window.
 */
export function beside(
  button: Edges,
  popup: Size,
  side: 'above' | 'below',
  screen: Size,
): { left: number; top: number } {
  const above = button.top - GAP - popup.height;
  const below = button.bottom + GAP;
  const fitsAbove = above >= GAP;
  const fitsBelow = below + popup.height <= screen.height - GAP;
  const top = side === 'above' ? (fitsAbove || !fitsBelow ? above : below) : fitsBelow || !fitsAbove ? below : above;
  const left = (button.left + button.right - popup.width) / 2;
  return {
    left: within(left, GAP, screen.width - popup.width - GAP),
    top: within(top, GAP, screen.height - popup.height - GAP),
  };
}

function within(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
