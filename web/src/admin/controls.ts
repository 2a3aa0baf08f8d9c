// What a control of the catalogue and its settings are called, in the words of the call.

import { type ControlEntry, controls } from '../protocol/messages';
import { levelText, nameText } from '../ui/security/policy';
import { t } from './strings/text';

/** The setting of a control that cannot be set. */
const ALWAYS = 'always';

/** Returns what a control is called; its id, if this page does not know it. */
export function controlText(control: string): string {
  const entry = entryOf(control);
  return entry ? nameText(entry) : control;
}

/** Returns what a setting of a control means. */
export function settingText(control: string, value: string): string {
  if (value === ALWAYS) return t('floor-always');
  const entry = entryOf(control);
  return entry ? levelText(entry, value) : value;
}

function entryOf(control: string): ControlEntry | undefined {
  return controls.find((entry) => entry.id === control);
}
