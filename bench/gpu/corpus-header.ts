/** What a file of test/corpus says about itself in its comments; test/corpus/README.md tells the form. Pure. */

export interface CorpusHeader {
  readonly problem: string;
  /** Any of these verdicts is right. */
  readonly expected: readonly string[];
  /** Honest kernel of the same shape that it must not stand ahead of; null where there is none. */
  readonly twin: string | null;
  /** Of a program, where its file alone does not tell. */
  readonly style: string | null;
}

export const corpusHeader = (source: string): CorpusHeader => ({
  problem: valueOf(source, /^\W*problem: (\w+)$/mu) ?? 'vector_add',
  expected: valueOf(source, /^\W*expect: ([\w ]+)$/mu)?.split(' or ') ?? ['passed'],
  twin: valueOf(source, /^\W*twin: (\S+)$/mu),
  style: valueOf(source, /^\W*style: (\w+)$/mu),
});

const valueOf = (source: string, pattern: RegExp): string | null => pattern.exec(source)?.[1] ?? null;
