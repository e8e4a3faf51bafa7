import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Heap, nodeOf } from '../../../src/scheduler/heap.ts';

interface Item {
  key: number;
  readonly n: number;
}

describe('heap', () => {
  test('gives the least first after any pushes, removals and changes', () => {
    const anyOp = fc.record({
      op: fc.constantFrom('push', 'push', 'push', 'remove', 'change'),
      at: fc.nat(30),
      key: fc.nat(1_000),
    });
    const anyOps = fc.array(anyOp, { maxLength: 150, size: 'max' });
    fc.assert(
      fc.property(anyOps, (ops) => {
        const heap = new Heap<Item>((a, b) => (a.key === b.key ? a.n < b.n : a.key < b.key));
        const nodes = Array.from({ length: 31 }, (_, n) => nodeOf<Item>({ key: 0, n }));
        for (const { op, at, key } of ops) {
          const node = nodes[at];
          if (!node) continue;
          if (op === 'remove') heap.remove(node);
          else {
            node.item.key = key;
            heap.update(node);
          }
        }
        const inHeap = nodes.filter((node) => node.at >= 0).map(({ item }) => item);
        const given: (Item | undefined)[] = [];
        for (; heap.size > 0; heap.removeFirst()) given.push(heap.peek());
        expect(given).toEqual(inHeap.toSorted((a, b) => a.key - b.key || a.n - b.n));
      }),
      { numRuns: 500 },
    );
  });
});
