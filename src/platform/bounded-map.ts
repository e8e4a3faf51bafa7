/**
 * The last `max` entries: what was set or used longest ago is forgotten first. These few lines and no package (`lru-cache`): nothing here
 * needs ages, sizes or hooks, and a Map that grows with what it holds costs nothing while it is empty.
 */
export class BoundedMap<K, V> {
  readonly #max: number;
  readonly #entries = new Map<K, V>();
  readonly #onGone: (key: K, value: V) => void;

  /** `onGone`: called with every entry that is forgotten or deleted, for an index beside it. */
  constructor(max: number, onGone: (key: K, value: V) => void = () => undefined) {
    this.#max = max;
    this.#onGone = onGone;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** As `get`, and it stays longest. */
  use(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max) return;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const value = this.#entries.get(key);
    if (this.#entries.delete(key) && value !== undefined) this.#onGone(key, value);
  }

  clear(): void {
    for (const key of this.#entries.keys()) this.delete(key);
  }
}
