// What the stage shows and where: the pure rules of `call/order.ts` and `call/layout.ts`, fed with the call's state,
// the size of the stage, and the time.

import { untrack } from 'svelte';
import { type Layout, type LayoutChoice, layOut, type Scene, type SelfPlace, type Size } from '../../call/layout';
import { emptyOrder, nextOrder, type Order } from '../../call/order';
import type { Person } from '../../call/state';
import type { ParticipantId } from '../../protocol/messages';
import type { Call } from '../../session/contract';

/** Height of the row for paging, in CSS pixels. It exists only while there is more than one page. */
const PAGER_HEIGHT = 52;

export class StageScene {
  size = $state.raw<Size>({ width: 0, height: 0 });
  page = $state(0);

  readonly #call: Call;
  readonly #choice: () => LayoutChoice;
  readonly #pinned: () => ParticipantId | null;
  readonly #self: () => SelfPlace;
  #order = $state.raw<Order>(emptyOrder);

  readonly people: ReadonlyMap<ParticipantId, Person> = $derived.by(() => {
    const { participants, you } = this.#call.state;
    return new Map(participants.filter((person) => person.id !== you).map((person) => [person.id, person]));
  });

  readonly layout: Layout = $derived.by(() => {
    const scene = this.#scene();
    const whole = layOut(scene, this.size);
    return whole.pages === 1 ? whole : layOut(scene, { ...this.size, height: this.size.height - PAGER_HEIGHT });
  });

  /** Whoever is pinned and still there. */
  readonly pinned: ParticipantId | null = $derived.by(() => {
    const wished = this.#pinned();
    return wished !== null && this.people.has(wished) ? wished : null;
  });

  /** Whom a host has put before everybody's eyes; the own picture is no tile. Who is pinned goes before. */
  readonly spotlight: ParticipantId | null = $derived.by(() => {
    const { spotlight } = this.#call.state;
    return spotlight !== null && this.people.has(spotlight) ? spotlight : null;
  });

  /** To be made while a component is set up: follows the call as long as the component lives. */
  constructor(call: Call, choice: () => LayoutChoice, pinned: () => ParticipantId | null, self: () => SelfPlace) {
    this.#call = call;
    this.#choice = choice;
    this.#pinned = pinned;
    this.#self = self;
    $effect.pre(() => {
      const present = [...this.people.keys()];
      const { speaking } = this.#call.state;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const listen = () => {
        this.#order = nextOrder(this.#order, { present, speaking, inView: this.#inView(), nowMs: performance.now() });
        const { dueMs } = this.#order;
        if (dueMs !== null) timer = setTimeout(listen, Math.max(1, dueMs - performance.now()));
      };
      untrack(listen);
      return () => clearTimeout(timer);
    });
  }

  #scene(): Scene {
    const { pinned, spotlight } = this;
    const ordered = this.#order.people.filter((id) => this.people.has(id));
    const people = spotlight === null ? ordered : [spotlight, ...ordered.filter((id) => id !== spotlight)];
    const screens = [...this.people.values()].filter((person) => person.media.screen).map((person) => person.id);
    return {
      people,
      // Who is pinned is large even while a screen is shared: that is what pinning asks for.
      shares: pinned === null ? screens.reverse() : [],
      speaker: pinned ?? spotlight ?? this.#order.speaker,
      choice: pinned === null && spotlight === null ? this.#choice() : 'speaker',
      page: this.page,
      self: this.#self(),
    };
  }

  /** How many of the order's first places are on the first page. */
  #inView(): number {
    return this.layout.tiles.filter(({ tile }) => tile.source === 'camera').length;
  }
}
