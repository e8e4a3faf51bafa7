/** A file or a task of another benchmark, on its way to become a problem. */
import type { Described } from './described.ts';

export interface Source {
  /** Where it was found, for people: "level1/19_ReLU.py". */
  readonly label: string;
  /** As the problem is to be called. */
  readonly name: string;
  readonly kind: 'gpumode' | 'kernelbench';
  /** Name in the problem's folder -> text, unmodified; `reference.py` among them. */
  readonly files: Readonly<Record<string, string>>;
  /** Arguments of its cases. */
  readonly cases: readonly Readonly<Record<string, unknown>>[];
  /** Throws RefusedFile. */
  readonly make: (described: Described, name: string) => Made;
}

/** What a file became. */
export interface Made {
  /** problem.yaml. */
  readonly problem: object;
  /** Beside those of the source. */
  readonly files?: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** One that cannot even be described. */
export interface RefusedSource {
  readonly label: string;
  readonly refused: string;
}
