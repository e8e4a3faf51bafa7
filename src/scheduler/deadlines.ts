import { type HeapNode, nodeOf } from './heap.ts';
import type { CoreState, Deadline, Entry, Host } from './state.ts';

export const armEntry = (core: CoreState, entry: Entry, atMs: number): void => {
  entry.deadline = arm(core, entry.deadline, { atMs, subject: { kind: 'entry', entry } });
};

export const armHost = (core: CoreState, host: Host, atMs: number): void => {
  host.deadline = arm(core, host.deadline, { atMs, subject: { kind: 'host', host } });
};

export const disarm = (core: CoreState, owner: Entry | Host): void => {
  if (!owner.deadline) return;
  core.deadlines.remove(owner.deadline);
  owner.deadline = null;
};

const arm = (core: CoreState, armed: HeapNode<Deadline> | null, deadline: Deadline): HeapNode<Deadline> => {
  if (armed) core.deadlines.remove(armed);
  const node = nodeOf(deadline);
  core.deadlines.push(node);
  return node;
};
