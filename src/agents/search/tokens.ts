/** A source as its tokens: what is left of it when comments and white space are gone. Pure. */
import { canonicalJson } from '../../domain/ids.ts';
import type { LaunchPlan } from '../../domain/plan/plan.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import type { DraftContent } from './entry.ts';

/** Comments, then strings (which may hold what looks like comments), then words, numbers and single signs. */
const C_TOKEN =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[A-Za-z_]\w*|\.?\d(?:[\w.]|[eE][+-])*|\n|[^\s]/g;
const PYTHON_TOKEN =
  /(?<comment>#[^\n]*)|"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[A-Za-z_]\w*|\.?\d(?:[\w.]|[eE][+-])*|\n[ \t]*|[^\s]/g;

/** The plan counts by what it says (its `space` says nothing to the judge), params by their values, code by its tokens. */
export const tokensOf = ({ language, source, params }: DraftContent): readonly string[] => {
  const header = parseHeader(source, language);
  const plan = header.ok ? planTokens(header.plan) : [];
  const values = Object.entries(header.ok ? { ...header.plan.params, ...params } : params);
  const body = language === 'triton' || language === 'python' ? pythonTokens(source, header.ok) : cTokens(source);
  return [language, ...plan, ...values.map(([name, value]) => `${name}=${value}`).toSorted(), ...body];
};

const planTokens = ({ params: _params, space: _space, ...plan }: LaunchPlan): readonly string[] =>
  canonicalJson(plan).match(/[\w.]+|[^\w\s]/g) ?? [];

/** A line's end counts only where it ends a directive of the preprocessor. */
const cTokens = (source: string): readonly string[] => {
  const tokens: string[] = [];
  let isDirective = false;
  for (const { 0: token, groups } of source.replaceAll('\\\n', ' ').matchAll(C_TOKEN)) {
    if (groups?.['comment'] !== undefined) continue;
    if (token === '#') isDirective = true;
    if (token !== '\n') tokens.push(token);
    else if (isDirective) tokens.push(token);
    if (token === '\n') isDirective = false;
  }
  return tokens;
};

/** Indentation counts, blank lines do not. The docstring that holds the plan is told by the plan. */
const pythonTokens = (source: string, hasPlan: boolean): readonly string[] => {
  const tokens: string[] = [];
  let plan = hasPlan;
  for (const { 0: token, groups } of source.replaceAll('\r', '').matchAll(PYTHON_TOKEN)) {
    if (groups?.['comment'] !== undefined) continue;
    if (plan && /^(?:"""|''')\s*kiln\s/.test(token)) plan = false;
    else if (token.startsWith('\n') && tokens.at(-1)?.startsWith('\n') === true) tokens[tokens.length - 1] = token;
    else tokens.push(token);
  }
  return tokens;
};
