import type { Store } from '../../src/domain/ports/store.ts';

export type Held = 'commits' | 'news of commits' | 'records' | 'holds';

/** Between the engine and the store: holds back commits, the news of them, or what is read; and fails commits for ever once the daemon was killed. */
export class StoreGate {
  #held: PromiseWithResolvers<void> | null = null;
  #where: Held = 'commits';
  #onWaiting = (): void => undefined;

  /** Resolves when somebody waits there. */
  async hold(where: Held): Promise<void> {
    this.#where = where;
    this.#held = Promise.withResolvers();
    this.#held.promise.catch(() => undefined);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onWaiting = resolve;
    return promise;
  }

  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  /** What waits fails, once. */
  fail(): void {
    this.#held?.reject(new Error('the store is away'));
    this.#held = null;
  }

  kill(): void {
    if (!this.#held) void this.hold('commits');
    this.#held?.reject(new Error('the daemon was killed'));
  }

  /** `onWritten`: also where the engine does not hear of it. */
  of<S extends Store>(store: S, onWritten: () => void): S {
    return {
      ...store,
      together: async (work) => {
        await this.#at('commits');
        await store.together(work);
        onWritten();
        await this.#at('news of commits');
      },
      record: async (...key) => {
        await this.#at('records');
        return store.record(...key);
      },
      holds: async () => {
        const holds = await store.holds();
        await this.#at('holds');
        return holds;
      },
    };
  }

  async #at(where: Held): Promise<void> {
    if (this.#where !== where || !this.#held) return;
    this.#onWaiting();
    await this.#held.promise;
  }
}
