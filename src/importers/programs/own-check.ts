/** verify.py: a file's own check, handed what the judge hands over, as its reference is. Pure. */
import { type CallData, isList } from '../../domain/program-call.ts';
import type { TensorSpec } from '../../domain/problem.ts';
import { CHECK_FILE } from './derive-file.ts';
import type { DescribedCase, DescribedCheck } from './described.ts';
import { RefusedFile } from './refused-file.ts';

export const VERIFY = 'verify.py';
/** Beside those of its statements (kiln_check.py). */
const NUMBERS = 'numbers';

export const rulesOf = ({ passes }: DescribedCheck): readonly string[] => [...Object.keys(passes), NUMBERS];

type Roles = Readonly<Record<string, Pick<TensorSpec, 'role'>>>;

interface Checking {
  readonly check: DescribedCheck;
  readonly tensors: Roles;
  /** What the reference is handed, by the names of problem.yaml. */
  readonly data: CallData;
  readonly outputs: DescribedCase['outputs'];
  /** Beside reference.py. */
  readonly files: readonly string[];
}

/** The section of problem.yaml. Throws RefusedFile. */
export const verifySection = ({ check, tensors, files }: Checking): object => {
  const changed = Object.entries(tensors).find(([, { role }]) => role === 'inout');
  if (changed) throw new RefusedFile(`the reference changes \`${changed[0]}\`, and its own check needs what was there before`);
  return {
    file: VERIFY,
    symbol: 'check',
    files: [CHECK_FILE, 'reference.py', ...files],
    environment: 'torch',
    rules: [...rulesOf(check)],
  };
};

export const verifyText = ({ check, tensors, data, outputs }: Checking): string => {
  const returned = Object.entries(tensors)
    .filter(([, { role }]) => role !== 'in')
    .map(([name], at) => ({
      name: outputs?.[at]?.name ?? null,
      value: outputs?.[at]?.shape.length === 0 ? `${name}.reshape(())` : name,
    }));
  const handed = dataText(data, tensors);
  const numbers = namesIn(data).filter((name) => !Object.hasOwn(tensors, name));
  return [
    '"""Made by kiln import: runs `check_implementation` of reference.py on what Kiln hands it, without reading a value."""',
    'import json',
    '',
    handed.includes('room(') ? 'from kiln_check import checked, room' : 'from kiln_check import checked',
    'import reference',
    '',
    '# How it answers what it asks where outputs are right, by the statement that asks.',
    `PASSES = json.loads(${JSON.stringify(JSON.stringify(check.passes))})`,
    '',
    '',
    `def check(${[...Object.keys(tensors), ...new Set(numbers)].join(', ')}):`,
    `    return checked(reference.check_implementation, ${handed}, ${FORMS[check.form](returned)}, PASSES)`,
    '',
  ].join('\n');
};

interface Returned {
  readonly name: string | null;
  readonly value: string;
}

const FORMS: Readonly<Record<DescribedCheck['form'], (returned: readonly Returned[]) => string>> = {
  tensor: ([first]) => first?.value ?? 'None',
  tuple: (returned) => tupleText(returned.map(({ value }) => value)),
  list: (returned) => `[${returned.map(({ value }) => value).join(', ')}]`,
  dict: (returned) => `{${returned.map(({ name, value }) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`,
};

/** What it is handed for its results is no room of theirs: it could write there what it expects. */
const dataText = (data: CallData, tensors: Roles): string => {
  if (typeof data === 'string') return tensors[data]?.role === 'out' ? `room(${data})` : data;
  if (data === null) return 'None';
  if (typeof data === 'boolean') return data ? 'True' : 'False';
  if (typeof data === 'number') return `${data}`;
  if (isList(data)) return tupleText(data.map((one) => dataText(one, tensors)));
  return `{${Object.entries(data)
    .map(([key, one]) => `${JSON.stringify(key)}: ${dataText(one, tensors)}`)
    .join(', ')}}`;
};

const tupleText = (parts: readonly string[]): string => `(${parts.join(', ')}${parts.length === 1 ? ',' : ''})`;

const namesIn = (data: CallData): readonly string[] => {
  if (typeof data === 'string') return [data];
  if (data === null || typeof data !== 'object') return [];
  return (isList(data) ? data : Object.values(data)).flatMap((one) => namesIn(one));
};
