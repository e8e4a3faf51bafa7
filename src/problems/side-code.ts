/** The code of a problem's reference and baseline, from its folder's files. Pure. */
import {
  baselineOf,
  type Derivation,
  type Implementation,
  type Problem,
  type Side,
  type Verification,
} from '../domain/problem.ts';
import type { ProgramSide } from '../domain/program-call.ts';
import { filesComplaint } from '../domain/program.ts';
import type { OwnSide, ProgramUnit } from '../domain/program-unit.ts';
import { ownValue } from '../platform/own-value.ts';
import type { TargetCode } from './definition.ts';
import { refuseHalfDerived } from './derivation.ts';
import { PlanError } from './plan-error.ts';
import type { ProgramCode, SideCode } from './resolve-side.ts';
import { languageOfFile } from '../domain/plan/language-of-file.ts';
import { refuseUnverifiable } from './verification.ts';
import type { Target } from './targets.ts';

export interface Folder {
  readonly problem: Problem;
  readonly files: Readonly<Record<string, string>>;
}

/** Throws PlanError naming the side: a file that is missing, a target that programs do not run on. */
export const targetCodeOf = (folder: Folder, target: Target): TargetCode => {
  const { problem } = folder;
  const code = problem[target];
  if (code === undefined) throw new PlanError(target, `"${target}" is not given`);
  if (problem.bench[target].length === 0)
    throw new PlanError(`bench.${target}`, `"${target}" is given, but no case to time on it`);
  refuseWithoutBaseline(code, target);
  refuseHalfDerived(problem);
  refuseUnverifiable(problem);
  const inputs = problem.derive && inputsCode(folder, problem.derive, target);
  const verify = problem.verify && verifyCode(folder, problem.verify, target);
  return {
    reference: sideCode(folder, { target, side: 'reference', given: code.reference }),
    baseline: sideCode(folder, { target, side: 'baseline', given: baselineOf(code) }),
    ...(inputs && { inputs }),
    ...(verify && { verify }),
  };
};

const inputsCode = (folder: Folder, { raw: _raw, ...program }: Derivation, target: Target): ProgramCode =>
  programCode(folder, { target, side: 'inputs', given: { ...program, style: 'function' }, field: 'derive' });

const verifyCode = (folder: Folder, { rules: _rules, ...program }: Verification, target: Target): ProgramCode =>
  programCode(folder, { target, side: 'verify', given: { ...program, style: 'function' }, field: 'verify' });

const refuseWithoutBaseline = ({ reference, baseline }: Implementation, target: Target): void => {
  if (baseline === undefined && typeof reference === 'string')
    throw new PlanError(`${target}.baseline`, 'is missing: only a reference that is a program counts as the baseline too');
};

interface Given {
  readonly target: Target;
  readonly side: OwnSide;
  readonly given: Side;
}

const sideCode = (folder: Folder, { target, side, given }: Given): SideCode => {
  const field = `${target}.${side}`;
  if (typeof given !== 'string') return programCode(folder, { target, side, given, field });
  const source = textOf(folder, given, field);
  const language = languageOfFile(given);
  if (!language) throw new PlanError(field, `"${given}" ends with neither .cu, .c nor .py`);
  return { language, source, params: {} };
};

const programCode = (
  folder: Folder,
  { target, side, given, field }: Omit<Given, 'given'> & { readonly given: ProgramSide; readonly field: string },
): ProgramCode => {
  if (target === 'cpu')
    throw new PlanError(field, 'a program runs on GPUs only: give a .c file here, or leave "cpu" out and judge on GPUs alone');
  const { file, symbol, style, environment } = given;
  return { language: 'python', files: programFiles(folder, given, field), entry: { file, symbol, style }, environment, side };
};

/** The entry file first. Throws PlanError naming `field`. */
export const programFiles = (folder: Folder, { file, files: others }: ProgramSide, field: string): ProgramUnit['files'] => {
  const files = [file, ...others].map((path) => ({
    path,
    content: textOf(folder, path, path === file ? `${field}.file` : `${field}.files`),
  }));
  const complaint = filesComplaint(files);
  if (complaint !== null) throw new PlanError(`${field}.files`, complaint);
  return files;
};

const textOf = ({ files }: Folder, file: string, field: string): string => {
  const text = ownValue(files, file);
  if (text === undefined) throw new PlanError(field, `there is no file "${file}" in the problem's folder`);
  return text;
};
