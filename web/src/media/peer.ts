// One peer connection, from its offer to its end. A network change gets a new one instead of an ICE restart: the
// same few messages, and nothing of the old path can linger.
//
// Order: `makeOffer`, then `answer` once; tracks and layers may be set at any time before `close`.
// Invariant: no frame leaves or is played that has not passed the transforms. Senders are attached before they can
// have a track, receivers as soon as they are made; where attaching fails, there is no connection.
// Invariant: no stream is given out while its decoder may hold a picture of somebody else than its slot is said to
// carry. A decoder that never had anything holds none; after that, what the server says of a slot counts only once a frame
// has borne it out.
// Reports `connected` each time media can flow, and `broken` once, after which only `close` makes sense.

import type { Transforms } from '../e2ee/transforms';
import type { Layer, MediaOffer, Mid, Source, VideoCodec } from '../protocol/messages';
import { withSilenceUnsent } from './answer';
import { activeEncodings, addSections, encodedAs, type Sections, slotsOf } from './offer';
import { payloadTypes } from './payload';

/** A path that is silent this long, in milliseconds, is taken for broken; radio links pause for less. */
const DISCONNECTED_MS = 1500;
/** Time from the answer until media must flow, in milliseconds: ICE over UDP, then over TCP, and DTLS. */
const CONNECTING_MS = 10_000;
/**
 * Time after connecting, in milliseconds, in which every layer is encoded: Chromium's estimate starts at 300 kbit/s and
 * grows as fast as there is something to send. With all layers it is past 2 Mbit/s by then.
 */
const RAMP_MS = 2000;

/** Whose frames slots carry from now on; nobody's where null. */
export type SlotChanges = Parameters<Transforms['setSlots']>[1];

type SlotContent = SlotChanges extends ReadonlyMap<Mid, infer Content> ? Content : never;

function sameContent(content: NonNullable<SlotContent>, other: SlotContent | undefined): boolean {
  return content.leaf === other?.leaf && content.source === other.source;
}

/** Names a down-slot from before it has a mid. */
const slotName = (index: number) => `down ${index}`;

export interface PeerEvents {
  connected(): void;
  broken(): void;
  /** The down-slots that carry what they are said to, or nothing as yet, and only those have a stream. */
  carrying(mids: ReadonlySet<Mid>): void;
}

export class Peer {
  readonly #connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
  readonly #sections: Sections;
  readonly #streams = new Map<Mid, MediaStream>();
  /** What down-slots are said to carry, and those of whose decoder that holds. */
  readonly #said = new Map<Mid, NonNullable<SlotContent>>();
  #carrying: ReadonlySet<Mid> = new Set();
  /** Down-slots that were said to carry something at some time: before, every frame is kept from their decoder. */
  readonly #used = new Set<Mid>();
  readonly #id: number;
  readonly #transforms: Transforms;
  readonly #events: PeerEvents;
  #encoding: Promise<void> = Promise.resolve();
  readonly #layers = new Map<Source, readonly Layer[]>();
  readonly #codecs = new Map<Source, VideoCodec>();
  #ramped = false;
  #rampTimer: number | null = null;
  #timer: number | null = null;
  #over = false;

  /** `id` tells it from every other connection of this page. Throws where this browser has no working WebRTC. */
  constructor(id: number, videoSlotCount: number, transforms: Transforms, events: PeerEvents) {
    this.#id = id;
    this.#transforms = transforms;
    this.#events = events;
    try {
      this.#sections = addSections(this.#connection, videoSlotCount);
      for (const [source, { sender }] of this.#sections.up) transforms.attachSender(sender, id, source);
      // In the same task: Chromium 156 lets frames pass by a transform that comes later (measured), and there is no
      // mid before the offer.
      for (const [index, { transceiver }] of this.#sections.down.entries()) {
        transforms.attachReceiver(transceiver.receiver, id, slotName(index));
      }
      transforms.watchSlots(id, (slot, content) => this.#begun(slot, content));
    } catch (error) {
      this.close();
      throw error;
    }
    this.#connection.addEventListener('connectionstatechange', () => this.#changed());
    this.#connection.addEventListener('iceconnectionstatechange', () => this.#changed());
  }

  /** Makes the offer. It holds no candidates: the server is reachable and learns ours from the first check. */
  async makeOffer(): Promise<MediaOffer> {
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    for (const { transceiver } of this.#sections.down) {
      const { mid, receiver } = transceiver;
      if (mid === null) continue;
      this.#streams.set(mid, new MediaStream([receiver.track]));
    }
    return { sdp: this.#connection.localDescription?.sdp ?? '', ...slotsOf(this.#sections) };
  }

  async answer(sdp: string): Promise<void> {
    this.#wait(CONNECTING_MS);
    this.#transforms.setPayloadTypes(this.#id, payloadTypes(sdp));
    try {
      const microphone = this.#sections.up.get('microphone')?.mid ?? null;
      await this.#connection.setRemoteDescription({ type: 'answer', sdp: withSilenceUnsent(sdp, microphone) });
    } catch {
      this.#break();
    }
  }

  /** Sends `track` as `source`, or nothing. */
  send(source: Source, track: MediaStreamTrack | null): void {
    const sender = this.#sections.up.get(source)?.sender;
    if (!sender || this.#over || sender.track === track) return;
    // Fails only on a closed connection, which sends nothing anyway.
    sender.replaceTrack(track).catch(() => undefined);
  }

  /** Encodes only the layers that are watched. Takes effect once the bandwidth is known. */
  sendLayers(source: Source, layers: readonly Layer[]): void {
    this.#layers.set(source, layers);
    if (this.#ramped) this.#encode(source);
  }

  /** Encodes a picture in `codec`, if that was negotiated for it. */
  sendCodec(source: Source, codec: VideoCodec): void {
    this.#codecs.set(source, codec);
    this.#encode(source);
  }

  /** Returns the stream of a down-slot, the same for the life of the connection, whatever it carries. */
  stream(mid: Mid): MediaStream | null {
    return this.#streams.get(mid) ?? null;
  }

  /** Returns the streams of every audio slot. */
  voices(): MediaStream[] {
    return this.#sections.down.flatMap(({ kind, transceiver: { mid } }) => {
      const stream = kind === 'audio' && mid !== null ? this.#streams.get(mid) : undefined;
      return stream ? [stream] : [];
    });
  }

  close(): void {
    this.#over = true;
    this.#wait(null);
    if (this.#rampTimer !== null) window.clearTimeout(this.#rampTimer);
    this.#connection.close();
    this.#transforms.closeConnection(this.#id);
  }

  /** Says whose frames slots carry from now on. */
  setSlots(slots: SlotChanges): void {
    const named = new Map<string, SlotContent>();
    for (const [index, { transceiver }] of this.#sections.down.entries()) {
      const content = transceiver.mid === null ? undefined : slots.get(transceiver.mid);
      if (content !== undefined) named.set(slotName(index), content);
    }
    const changed = new Set<Mid>();
    const fresh: Mid[] = [];
    for (const [mid, content] of slots) {
      if (content && sameContent(content, this.#said.get(mid))) continue;
      changed.add(mid);
      if (content) this.#said.set(mid, content);
      else this.#said.delete(mid);
      // A picture is drawn by who has the stream when it is decoded: the first one is not to wait for the next.
      if (content && !this.#used.has(mid)) fresh.push(mid);
      if (content) this.#used.add(mid);
    }
    this.#carry([...[...this.#carrying].filter((mid) => !changed.has(mid)), ...fresh]);
    this.#transforms.setSlots(this.#id, named);
  }

  #begun(slot: string, content: NonNullable<SlotContent>): void {
    const mid = this.#sections.down.find((_, index) => slotName(index) === slot)?.transceiver.mid ?? null;
    // Late, if the slot is said to carry something else by now.
    if (mid === null || this.#over || !sameContent(content, this.#said.get(mid))) return;
    this.#carry([...this.#carrying, mid]);
  }

  #carry(mids: readonly Mid[]): void {
    this.#carrying = new Set(mids);
    this.#events.carrying(this.#carrying);
  }

  /** Changes happen one after the other, as `setParameters` demands. */
  #encode(source: Source): void {
    const sender = this.#sections.up.get(source)?.sender;
    if (!sender) return;
    this.#encoding = this.#encoding.then(async () => {
      if (this.#over) return;
      const parameters = sender.getParameters();
      if (parameters.encodings.length === 0) return;
      const layers = this.#ramped ? this.#layers.get(source) : undefined;
      if (layers) {
        // A layer is asked for by its size. Left to itself, Chromium shrinks a single large layer to what its first
        // estimate carries, and takes half a minute to grow it back (measured).
        parameters.degradationPreference = 'maintain-resolution';
        parameters.encodings = activeEncodings(parameters.encodings, layers);
      }
      const codec = this.#codecs.get(source);
      if (codec) parameters.encodings = encodedAs(parameters.encodings, parameters.codecs, codec);
      // A browser that cannot switch a layer sends it still: bandwidth is lost, nothing else.
      await sender.setParameters(parameters).catch(() => undefined);
    });
  }

  #ramp(): void {
    this.#rampTimer ??= window.setTimeout(() => {
      this.#ramped = true;
      for (const source of this.#layers.keys()) this.#encode(source);
    }, RAMP_MS);
  }

  #changed(): void {
    if (this.#over) return;
    const { connectionState, iceConnectionState } = this.#connection;
    if (connectionState === 'failed' || iceConnectionState === 'failed' || connectionState === 'closed') {
      this.#break();
    } else if (iceConnectionState === 'disconnected') {
      this.#wait(DISCONNECTED_MS);
    } else if (connectionState === 'connected') {
      this.#wait(null);
      this.#ramp();
      this.#events.connected();
    }
  }

  /** Takes the path for broken after `ms`, unless told otherwise before. */
  #wait(ms: number | null): void {
    if (this.#timer !== null) window.clearTimeout(this.#timer);
    this.#timer = ms === null ? null : window.setTimeout(() => this.#break(), ms);
  }

  #break(): void {
    if (this.#over) return;
    this.#over = true;
    this.#wait(null);
    this.#events.broken();
  }
}
