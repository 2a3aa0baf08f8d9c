// This device's side of the media plane: the peer connection in use, the one being made, and what goes through them.
//
// Effects of the reducer come in by attempt number; a call about an attempt that was overtaken does nothing.
// Owns every peer connection and the loudspeaker; tracks are borrowed.

import type { Transforms } from '../e2ee/transforms';
import type { Layer, MediaAnswer, MediaOffer, Mid, Source, VideoCodec } from '../protocol/messages';
import { Loudspeaker } from './loudspeaker';
import { videoSlots } from './offer';
import { Peer, type SlotChanges } from './peer';

export interface PlaneEvents {
  offerReady(attempt: number, offer: MediaOffer): void;
  offerFailed(attempt: number): void;
  connected(attempt: number): void;
  broken(attempt: number): void;
}

interface Try {
  attempt: number;
  peer: Peer;
}

export class MediaPlane {
  /** The answered connection, whose slots are shown. Reactive, so that tiles follow to the next one. */
  #inUse = $state.raw<Try | null>(null);
  #next: Try | null = null;
  /** Its down-slots that carry what they are said to. Reactive. */
  #carrying = $state.raw<ReadonlySet<Mid>>(new Set());
  readonly #tracks = new Map<Source, MediaStreamTrack | null>();
  readonly #layers = new Map<Source, readonly Layer[]>();
  readonly #events: PlaneEvents;
  readonly #loudspeaker: Loudspeaker;
  readonly #videoSlots: number;

  constructor(options: { isPhone: boolean; speaker: string | null }, events: PlaneEvents) {
    this.#events = events;
    this.#loudspeaker = new Loudspeaker(options.speaker);
    this.#videoSlots = videoSlots(options.isPhone);
  }

  /** Pictures this device can receive at once. */
  get videoSlots(): number {
    return this.#videoSlots;
  }

  /** Makes a connection and its offer, beside the one in use. Without transforms there is no connection. */
  prepare(attempt: number, transforms: Transforms | null): void {
    this.#next?.peer.close();
    this.#next = null;
    let peer: Peer;
    try {
      if (!transforms) throw new Error('nothing would encrypt what is sent');
      peer = new Peer(attempt, this.#videoSlots, transforms, {
        connected: () => this.#events.connected(attempt),
        broken: () => this.#events.broken(attempt),
        carrying: (mids) => {
          if (this.#inUse?.attempt === attempt) this.#carrying = mids;
        },
      });
    } catch {
      // Told later, as every answer is: the reducer is still at the event that asked.
      queueMicrotask(() => this.#events.offerFailed(attempt));
      return;
    }
    this.#next = { attempt, peer };
    for (const [source, track] of this.#tracks) peer.send(source, track);
    peer.makeOffer().then(
      (offer) => this.#events.offerReady(attempt, offer),
      () => this.#events.offerFailed(attempt),
    );
  }

  /** The server answered: the new connection takes over. */
  answer(attempt: number, answer: MediaAnswer): void {
    const next = this.#next;
    if (next?.attempt !== attempt) return;
    this.#inUse?.peer.close();
    this.#inUse = next;
    this.#carrying = new Set();
    this.#next = null;
    // First, since media waits for it and the rest takes a while: elements for sound, and the tiles.
    void next.peer.answer(answer.sdp);
    for (const [source, layers] of this.#layers) next.peer.sendLayers(source, layers);
    this.#loudspeaker.play(next.peer.voices());
  }

  send(source: Source, track: MediaStreamTrack | null): void {
    this.#tracks.set(source, track);
    this.#inUse?.peer.send(source, track);
    this.#next?.peer.send(source, track);
  }

  sendLayers(source: Source, layers: readonly Layer[]): void {
    this.#layers.set(source, layers);
    this.#inUse?.peer.sendLayers(source, layers);
  }

  /** On the connection in use: the server says anew what others can decode of the next one. */
  sendCodec(source: Source, codec: VideoCodec): void {
    this.#inUse?.peer.sendCodec(source, codec);
  }

  /** Says whose frames the slots of the connection in use carry from now on. */
  setSlots(slots: SlotChanges): void {
    this.#inUse?.peer.setSlots(slots);
  }

  chooseSpeaker(id: string): void {
    this.#loudspeaker.chooseSpeaker(id);
  }

  /** Returns what a down-slot carries now, once it does. Reactive. */
  stream(mid: Mid): MediaStream | null {
    return this.#carrying.has(mid) ? (this.#inUse?.peer.stream(mid) ?? null) : null;
  }

  /** Closes the connections; the plane can be used again. */
  hangUp(): void {
    this.#next?.peer.close();
    this.#inUse?.peer.close();
    this.#next = null;
    this.#inUse = null;
    this.#layers.clear();
    this.#loudspeaker.play([]);
  }

  close(): void {
    this.hangUp();
    this.#loudspeaker.close();
  }
}
