/** Submit a candidate: its plan is checked while it is written, and the verdict arrives on this page. */
import { h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { languageOfFile } from '../../../domain/plan/language-of-file.ts';
import type { Language } from '../../../domain/plan/plan.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import { reasonText, scoreText, WHOLE } from '../../../domain/text/describe.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { type Answer, ask } from '../live/api.ts';
import { caller, may } from '../live/caller.ts';
import { choose, query } from '../live/router.ts';
import { useAnswer } from '../live/use-answer.ts';
import { candidateLink, failure, loading, notice, Panel, select, statusBadge, textField } from '../parts/elements.ts';
import { PlanTable } from '../parts/plan-panel.ts';
import { ProblemDocs } from '../parts/problem-docs.ts';

const CHECK_AFTER_MS = 400;
const LANGUAGES = [
  ['cuda', 'CUDA C++'],
  ['triton', 'Triton'],
  ['c', 'C (cpu)'],
] as const satisfies readonly (readonly [Language, string])[];
const SUBMITTER_KEY = 'kiln.submitter';

/** What is to be submitted: chosen in the address, or the first that fits. */
interface Chosen {
  readonly problem: string;
  readonly device: string;
  readonly language: Language;
  readonly problems: readonly string[];
  readonly classes: readonly string[];
}

const useChosen = (): Chosen => {
  const problems = useAnswer('problems', () => ask('GET', '/v1/problems')).data?.problems.map(({ name }) => name) ?? [];
  const hosts = useAnswer('fleet', () => ask('GET', '/v1/fleet')).data?.hosts ?? [];
  const classes = [...new Set(hosts.flatMap(({ devices }) => devices.map((device) => device.class)))].toSorted();
  const problem = query.value.get('problem') ?? problems[0] ?? '';
  const device = query.value.get('device') ?? classes[0] ?? 'H100';
  const language = LANGUAGES.find(([key]) => key === query.value.get('language'))?.[0] ?? (device === 'cpu' ? 'c' : 'cuda');
  return { problem, device, language, problems, classes };
};

export const SubmitPage = (): JSX.Element => {
  const chosen = useChosen();
  const { problem, device, language } = chosen;
  const [source, setSource] = useState('');
  const [submitter, setSubmitter] = useState(localStorage.getItem(SUBMITTER_KEY) ?? '');
  const [submitted, setSubmitted] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const candidate = { problem, device, language, source };
  const plan = useCheckedPlan(candidate);
  const isEmpty = source.trim() === '';
  const isReady = !isEmpty && problem !== '' && may('submit');
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!isReady) return;
    localStorage.setItem(SUBMITTER_KEY, submitter);
    setError(null);
    const named = submitter.trim() === '' || caller.value?.isForOthers === false ? {} : { submitter: submitter.trim() };
    void ask('POST', '/v1/candidates', { body: { ...candidate, ...named } }).then(
      ({ candidates: [first] }) => setSubmitted(first?.id ?? null),
      (cause: unknown) => setError(cause instanceof Error ? cause : new Error(String(cause))),
    );
  };
  return h(
    'div',
    { class: 'page' },
    h('h1', null, 'Submit a candidate'),
    error ? failure(error) : null,
    caller.value === null || may('submit')
      ? null
      : notice(
          'warn',
          'Your token may look, and not submit: an operator can make one that may (kiln token create NAME --role submit).',
        ),
    submitted === null ? null : h(VerdictPanel, { key: submitted, id: submitted }),
    h(
      'div',
      { class: 'stack' },
      h(
        Panel,
        { title: 'Candidate', note: 'device code with its launch plan in the leading comment' },
        h(
          'form',
          { class: 'stack', onSubmit: submit },
          h(Choices, { chosen, submitter, onSubmitter: setSubmitter }),
          h(SourceField, {
            source,
            line: plan.data?.complaint?.line ?? null,
            onSource: setSource,
            onLanguage: (value) => choose({ language: value }),
          }),
          h(PlanState, { plan, isEmpty }),
          h('div', { class: 'row' }, h('button', { type: 'submit', class: 'primary', disabled: !isReady }, 'Submit')),
        ),
      ),
      plan.data === null || plan.data.complaint !== null || isEmpty
        ? null
        : h(Panel, { title: 'What the plan comes to', isFlush: true }, h(PlanTable, { plan: plan.data })),
      problem === '' ? loading() : h(ProblemDocs, { problem }),
    ),
  );
};

interface ChoicesProps {
  readonly chosen: Chosen;
  readonly submitter: string;
  readonly onSubmitter: (submitter: string) => void;
}

const Choices = ({ chosen, submitter, onSubmitter }: ChoicesProps): JSX.Element =>
  h(
    'div',
    { class: 'filters' },
    select({
      label: 'Problem',
      value: chosen.problem,
      of: chosen.problems.map((name) => [name, name] as const),
      onChoose: (value) => choose({ problem: value }),
    }),
    select({
      label: 'Device class',
      value: chosen.device,
      of: [...new Set([...chosen.classes, chosen.device])].map((item) => [item, item] as const),
      onChoose: (value) => choose({ device: value, language: null }),
    }),
    select({ label: 'Language', value: chosen.language, of: LANGUAGES, onChoose: (value) => choose({ language: value }) }),
    // Whoever may speak for nobody else submits in its own name.
    caller.value?.isForOthers === false
      ? null
      : textField({
          label: 'Submitter',
          size: 16,
          maxLength: 64,
          value: submitter,
          placeholder: caller.value?.submitter ?? 'anonymous',
          onType: onSubmitter,
        }),
  );

type Plan = Answer<'/v1/plans/check', 'POST'>;
interface Checked {
  readonly data: Plan | null;
  readonly error: Error | null;
}

/** Asked when nothing was typed for a moment; an answer to an older text is dropped. */
const useCheckedPlan = (candidate: {
  readonly problem: string;
  readonly device: string;
  readonly language: Language;
  readonly source: string;
}): Checked => {
  const [checked, setChecked] = useState<Checked>({ data: null, error: null });
  const { problem, device, language, source } = candidate;
  useEffect(() => {
    if (source.trim() === '' || problem === '') {
      setChecked({ data: null, error: null });
      return undefined;
    }
    let isOld = false;
    const timer = setTimeout(() => {
      void ask('POST', '/v1/plans/check', { body: candidate }).then(
        (data) => isOld || setChecked({ data, error: null }),
        (cause: unknown) => isOld || setChecked({ data: null, error: cause instanceof Error ? cause : new Error(String(cause)) }),
      );
    }, CHECK_AFTER_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [problem, device, language, source]);
  return checked;
};

const PlanState = ({ plan: { data, error }, isEmpty }: { readonly plan: Checked; readonly isEmpty: boolean }): JSX.Element => {
  const complaint = data?.complaint ?? null;
  const text = isEmpty
    ? 'The plan is checked as soon as there is a source.'
    : error !== null
      ? error.message
      : data === null
        ? 'Checking the plan…'
        : complaint !== null
          ? `${complaint.line === null || complaint.message.startsWith('line') ? '' : `line ${complaint.line}: `}${complaint.field}: ${plainLine(complaint.message, 1000)}`
          : `The plan is good: it resolves for ${data.cases.length} cases.`;
  const tone = error !== null || complaint !== null ? 'bad' : data === null || isEmpty ? '' : 'good';
  return h('div', { class: `notice ${tone}`, role: 'status' }, h('p', null, text));
};

interface SourceProps {
  readonly source: string;
  readonly line: number | null;
  readonly onSource: (source: string) => void;
  readonly onLanguage: (language: Language) => void;
}

const SourceField = ({ source, line, onSource, onLanguage }: SourceProps): JSX.Element => {
  const field = useRef<HTMLTextAreaElement>(null);
  const [isOver, setOver] = useState(false);
  const take = (file: File | undefined): void => {
    if (file === undefined) return;
    const language = languageOfFile(file.name);
    if (language !== undefined) onLanguage(language);
    void file.text().then(onSource);
  };
  const goToLine = (): void => {
    const element = field.current;
    if (element === null || line === null) return;
    const lines = source.split('\n');
    const from = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    element.focus();
    element.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  };
  return h(
    'div',
    {
      class: `drop${isOver ? ' over' : ''}`,
      onDragOver: (event: DragEvent) => {
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files[0]);
      },
    },
    h(
      'div',
      { class: 'row', style: { marginBottom: '0.4rem' } },
      h('label', { for: 'source', class: 'soft' }, 'Source: paste it, drop a file, or'),
      h('input', {
        type: 'file',
        accept: '.cu,.c,.py',
        'aria-label': 'Choose a file',
        onChange: (event: Event) => event.currentTarget instanceof HTMLInputElement && take(event.currentTarget.files?.[0]),
      }),
      line === null ? null : h('button', { type: 'button', onClick: goToLine }, `Go to line ${line}`),
    ),
    h('textarea', {
      id: 'source',
      class: 'source',
      ref: field,
      spellcheck: false,
      autocomplete: 'off',
      value: source,
      onInput: (event: Event) => event.currentTarget instanceof HTMLTextAreaElement && onSource(event.currentTarget.value),
    }),
  );
};

/** The verdict as it arrives. */
const VerdictPanel = ({ id }: { readonly id: string }): JSX.Element => {
  const { data, error } = useAnswer(`candidate ${id}`, () => ask('GET', '/v1/candidates/:id', { params: { id } }), {
    on: ({ candidateId }) => candidateId === id,
    pauseMs: 200,
  });
  if (error) return failure(error);
  if (data === null) return loading();
  return h(
    'div',
    { class: `notice ${toneOf(data)}`, role: 'status' },
    h(
      'p',
      null,
      candidateLink(id),
      ' ',
      statusBadge(data.state.status, data.state.status === 'done' ? data.state.outcome.verdict : null),
      ' ',
      resultText(data),
    ),
    h('a', { class: 'button', href: `/candidates/${id}` }, 'Show it'),
  );
};

const toneOf = ({ state }: Candidate): string =>
  state.status !== 'done' ? 'info' : state.outcome.verdict === 'passed' ? 'good' : 'bad';
const resultText = ({ state, score }: Candidate): string => {
  if (score !== null) return scoreText(score);
  return state.status === 'done' ? reasonText(state.outcome, WHOLE) : 'its verdict arrives here';
};
