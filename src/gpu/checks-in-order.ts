/**
 * Checks of hosts that are examined side by side, told one host after another: those of the first host that has not ended at once, those of later ones when their
 * turn comes. Invariant: nothing is held for the first that has not ended.
 */
import type { HostCheck } from './host-check.ts';

export type OnCheck = (host: string, check: HostCheck) => void;

export interface ChecksInOrder {
  readonly tell: OnCheck;
  /** Nothing more comes of it. */
  readonly end: (host: string) => void;
}

export const tellInOrder = (hosts: readonly string[], onCheck: OnCheck): ChecksInOrder => {
  const waiting = [...hosts];
  const ended = new Set<string>();
  const held = new Map<string, HostCheck[]>(hosts.map((host) => [host, []]));
  const tellHeld = (host: string): void => {
    for (const check of held.get(host) ?? []) onCheck(host, check);
    held.delete(host);
  };
  return {
    tell: (host, check) => {
      if (host === waiting[0]) onCheck(host, check);
      else held.get(host)?.push(check);
    },
    end: (host) => {
      ended.add(host);
      for (let [first] = waiting; first !== undefined && ended.has(first); [first] = waiting) {
        waiting.shift();
        waiting.slice(0, 1).forEach(tellHeld);
      }
    },
  };
};
