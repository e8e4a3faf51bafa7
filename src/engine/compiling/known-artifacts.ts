/**
 * What a host is known to hold compiled: a unit that it compiled before goes straight to a device, without asking the host.
 *
 * Kept for one life of a runner, since another one may find another compiler. Least recently used units are forgotten first. What the host
 * no longer has (its own cache is bounded too) comes to light when a judge asks for it; it is forgotten here then, and compiled again.
 */
import { hashOf } from '../../domain/ids.ts';
import type { ContentHash, HostId } from '../../domain/ids.ts';
import type { CompileResult, CompileUnit } from '../../domain/protocol.ts';
import type { RecordUnit } from '../../domain/program-unit.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';

const UNITS_MAX = 20_000;
/** A unit with a longer log is asked for each time: the log is part of the answer, and logs must not fill the memory. */
const LOG_CHARS_MAX = 2048;

/** What a host makes an artifact of. */
export type HostUnit = CompileUnit | RecordUnit;

/** `madeBy`: the compile host that it was brought from. */
export type Compiled = Extract<CompileResult, { status: 'compiled' }> & { readonly madeBy?: HostId };

export interface KnownArtifacts {
  /** The answer that the host would give from its cache; null when it must be asked. */
  find(unit: HostUnit): Compiled | null;
  /** The host compiled the unit, or had it. */
  add(unit: HostUnit, compiled: Compiled): void;
  /** The host does not have it any more, or cannot use it. */
  forget(artifact: ContentHash): void;
  clear(): void;
}

export const createKnownArtifacts = (unitsMax = UNITS_MAX): KnownArtifacts => {
  const unitOf = new Map<ContentHash, ContentHash>();
  const byUnit = new BoundedMap<ContentHash, Compiled>(unitsMax, (_key, { artifact }) => unitOf.delete(artifact));

  return {
    find: (unit) => byUnit.use(keyOf(unit)) ?? null,
    add: (unit, compiled) => {
      if (compiled.log.length > LOG_CHARS_MAX) return;
      const key = keyOf(unit);
      byUnit.delete(key);
      byUnit.set(key, { ...compiled, cached: true, durationMs: 0 });
      unitOf.set(compiled.artifact, key);
    },
    forget: (artifact) => {
      const key = unitOf.get(artifact);
      if (key !== undefined) byUnit.delete(key);
    },
    clear: () => {
      byUnit.clear();
      unitOf.clear();
    },
  };
};

/** Units are shared by the candidates they are for, so that each is hashed once. */
const keys = new WeakMap<HostUnit, ContentHash>();

const keyOf = (unit: HostUnit): ContentHash => {
  const known = keys.get(unit);
  if (known !== undefined) return known;
  const key = hashOf(unit);
  keys.set(unit, key);
  return key;
};
