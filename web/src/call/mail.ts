// Who came by mail: by a link without the meeting's secret, which a host's device tells once the passcode is proven.

import { isOfMail } from '../protocol/invite';
import type { DeviceView } from '../protocol/messages';

/** Whether this device came by mail and has not been told the secret. */
export function isUntold(view: Pick<DeviceView, 'invite'> | null): boolean {
  return view !== null && isOfMail(view.invite);
}
