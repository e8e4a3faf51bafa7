/**
 * What a host compiled before a moment is not used any more: from then on its sources carry a mark, and so every cache (the host's, its judges',
 * the daemon's) knows them under another name. A comment behind the last line changes nothing of the code.
 */
import { hashOf } from '../../domain/ids.ts';
import type { Language } from '../../domain/plan/plan.ts';
import type { CompileUnit, KernelUnit, ProblemDefinition, SideUnit } from '../../domain/protocol.ts';
import type { ProgramUnit } from '../../domain/program-unit.ts';

export interface Marks {
  /** Of candidates; empty until a canary failed. */
  code: string;
  /** Of the problems' references and baselines; empty until a device returned from its quarantine. */
  problems: string;
}

export const NO_MARKS: Readonly<Marks> = { code: '', problems: '' };

/** Units are shared by the candidates they are for, and so are their marked forms. */
const markedKernels = new WeakMap<KernelUnit, Map<string, KernelUnit>>();
const markedPrograms = new WeakMap<ProgramUnit, Map<string, ProgramUnit>>();
const markedDefinitions = new WeakMap<ProblemDefinition, Map<string, ProblemDefinition>>();

export const markedUnit = (unit: CompileUnit, mark: string): CompileUnit => {
  if (mark === '') return unit;
  if (unit.language === 'python') return remembered(markedPrograms, [unit, mark], () => withMarkedEntry(unit, mark));
  return remembered(markedKernels, [unit, mark], () => withMarkedSource(unit, mark));
};

/** Of a definition, which is remembered whole. */
const markedSide = (unit: SideUnit, mark: string): SideUnit =>
  unit.language === 'python' ? withMarkedEntry(unit, mark) : withMarkedSource(unit, mark);

const withMarkedSource = (unit: KernelUnit, mark: string): KernelUnit => ({ ...unit, source: markedSource(unit, mark) });

const withMarkedEntry = <T extends ProgramUnit>(unit: T, mark: string): T => {
  const content = (file: ProgramUnit['files'][number]): string =>
    file.path === unit.entry.file ? `${file.content}\n# ${mark}\n` : file.content;
  return { ...unit, files: unit.files.map((file) => ({ ...file, content: content(file) })) };
};

export const markedDefinition = (definition: ProblemDefinition, mark: string): ProblemDefinition => {
  if (mark === '') return definition;
  return remembered(markedDefinitions, [definition, mark], () => {
    const { key: _key, inputs, verify, ...rest } = definition;
    const marked = {
      ...rest,
      reference: markedSide(rest.reference, mark),
      baseline: markedSide(rest.baseline, mark),
      ...(inputs && { inputs: withMarkedEntry(inputs, mark) }),
      ...(verify && { verify: withMarkedEntry(verify, mark) }),
    };
    return { ...marked, key: hashOf(marked) };
  });
};

export const markedSource = (
  { language, source }: { readonly language: Language; readonly source: string },
  mark: string,
): string => `${source}\n${language === 'triton' ? '#' : '//'} ${mark}\n`;

const remembered = <T extends object>(known: WeakMap<T, Map<string, T>>, [of, mark]: readonly [T, string], make: () => T): T => {
  const byMark = known.get(of) ?? new Map<string, T>();
  known.set(of, byMark);
  const made = byMark.get(mark) ?? make();
  byMark.set(mark, made);
  return made;
};
