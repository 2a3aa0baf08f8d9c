// A call of the browser with itself, with nothing of Sabha's in it: what comes of a picture over a link that stands between.

/** The picture, and what the browser may send of it, in bits a second: what the best layer of a camera takes. */
const WIDTH = 640;
const HEIGHT = 360;
const FRAME_MS = 33;
const BITRATE_MAX = 1_300_000;
const SAMPLE_MS = 250;
/** Share of the squares of the picture that change from one frame to the next. */
const CHANGED = 0.08;

/** What had come at some time, and what the sender takes the link for, in bits a second. */
export interface Sample {
  atMs: number;
  bytes: number;
  frames: number;
  soundPackets: number;
  estimate: number;
}

declare global {
  interface Window {
    /** Begins; returns where the receiving end waits for packets. */
    begin(): Promise<{ address: string; port: number }>;
    /** Lets packets go to where they are carried on from, and waits until media flows. */
    connect(address: string, port: number): Promise<void>;
    /** Samples since the last call, and the longest time between two frames in them, in milliseconds. */
    taken(): { samples: Sample[]; gapMs: number };
  }
}

const sender = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
const receiver = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
let answer = '';
let samples: Sample[] = [];
let gapMs = 0;

/** Draws what no encoder makes small: noise, a part of it new in each frame. More would not fit into the bitrate at any quality. */
function noise(): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('this browser does not draw');
  const small = new ImageData(WIDTH / 8, HEIGHT / 8);
  const source = new OffscreenCanvas(small.width, small.height);
  const drawn = source.getContext('2d');
  setInterval(() => {
    for (let at = 0; at < small.data.length; at += 4) {
      if (Math.random() > CHANGED) continue;
      small.data.fill(Math.random() * 256, at, at + 3);
      small.data[at + 3] = 255;
    }
    drawn?.putImageData(small, 0, 0);
    context.drawImage(source, 0, 0, WIDTH, HEIGHT);
  }, FRAME_MS);
  const [track] = canvas.captureStream(30).getVideoTracks();
  if (!track) throw new Error('this browser does not record what it draws');
  return track;
}

async function gathered(connection: RTCPeerConnection): Promise<void> {
  while (connection.iceGatheringState !== 'complete') {
    await new Promise((done) => connection.addEventListener('icegatheringstatechange', done, { once: true }));
  }
}

const withoutCandidates = (sdp: string) => sdp.replace(/^a=(candidate:|end-of-candidates).*\r\n/gm, '');

/** Watches the frames that are shown, which tells a gap more finely than counts do. */
function watch(track: MediaStreamTrack): void {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  document.body.append(video);
  void video.play();
  let before: number | null = null;
  const shown = (now: number) => {
    if (before !== null) gapMs = Math.max(gapMs, now - before);
    before = now;
    video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
}

async function sample(): Promise<void> {
  const taken: Sample = { atMs: performance.now(), bytes: 0, frames: 0, soundPackets: 0, estimate: 0 };
  for (const stats of (await receiver.getStats()).values()) {
    if (stats.type !== 'inbound-rtp') continue;
    if (stats.kind === 'audio') taken.soundPackets = stats.packetsReceived;
    else {
      // What repairs is not the picture.
      const repair = (stats.retransmittedBytesReceived ?? 0) + (stats.fecBytesReceived ?? 0);
      taken.bytes = stats.bytesReceived - repair;
      taken.frames = stats.framesDecoded ?? 0;
    }
  }
  for (const stats of (await sender.getStats()).values()) {
    if (stats.type === 'candidate-pair') taken.estimate = Math.max(taken.estimate, stats.availableOutgoingBitrate ?? 0);
  }
  samples.push(taken);
}

window.begin = async () => {
  const devices = await navigator.mediaDevices.getUserMedia({ audio: true });
  const [sound] = devices.getAudioTracks();
  if (!sound) throw new Error('there is no microphone');
  sender.addTransceiver(sound, { direction: 'sendonly' });
  sender.addTransceiver(noise(), { direction: 'sendonly', sendEncodings: [{ maxBitrate: BITRATE_MAX }] });
  receiver.addEventListener('track', ({ track }) => {
    if (track.kind === 'video') watch(track);
  });
  await sender.setLocalDescription();
  await receiver.setRemoteDescription({ type: 'offer', sdp: withoutCandidates(sender.localDescription?.sdp ?? '') });
  await receiver.setLocalDescription();
  await gathered(receiver);
  answer = receiver.localDescription?.sdp ?? '';
  const candidate = /^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/m.exec(answer);
  if (!candidate?.[1]) throw new Error(`no candidate of the receiving end is an address: ${answer}`);
  return { address: candidate[1], port: Number(candidate[2]) };
};

window.connect = async (address, port) => {
  const line = `a=candidate:1 1 udp 2113937151 ${address} ${port} typ host\r\n`;
  const sdp = withoutCandidates(answer).replace(/^(a=ice-ufrag:.*\r\n)/m, `${line}$1`);
  await sender.setRemoteDescription({ type: 'answer', sdp });
  while (sender.connectionState !== 'connected') {
    await new Promise((done) => sender.addEventListener('connectionstatechange', done, { once: true }));
  }
  setInterval(() => void sample(), SAMPLE_MS);
};

window.taken = () => {
  const result = { samples, gapMs };
  samples = [];
  gapMs = 0;
  return result;
};
