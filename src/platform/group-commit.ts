/**
 * Writes that arrive while one is being made share the next: each commit reaches the disk once, however many callers wait for it, so
 * that single ones are as fast as batches.
 *
 * Modes: idle; writing (one group at a time, what arrives meanwhile waits for the next).
 * Invariant: every `write` settles with its own items' results, in their order, or with its group's error.
 */

/** Items written at once; a write that is larger goes alone. */
const GROUP_ITEMS_MAX = 2000;

export interface GroupCommit<Item, Result> {
  write(items: readonly Item[]): Promise<readonly Result[]>;
}

interface Waiting<Item, Result> {
  readonly items: readonly Item[];
  readonly resolve: (results: readonly Result[]) => void;
  readonly reject: (error: unknown) => void;
}

/** `writeAll` returns a result for each item, in order. */
export const createGroupCommit = <Item, Result>(
  writeAll: (items: readonly Item[]) => Promise<readonly Result[]>,
): GroupCommit<Item, Result> => {
  const waiting: Waiting<Item, Result>[] = [];
  let isWriting = false;

  const drain = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) await writeGroup(writeAll, takeGroup(waiting));
    isWriting = false;
  };

  return {
    write: async (items) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly Result[]>();
      waiting.push({ items, resolve, reject });
      if (!isWriting) void drain();
      return promise;
    },
  };
};

const takeGroup = <Item, Result>(waiting: Waiting<Item, Result>[]): readonly Waiting<Item, Result>[] => {
  let size = 0;
  const end = waiting.findIndex(({ items }, index) => {
    size += items.length;
    return index > 0 && size > GROUP_ITEMS_MAX;
  });
  return waiting.splice(0, end === -1 ? waiting.length : end);
};

/** Never rejects: an error is told to everyone of the group. */
const writeGroup = async <Item, Result>(
  writeAll: (items: readonly Item[]) => Promise<readonly Result[]>,
  group: readonly Waiting<Item, Result>[],
): Promise<void> => {
  try {
    const results = await writeAll(group.flatMap(({ items }) => items));
    let from = 0;
    for (const { items, resolve } of group) {
      resolve(results.slice(from, from + items.length));
      from += items.length;
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
};
