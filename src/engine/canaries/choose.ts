/** Which known-good candidates a device is given: the problems' own baselines and seeds. Pure. */
import { deviceClassOf } from '../../domain/device.ts';
import type { Device } from '../../domain/device.ts';
import { DTYPE_BYTES } from '../../domain/plan/dtype.ts';
import type { Language } from '../../domain/plan/plan.ts';
import { baselineOf } from '../../domain/problem.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { languageOfFile } from '../../domain/plan/language-of-file.ts';
import { targetOf } from '../../problems/targets.ts';

/** Of the problem whose candidates a device refused: its baseline and so many seeds. */
const SUSPECTED_MAX = 3;
/** Problems that are tried until one passes on a class on which nothing of any has passed yet. */
const UNPROVEN_TRIES = 3;

export interface Canary {
  readonly loaded: LoadedProblem;
  /** `baseline.cu`, `seeds/1-naive.cu` */
  readonly file: string;
  readonly language: Language;
}

/** The problem and language of the last candidates that the device refused. */
export interface Suspect {
  readonly problem: string;
  readonly language: Language;
}

export interface Wanted {
  readonly device: Device;
  readonly languages: readonly Language[];
  readonly problems: ReadonlyMap<string, LoadedProblem>;
  readonly suspect: Suspect | null;
  /** Something of the problem has passed on this model or class: that its own code fails there is not the problem's fault. */
  readonly isProven: (canary: Canary) => boolean;
}

export const nameOf = ({ loaded, file }: Canary): string => `${loaded.problem.name}/${file}`;

/**
 * One that must pass for each language of the host, of the cheapest problem; and those of the suspected problem. Where nothing has passed on the
 * class yet, one that fails may be wrong itself: `spares` are tried in its place.
 */
export const chooseCanaries = (wanted: Wanted): { readonly must: readonly Canary[]; readonly spares: readonly Canary[] } => {
  const all = canariesOf(wanted);
  const regular = [...Map.groupBy(all, ({ language }) => language).values()].flatMap((list) => {
    const proven = list.filter((canary) => wanted.isProven(canary));
    return (proven.length > 0 ? proven : list).slice(0, 1);
  });
  const suspected = all
    .filter(({ loaded, language }) => loaded.problem.name === wanted.suspect?.problem && language === wanted.suspect.language)
    .filter((canary) => wanted.isProven(canary))
    .slice(0, SUSPECTED_MAX);
  const must = [...new Map([...regular, ...suspected].map((canary) => [nameOf(canary), canary])).values()];
  const taken = new Set(must.map(({ loaded }) => loaded));
  return { must, spares: all.filter(({ loaded }) => !taken.has(loaded)).slice(0, UNPROVEN_TRIES) };
};

/** Of every problem for the device's kind, the cheapest first; baselines before seeds. */
const canariesOf = ({ device, languages, problems }: Wanted): readonly Canary[] => {
  const target = targetOf(deviceClassOf(device));
  return (
    [...problems.values()]
      // One whose yardstick is a program tells more of its environment than of the device.
      .filter(({ targets, environments }) => targets.includes(target) && environments(target).length === 0)
      .map((loaded) => ({ loaded, cost: costOf(loaded, device) }))
      .toSorted((one, two) => one.cost - two.cost)
      .flatMap(({ loaded }) => {
        const code = loaded.problem[target];
        const baseline = code && baselineOf(code);
        const seeds = Object.keys(loaded.files).filter((file) => file.startsWith('seeds/'));
        return [...(typeof baseline === 'string' ? [baseline] : []), ...seeds].flatMap((file) => {
          const language = languageOfFile(file);
          const isMeant = language !== undefined && languages.includes(language) && (language === 'c') === (target === 'cpu');
          return isMeant ? [{ loaded, file, language }] : [];
        });
      })
  );
};

const costOf = (loaded: LoadedProblem, device: Device): number =>
  loaded
    .definitionFor(targetOf(deviceClassOf(device)), device.architecture)
    .cases.flatMap(({ tensors }) => tensors)
    .reduce((sum, { elements, dtype }) => sum + elements * DTYPE_BYTES[dtype], 0);
