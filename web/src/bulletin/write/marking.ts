// Labels and audiences that fit together: everybody for CLEAR, persons for RED, groups and organisations for the others.

import type { Marking, TlpLabel } from '../../protocol/messages';

/** Returns the marking with another label, and of the audience what goes with it. */
export function marked(marking: Marking, tlp: TlpLabel): Marking {
  const shared = tlp !== 'CLEAR' && tlp !== 'RED';
  return {
    tlp,
    groups: shared ? marking.groups : [],
    organisations: shared ? marking.organisations : [],
    persons: tlp === 'RED' ? marking.persons : [],
  };
}
