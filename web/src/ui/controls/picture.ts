// Shows a stream in a <video>: silent, because sound is played by the session, and inline, because phones would
// otherwise fill the screen with it.

import type { Attachment } from 'svelte/attachments';

/** Returns an attachment that shows `stream`, and lets go of it when the element goes. */
export function picture(stream: MediaStream | null): Attachment<HTMLVideoElement> {
  return (video) => {
    video.muted = true;
    video.playsInline = true;
    video.disablePictureInPicture = true;
    if (video.srcObject !== stream) video.srcObject = stream;
    // Refused only while the page is hidden or the stream is gone; `autoplay` tries again by itself.
    if (stream) video.play().catch(() => undefined);
    return () => {
      video.srcObject = null;
    };
  };
}
