/** What differs between two inventories of one host, for people. */
import type { Device } from '../../domain/device.ts';
import type { InventoryChange } from '../../domain/api/fleet.ts';
import type { Inventory } from '../../domain/protocol.ts';

const TOOLS = ['driver', 'nvrtc', 'nvcc', 'gcc', 'triton', 'ncu'] as const;

/** Null where it was, or is, not there. */
export const changesOf = (before: Inventory, after: Inventory): readonly InventoryChange[] =>
  [
    ...TOOLS.map((tool) => change(tool, before[tool], after[tool])),
    change('languages', listed(before.languages), listed(after.languages)),
    ...changedCompilers(before, after).map((language) =>
      change(`compiler of ${language}`, before.compilers?.[language] ?? null, after.compilers?.[language] ?? null),
    ),
    change('compile slots', String(before.compileSlots), String(after.compileSlots)),
    ...environmentsOf(before, after).map((name) =>
      change(`environment ${name}`, versionsOf(before, name), versionsOf(after, name)),
    ),
    change('confinement', before.confinement?.level ?? null, after.confinement?.level ?? null),
    ...idsOf(before, after).map((id) => change(`device ${id}`, stateOf(before, id), stateOf(after, id))),
  ].filter((each) => each.old !== each.new);

/** Languages whose code would come out differently now, or that came or went. */
export const changedCompilers = (before: Inventory, after: Inventory): readonly string[] =>
  [...new Set([...Object.keys(before.compilers ?? {}), ...Object.keys(after.compilers ?? {})])].filter(
    (language) => before.compilers?.[language] !== after.compilers?.[language],
  );

const change = (what: string, before: string | null, after: string | null): InventoryChange => ({
  what,
  old: before,
  new: after,
});

const listed = (words: readonly string[]): string | null => (words.length === 0 ? null : words.toSorted().join(', '));

const environmentsOf = (...inventories: readonly Inventory[]): readonly string[] => [
  ...new Set(inventories.flatMap(({ environments = [] }) => environments.map(({ name }) => name))),
];

const versionsOf = ({ environments = [] }: Inventory, name: string): string | null => {
  const found = environments.find((each) => each.name === name);
  return found ? `${found.torch ?? 'no PyTorch'}, ${found.triton ?? 'no Triton'}, key ${found.key.slice(0, 8)}` : null;
};

const idsOf = (...inventories: readonly Inventory[]): readonly string[] => [
  ...new Set(inventories.flatMap(({ devices }) => devices.map(({ id }) => id))),
];

const stateOf = ({ devices }: Inventory, id: string): string | null => {
  const device: Device | undefined = devices.find((each) => each.id === id);
  if (!device) return null;
  return device.unavailable === null ? device.model : `${device.model}, unavailable: ${device.unavailable}`;
};
