import type { HostEvent } from '../../src/domain/ports/host-session.ts';
import type { FromRunner } from '../../src/domain/protocol.ts';
import { HANG_MS } from './limits.ts';

/** Events of a session in order, each awaited by its type with a deadline. */
export class Events {
  readonly #events: HostEvent[] = [];
  #wake: () => void = () => undefined;

  push = (event: HostEvent): void => {
    this.#events.push(event);
    this.#wake();
  };

  async next<T extends HostEvent['type']>(type: T): Promise<Extract<HostEvent, { type: T }>> {
    return this.#next(type, () => false);
  }

  async #next<T extends HostEvent['type']>(
    type: T,
    isDropped: (event: HostEvent) => boolean,
  ): Promise<Extract<HostEvent, { type: T }>> {
    const expired = Date.now() + HANG_MS;
    for (;;) {
      const event = this.#events.shift();
      if (event?.type === type) return event as Extract<HostEvent, { type: T }>;
      if (event && isDropped(event)) continue;
      if (event) throw new Error(`${type} was awaited, got ${JSON.stringify(event)}`);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(() => reject(new Error(`no ${type} within ${HANG_MS} ms`)), expired - Date.now());
      await promise.finally(() => clearTimeout(timer));
    }
  }

  /** What has come and nobody took. */
  get untaken(): readonly HostEvent['type'][] {
    return this.#events.map(({ type }) => type);
  }

  /** The next event of that type; frames before it are dropped, those too that come while it is awaited. */
  async after<T extends 'lost' | 'refused'>(type: T): Promise<Extract<HostEvent, { type: T }>> {
    return this.#next(type, (event) => event.type === 'frame');
  }

  /** The next frame of that type; other frames before it are dropped. */
  async frame<T extends FromRunner['type']>(type: T): Promise<Extract<FromRunner, { type: T }>> {
    for (;;) {
      const { frame } = await this.next('frame');
      if (frame.type === type) return frame as Extract<FromRunner, { type: T }>;
    }
  }
}
