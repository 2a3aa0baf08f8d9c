// Who demands a control, in words.

import type { PolicyDemand } from '../../protocol/messages';
import { t } from '../strings/text';

/** Returns which advisory demands a control; null where none does. One that can be named goes before one that cannot. */
export function demandText(demands: readonly PolicyDemand[], control: string): string | null {
  const of = demands.filter((demand) => demand.control === control);
  const advisory = of.find((demand) => demand.advisory)?.advisory;
  if (advisory)
    return t('policy-demanded-by', { advisory: advisory.tracking ?? advisory.title, publisher: advisory.publisher });
  return of.length > 0 ? t('policy-demanded-hidden') : null;
}
