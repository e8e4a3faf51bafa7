/** Place of an item in a heap; -1 while it is in none. An item that can be in two heaps at once has two nodes. */
export interface HeapNode<T> {
  readonly item: T;
  at: number;
}

export const nodeOf = <T>(item: T): HeapNode<T> => ({ item, at: -1 });

/** Binary heap with O(log n) removal of any node. `before` must be a strict total order. */
export class Heap<T> {
  readonly #nodes: HeapNode<T>[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** The first item. */
  peek(): T | undefined {
    return this.#nodes[0]?.item;
  }

  /** The item at a position of the backing array: 0 is the first, the end holds leaves. */
  at(position: number): T | undefined {
    return this.#nodes[position]?.item;
  }

  push(node: HeapNode<T>): void {
    this.#nodes.push(node);
    this.#up(node, this.#nodes.length - 1);
  }

  /** Nothing happens when the node is in no heap. */
  remove(node: HeapNode<T>): void {
    const hole = node.at;
    if (hole < 0) return;
    node.at = -1;
    const last = this.#nodes.pop();
    if (!last || last === node) return;
    this.#up(last, hole);
    this.#down(last, last.at);
  }

  removeFirst(): void {
    const first = this.#nodes[0];
    if (first) this.remove(first);
  }

  /** Puts the node where it belongs after its item changed, or in. */
  update(node: HeapNode<T>): void {
    if (node.at < 0) return this.push(node);
    this.#up(node, node.at);
    this.#down(node, node.at);
  }

  #up(node: HeapNode<T>, from: number): void {
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#nodes[parentAt];
      if (!parent || !this.#before(node.item, parent.item)) break;
      this.#set(at, parent);
      at = parentAt;
    }
    this.#set(at, node);
  }

  #down(node: HeapNode<T>, from: number): void {
    let at = from;
    for (;;) {
      const childAt = this.#firstChild(at);
      const child = this.#nodes[childAt];
      if (!child || !this.#before(child.item, node.item)) break;
      this.#set(at, child);
      at = childAt;
    }
    this.#set(at, node);
  }

  #firstChild(at: number): number {
    const left = this.#nodes[2 * at + 1];
    const right = this.#nodes[2 * at + 2];
    return left && right && this.#before(right.item, left.item) ? 2 * at + 2 : 2 * at + 1;
  }

  #set(at: number, node: HeapNode<T>): void {
    this.#nodes[at] = node;
    node.at = at;
  }
}
