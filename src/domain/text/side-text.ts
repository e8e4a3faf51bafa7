/** A problem's reference or baseline as writers are shown it. */
import { fileOf, type Side } from '../problem.ts';

export interface ShownSide {
  readonly file: string;
  /** Of a program, what it imports follows its entry. */
  readonly source: string;
}

export const shownSide = (side: Side, files: Readonly<Record<string, string>>): ShownSide => {
  const file = fileOf(side);
  const own = files[file] ?? '';
  if (typeof side === 'string') return { file, source: own };
  const others = side.files.map((path) => `# ${path}\n${files[path]?.trimEnd() ?? ''}`);
  return { file, source: [own.trimEnd(), ...others].join('\n\n') };
};

/** "reference.cu", or of a program "reference.py, a program: ref_kernel is called as custom_kernel, in environment torch" */
export const sideName = (side: Side): string => {
  const about = sideAbout(side);
  return about === '' ? fileOf(side) : `${fileOf(side)}, ${about}`;
};

/** How a program is called; nothing of a kernel. */
export const sideAbout = (side: Side): string =>
  typeof side === 'string' ? '' : `a program: ${side.symbol} is called as ${side.style}, in environment ${side.environment}`;

/** What stands behind the fence of a block of that file. */
export const fenceLanguage = (file: string): string => (file.endsWith('.py') ? 'python' : '');
