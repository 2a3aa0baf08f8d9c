// A file for the person, made in the page: nobody else sees it.

import type { MeetingId } from '../protocol/messages';

/** Characters of the meeting's id in the name of a file: enough to tell meetings apart. */
const ID_CHARS = 8;

export function logName(meeting: MeetingId): string {
  return `sabha-log-${meeting.slice(0, ID_CHARS)}.txt`;
}

export function certificateName(meeting: MeetingId): string {
  return `sabha-certificate-${meeting.slice(0, ID_CHARS)}.json`;
}

/** Has the browser save a text, as it saves what is downloaded. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has taken hold of it by the next task.
  setTimeout(() => URL.revokeObjectURL(url));
}
