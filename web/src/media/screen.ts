// A shared screen, window or tab: asked for by a click, ended by the person here or in the browser's own bar.

/** What is shared; sound only where the browser and the choice have it. */
export interface ScreenTracks {
  video: MediaStreamTrack;
  audio: MediaStreamTrack | null;
}

/** Opens the browser's picker. Null if the person chose nothing. `ended` is called once, when the share stops. */
export async function captureScreen(ended: () => void): Promise<ScreenTracks | null> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 }, width: { max: 2560 }, height: { max: 1440 } },
      // Sound of a tab is music or speech as it is: nothing may be filtered out of it.
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch {
    return null;
  }
  const [video] = stream.getVideoTracks();
  const [audio = null] = stream.getAudioTracks();
  if (!video) return null;
  // Text must stay sharp; frames may be dropped for it.
  video.contentHint = 'detail';
  if (audio) audio.contentHint = 'music';
  video.addEventListener('ended', ended, { once: true });
  return { video, audio };
}

/** Returns whether this browser can share a screen at all; phones cannot. */
export function canCaptureScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}
