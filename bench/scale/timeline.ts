import { Heap, nodeOf } from '../../src/scheduler/heap.ts';

interface Due {
  readonly atMs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Virtual time: what is due first runs first, and equal times run in the order they were asked for. */
export class Timeline {
  nowMs = 0;
  readonly #due = new Heap<Due>((a, b) => (a.atMs === b.atMs ? a.sequence < b.sequence : a.atMs < b.atMs));
  #sequence = 0;

  after(delayMs: number, run: () => void): void {
    const due = { atMs: this.nowMs + delayMs, sequence: this.#sequence, run };
    this.#sequence += 1;
    this.#due.push(nodeOf(due));
  }

  runUntil(endMs: number): void {
    for (let due = this.#due.peek(); due && due.atMs <= endMs; due = this.#due.peek()) {
      this.#due.removeFirst();
      this.nowMs = due.atMs;
      due.run();
    }
    this.nowMs = endMs;
  }
}
