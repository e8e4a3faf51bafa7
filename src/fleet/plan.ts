/** What changes between the fleet as it is and as it is meant to be. Pure. */
import type { HostChange } from '../domain/api/fleet-control.ts';
import type { HostConfig } from '../domain/fleet.ts';
import { canonicalJson, type HostId } from '../domain/ids.ts';

export type Hosts = ReadonlyMap<HostId, HostConfig>;

export const hostsOf = (configs: readonly HostConfig[]): Hosts => new Map(configs.map((config) => [config.name, config]));

export const changesBetween = (now: Hosts, wanted: Hosts): readonly HostChange[] => [
  ...[...now.keys()].filter((host) => !wanted.has(host)).map((host) => ({ host, change: 'remove' as const, fields: [] })),
  ...[...wanted].flatMap(([host, config]) => {
    const before = now.get(host);
    return before ? changeOf(before, config) : [{ host, change: 'add' as const, fields: [] }];
  }),
];

/** What holds at once, without a new connection. */
const AT_ONCE: ReadonlySet<string> = new Set(['labels', 'onStateChange'] satisfies readonly (keyof HostConfig)[]);

/** Nothing, or one. */
const changeOf = (before: HostConfig, after: HostConfig): readonly HostChange[] => {
  const fields = differing(before, after);
  if (fields.length === 0) return [];
  const change = fields.every((field) => AT_ONCE.has(field)) ? ('relabel' as const) : ('replace' as const);
  return [{ host: after.name, change, fields }];
};

const differing = (before: HostConfig, after: HostConfig): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (field) => canonicalJson(fieldOf(before, field)) !== canonicalJson(fieldOf(after, field)),
  );

const fieldOf = (config: HostConfig, field: string): unknown => Object.entries(config).find(([name]) => name === field)?.[1];
