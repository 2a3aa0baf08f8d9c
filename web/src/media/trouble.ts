// What getUserMedia's errors mean to a person (Media Capture and Streams, section 10.2: getUserMedia).

import type { DeviceTrouble } from '../session/contract';

/** Returns what to tell about an error that opening a device threw. */
export function troubleOf(error: unknown): DeviceTrouble {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'permission_denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'not_found';
    // Another program holds the device, or the system cannot start it.
    case 'AbortError':
    case 'NotReadableError':
      return 'in_use';
    default:
      return 'unknown';
  }
}
