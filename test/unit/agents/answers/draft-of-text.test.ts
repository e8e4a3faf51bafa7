import { describe, expect, test } from 'vitest';
import { draftOfText } from '../../../../src/agents/answers/draft-of-text.ts';
import { readDraftJson } from '../../../../src/agents/answers/model-draft.ts';

const PLAN = '/* kiln\nparams: {BLOCK: 256}\nlaunch: [{kernel: copy, grid: [n], block: [BLOCK], args: [x, out, n]}]\n*/\n';
const SOURCE = `${PLAN}#define TWICE(a) \\\n  ((a) * 2)\nextern "C" __global__ void copy(const float* x, float* out, int n) { out[0] = '\\0'; }\n`;
const OLD = `${PLAN}extern "C" __global__ void copy(const float* x, float* out, int n) { /* slow */ }\n`;
const PYTHON =
  '"""kiln\nlaunch: [{kernel: copy, grid: [n], args: [x, out, n]}]\n"""\nimport triton\n@triton.jit\ndef copy(x, out, n):\n    pass\n';
const DRAFT = { language: 'cuda', idea: 'wide loads', source: SOURCE, params: { BLOCK: 128 } };
const JSON_TEXT = JSON.stringify(DRAFT);
const PRETTY = JSON.stringify(DRAFT, null, 2);
const OLD_JSON = JSON.stringify({ ...DRAFT, source: OLD, params: {} });
/** As models write it that put a file into a string as it is. */
const RAW = PRETTY.replace(JSON.stringify(SOURCE), `"${SOURCE.replaceAll('"', String.raw`\"`)}"`);
const fenced = (content: string, tag = 'cuda', fence = '```'): string => `${fence}${tag}\n${content}${fence}\n`;
const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '   ');

/** Shape, text, whether its params come with it. Each holds the same candidate. */
const SHAPES: readonly (readonly [string, string])[] = [
  ['JSON alone', JSON_TEXT],
  ['JSON over lines', PRETTY],
  ['JSON after a byte order mark', `\uFEFF${JSON_TEXT}`],
  ['JSON with Windows line ends', PRETTY.replaceAll('\n', '\r\n')],
  ['thoughts, then JSON', `<think>\nMaybe {a: 1}? Or ${OLD_JSON}\n</think>\n\n${JSON_TEXT}`],
  ['thoughts that the template opened, then JSON', `First I thought of ${OLD_JSON}.\n</think>\n${JSON_TEXT}`],
  ['thoughts, then fenced JSON', `<think>x</think>\n${fenced(`${PRETTY}\n`, 'json')}`],
  ['thoughts of another name', `<reasoning>${OLD_JSON}</reasoning>${JSON_TEXT}`],
  ['JSON within thoughts that never end', `<think>\nThe answer: ${JSON_TEXT}`],
  ['nothing but thoughts', `<think>\nThe answer: ${JSON_TEXT}\n</think>`],
  ['prose, then JSON', `Here is a kernel with { wider } loads:\n\n${JSON_TEXT}`],
  ['JSON, then prose', `${JSON_TEXT}\n\nIt should be {twice} as fast.`],
  ['prose around JSON over lines', `Sure!\n${PRETTY}\nDone.`],
  ['JSON in a fence tagged json', fenced(`${PRETTY}\n`, 'json')],
  ['JSON in an untagged fence', fenced(`${PRETTY}\n`, '')],
  [
    'JSON with comments in a fence tagged jsonc',
    fenced(`// the answer\n${PRETTY.replace('"idea"', '/* short */ "idea"')}\n`, 'jsonc'),
  ],
  ['JSON in an indented fence', `1. The answer:\n${indented(fenced(`${PRETTY}\n`, 'json'))}`],
  ['JSON in a fence of tildes', fenced(`${PRETTY}\n`, 'json', '~~~')],
  ['JSON in a fence that is not closed', `Here:\n\`\`\`json\n${PRETTY}`],
  ['JSON in a fence that nothing opened', `${PRETTY}\n\`\`\``],
  ['JSON in a fence on one line', `\`\`\`json ${JSON_TEXT} \`\`\``],
  [
    'the final channel of harmony',
    `<|channel|>analysis<|message|>Or ${OLD_JSON}<|end|><|start|>assistant<|channel|>final<|message|>${JSON_TEXT}<|return|>`,
  ],
  [
    'the final channel of harmony, cut before its end mark',
    `<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>${JSON_TEXT}`,
  ],
  [
    'a call in harmony',
    `<|channel|>analysis<|message|>hm<|end|><|channel|>commentary to=functions.submit <|constrain|>json<|message|>${JSON_TEXT}<|call|>`,
  ],
  ['raw line breaks in the source', RAW],
  ['raw tabs in the source', JSON_TEXT.replaceAll(String.raw`  ((a)`, '\t((a)').replace('(a) * 2', '(a) * 2')],
  ['a comma after the last field', `${PRETTY.slice(0, -2)},\n}`],
  ['a comma after the last param', PRETTY.replace('"BLOCK": 128', '"BLOCK": 128,')],
  ['a source between three quotes', PRETTY.replace(JSON.stringify(SOURCE), `"""${SOURCE}"""`)],
  ['a source between back quotes', PRETTY.replace(JSON.stringify(SOURCE), `\`${SOURCE}\``)],
  ['fields between single quotes', PRETTY.replaceAll(/"(language|idea|source|params|BLOCK|cuda)"/g, "'$1'")],
  ['a JSON string of JSON', JSON.stringify(JSON_TEXT)],
  ['an object around it', JSON.stringify({ candidate: DRAFT })],
  ['a list around it', JSON.stringify([DRAFT])],
  ['arguments of a tool', `<tool_call>{"name": "submit", "arguments": ${JSON_TEXT}}</tool_call>`],
  ['a tag around it', `<answer>\n${JSON_TEXT}\n</answer>`],
  ['a source that is fenced within its string', JSON.stringify({ ...DRAFT, source: fenced(SOURCE) })],
  ['a source as lines', JSON.stringify({ ...DRAFT, source: SOURCE.split('\n') })],
  ['a source called code', JSON.stringify({ ...DRAFT, source: undefined, code: SOURCE })],
  ['params as JSON text', JSON.stringify({ ...DRAFT, params: '{"BLOCK": 128}' })],
  ['numbers as text', JSON.stringify({ ...DRAFT, params: { BLOCK: '128' } })],
  ['null where nothing is meant', JSON.stringify({ ...DRAFT, note: null })],
  ['a language in capitals', JSON.stringify({ ...DRAFT, language: 'CUDA' })],
  ['a language in other words', JSON.stringify({ ...DRAFT, language: 'CUDA C++' })],
  ['no language', JSON.stringify({ ...DRAFT, language: undefined })],
  ['the old version as JSON before it', `The previous one: ${OLD_JSON}\nThe new one:\n${JSON_TEXT}`],
  ['the old version as JSON after it', `${JSON_TEXT}\n\nThe old one was:\n${OLD_JSON}`],
  ['the old version in a fence after it', `${JSON_TEXT}\n\nThe old version:\n${fenced(OLD)}`],
  ['JSON that is no candidate before it', `{"plan": "use wide loads"}\n${JSON_TEXT}`],
  ['JSON that is no candidate after it', `${JSON_TEXT}\n{"confidence": 0.9}`],
];

const LANGUAGES = ['cuda', 'c', 'triton'] as const;

const CHARS = 250_000;
/** Less is the clock's own grain, and a first collection of garbage. */
const UNSEEN_MS = 20;

describe('a whole candidate is found in', () => {
  test.each(SHAPES)('%s', (_name, text) => {
    const read = draftOfText(text, { languages: LANGUAGES });
    expect(read).toMatchObject({ ok: true, draft: { language: 'cuda', params: { BLOCK: 128 } } });
    const source = read.ok ? read.draft.source.replaceAll('\r\n', '\n').replaceAll('\t((a)', '  ((a)') : '';
    expect(source.trim()).toBe(SOURCE.trim());
  });
});

/** A fence inside of a comment or docstring. */
const EXAMPLE = '/*\nUse it so:\n```\ncopy<<<1, 1>>>()\n```\n*/\n';

describe('a source file is found in', () => {
  test.each([
    ['a fence', `idea: wide loads\n\n${fenced(SOURCE)}`],
    ['a fence without a tag', fenced(SOURCE, '')],
    ['a fence of a list', `- It:\n\n${indented(fenced(SOURCE)).replace(indented(SOURCE), indented(SOURCE))}`],
    ['a fence that is not closed', `Here:\n\`\`\`cuda\n${SOURCE}`],
    ['a fence that nothing opened', `${SOURCE}\`\`\`\nThat is all.`],
    ['the bare text', SOURCE],
    ['the bare text after a line of prose', `Here is the kernel:\n\n${SOURCE}`],
    ['the old version, then the new one', `The old version:\n${fenced(OLD)}\nThe new one:\n${fenced(SOURCE)}`],
    [
      'the new one, then what it is called the old one of',
      `${fenced(SOURCE)}\nFor reference, the previous version:\n${fenced(OLD)}`,
    ],
    ['the new one, then what it was shown', `${fenced(SOURCE)}\nCompare:\n${fenced(OLD)}`],
    ['the new one, then a command to try it', `${fenced(SOURCE)}\n${fenced('kiln submit x.cu\n', 'sh')}`],
  ])('%s', (_name, text) => {
    const read = draftOfText(text, { languages: LANGUAGES, shown: [`${OLD}\n\n`] });
    expect(read.ok ? read.draft.source.trim() : read.message).toBe(SOURCE.trim());
  });

  test('a fence that holds fences in a comment, whole', () => {
    const source = `${PLAN}${EXAMPLE}${SOURCE.slice(PLAN.length)}`;
    const read = draftOfText(`It:\n${fenced(source)}\nDone.`, { languages: LANGUAGES });
    expect(read.ok && read.draft.source).toBe(source);
  });

  test('a fence that holds fences in a docstring, whole', () => {
    const source = `${PYTHON}"""\n\`\`\`\ncopy[1]()\n\`\`\`\n"""\nx = 1\n`;
    const read = draftOfText(`It:\n${fenced(source, 'python')}\nDone.`, { languages: LANGUAGES });
    expect(read.ok && read.draft).toMatchObject({ language: 'triton', source });
  });

  test('what it was shown, where there is nothing else: it will be told a duplicate', () => {
    expect(draftOfText(fenced(OLD), { languages: LANGUAGES, shown: [OLD] })).toMatchObject({ ok: true, draft: { source: OLD } });
  });

  test('what it was shown with other params, which is a candidate of its own', () => {
    const tuned = JSON.stringify({ language: 'cuda', source: OLD, params: { BLOCK: 64 } });
    const text = `${JSON.stringify({ language: 'cuda', source: SOURCE })}\n${tuned}`;
    expect(draftOfText(text, { languages: LANGUAGES, shown: [OLD] })).toMatchObject({ draft: { params: { BLOCK: 64 } } });
  });
});

describe('no candidate is', () => {
  test.each([
    ['prose', 'I cannot do that.', 'no candidate was found'],
    ['half of a JSON object', JSON_TEXT.slice(0, -40), 'no whole JSON'],
    ['half of a JSON object within a fence', `\`\`\`json\n${JSON_TEXT.slice(0, -40)}`, 'no candidate was found'],
    ['JSON without a source', '{"language": "cuda"}', 'source: is missing'],
    ['a bad param', JSON.stringify({ ...DRAFT, params: { BLOCK: 1.5 } }), 'params.BLOCK: '],
    ['a language that is none', JSON.stringify({ ...DRAFT, language: 'rust' }), 'language: '],
    ['a language that every object has', JSON.stringify({ ...DRAFT, language: 'constructor' }), 'language: '],
    ['nothing', ' \n', 'the answer is empty'],
  ])('%s', (_name, text, message) => {
    const read = draftOfText(text, { languages: LANGUAGES });
    expect(read.ok ? 'a draft' : read.message).toContain(message);
  });

  test('a source whose end a limit cut off, while one that is whole before the cut is', () => {
    const cut = { languages: LANGUAGES, isCut: true };
    expect(draftOfText(`\`\`\`cuda\n${SOURCE}`, cut).ok).toBe(false);
    expect(draftOfText(SOURCE, cut).ok).toBe(false);
    expect(draftOfText(`${fenced(SOURCE)}It is fas`, cut).ok).toBe(true);
    expect(draftOfText(`${JSON_TEXT}\nIt is fas`, cut).ok).toBe(true);
  });

  test.each([
    ['objects that never end', '{"a": [{"b": '],
    ['objects', '{"a": 1} '],
    ['fences', '```\n'],
    ['fences of open comments', '```c\n/*\n```\n'],
    ['thoughts that never end', '<think>'],
    ['channels', '<|channel|>final<|message|>'],
    ['empty lines', '\n'],
    ['beginnings of plans', '/* kiln\n'],
    ['quotes', `"'\\`],
    ['one word', 'a'],
  ])('in a quarter of a megabyte of %s, and that is said in time that grows with its length', (_name, text) => {
    const cpuMsOf = (chars: number): number => {
      const { user } = process.cpuUsage();
      expect(draftOfText(text.repeat(chars / text.length), { languages: LANGUAGES }).ok).toBe(false);
      return process.cpuUsage({ user, system: 0 }).user / 1000;
    };
    const [small, whole] = [Math.min(cpuMsOf(CHARS / 8), cpuMsOf(CHARS / 8)), cpuMsOf(CHARS)];
    // Eight times as much; with the square of the length it would be 64 times.
    expect(whole).toBeLessThan(32 * Math.max(small, UNSEEN_MS));
  });
});

test('the input of a tool is repaired as well', () => {
  expect(readDraftJson(RAW, { languages: LANGUAGES, base: null })).toMatchObject({ ok: true, draft: { source: SOURCE } });
  expect(readDraftJson('{"language": "c", "source": "', { languages: LANGUAGES, base: null })).toMatchObject({
    message: 'the candidate is no whole JSON (29 characters)',
  });
});

/** Its language and source, or why it is none. */
const read = (text: string, languages: readonly ('python' | 'triton' | 'cuda')[]) => {
  const result = draftOfText(text, { languages });
  return result.ok ? [result.draft.language, result.draft.source.trim()] : result.message;
};

describe('where programs are asked for', () => {
  const PROGRAM = 'import torch\n\ndef custom_kernel(data):\n    x, out = data\n    torch.neg(x, out=out)\n';

  test.each([
    ['a fenced file', `Here:\n${fenced(PROGRAM, 'python')}It copies nothing.`],
    ['JSON', JSON.stringify({ language: 'python', idea: 'one call', source: PROGRAM })],
    ['JSON without a language', JSON.stringify({ idea: 'one call', source: PROGRAM })],
    ['JSON with params, which a program has none of', JSON.stringify({ language: 'python', source: PROGRAM, params: {} })],
  ])('%s is one', (_name, text) => {
    expect(read(text, ['python', 'triton'])).toEqual(['python', PROGRAM.trim()]);
  });

  test('a file with a plan is what its plan says, whatever its writer calls it', () => {
    expect(read(fenced(PYTHON, 'python'), ['python', 'triton'])).toEqual(['triton', PYTHON.trim()]);
    expect(read(JSON.stringify({ language: 'python', source: PYTHON }), ['triton', 'python'])).toEqual(['triton', PYTHON.trim()]);
    expect(read(JSON.stringify({ language: 'python', source: PYTHON }), ['triton'])).toEqual(['triton', PYTHON.trim()]);
  });

  test('and nowhere else', () => {
    expect(read(fenced(PROGRAM, 'python'), ['cuda'])).toContain('no candidate was found');
    expect(read(JSON.stringify({ language: 'python', source: PROGRAM }), ['cuda'])).toContain('must be in cuda');
  });
});
