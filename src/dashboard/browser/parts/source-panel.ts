/** A candidate's source, and how it differs from its parent, from the record or from any other. */
import { h, type JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Candidate } from '../../../domain/candidate.ts';
import { bytes } from '../../../domain/text/units.ts';
import { plainText } from '../../../platform/printable-text.ts';
import { diffLines } from '../../model/diff-lines.ts';
import { ask } from '../live/api.ts';
import { choose, query } from '../live/router.ts';
import { IS_SHARED } from '../live/share.ts';
import { useAnswer } from '../live/use-answer.ts';
import { DiffView, SourceView } from './code-view.ts';
import { candidateLink, CopyButton, empty, failure, loading, Panel, segmented, textField } from './elements.ts';

type Against = 'none' | 'parent' | 'record' | 'other';
const CHOICES = [
  ['none', 'Source'],
  ['parent', 'Against its parent'],
  ['record', 'Against the record'],
  ['other', 'Against another'],
] as const satisfies readonly (readonly [Against, string])[];

export const SourcePanel = ({ candidate }: { readonly candidate: Candidate }): JSX.Element => {
  const { id, submission } = candidate;
  const against = CHOICES.find(([key]) => !IS_SHARED && key === query.value.get('against'))?.[0] ?? 'none';
  const source = useAnswer(`source ${id}`, () => ask('GET', '/v1/candidates/:id/source', { params: { id } }));
  const other = useOther(candidate, against);
  const otherSource = useAnswer(other.id === null ? null : `source ${other.id}`, () =>
    ask('GET', '/v1/candidates/:id/source', { params: { id: other.id ?? '' } }),
  );
  const line = Number(query.value.get('line'));
  return h(
    Panel,
    {
      title: 'Source',
      note: `${submission.language}, ${bytes(submission.sourceBytes)}`,
      actions: [
        IS_SHARED
          ? null
          : segmented({
              label: 'Show',
              value: against,
              of: CHOICES,
              onChoose: (value) => choose({ against: value === 'none' ? null : value }),
            }),
        source.data === null ? null : h(CopyButton, { text: source.data }),
        h(
          'a',
          {
            class: 'button',
            href: `/v1/candidates/${id}/source`,
            download: `${id.slice(0, 10)}.${ENDINGS[submission.language]}`,
          },
          'Save',
        ),
      ],
    },
    against === 'other' ? h(OtherField, null) : null,
    source.error ? failure(source.error) : null,
    source.data === null
      ? loading()
      : against === 'none'
        ? h(SourceView, {
            text: source.data,
            language: submission.language,
            targetLine: Number.isInteger(line) && line > 0 ? line : null,
          })
        : other.id === null
          ? empty(other.reason)
          : otherSource.error
            ? failure(otherSource.error)
            : otherSource.data === null
              ? loading()
              : h(
                  'div',
                  { class: 'stack' },
                  h('p', { class: 'small' }, 'From ', candidateLink(other.id), ' to ', candidateLink(id), '.'),
                  h(Difference, { before: otherSource.data, after: source.data, language: submission.language }),
                ),
  );
};

const ENDINGS = { cuda: 'cu', triton: 'py', c: 'c', python: 'py' } as const;

const OtherField = (): JSX.Element =>
  h(
    'div',
    { class: 'filters', style: { marginBottom: '0.6rem' } },
    textField({
      label: 'Id of the other candidate, or its beginning',
      size: 36,
      inputClass: 'mono',
      value: query.value.get('other') ?? '',
      placeholder: 'c-3f2a…',
      onChoose: (value) => choose({ other: value }),
    }),
  );

/** Whom to compare with, or why there is nobody. */
const useOther = (
  { id, submission, score }: Candidate,
  against: Against,
): { readonly id: string | null; readonly reason: string } => {
  const origin = useAnswer(against === 'parent' ? `origin ${id}` : null, () =>
    ask('GET', '/v1/candidates/:id/origin', { params: { id } }),
  );
  const ranking = useAnswer(against === 'record' ? `ranking ${submission.problem}` : null, () =>
    ask('GET', '/v1/problems/:name/ranking', { params: { name: submission.problem }, query: { limit: 1 } }),
  );
  switch (against) {
    case 'none':
      return { id: null, reason: '' };
    case 'parent':
      return {
        id: origin.data?.generation?.parents[0] ?? null,
        reason: origin.data === null ? 'Reading…' : 'It has no parent: no campaign made it from another candidate.',
      };
    case 'record': {
      const models = ranking.data?.models ?? [];
      const model =
        models.find(({ deviceModel }) => deviceModel === score?.deviceModel) ??
        models.find(({ device }) => device === submission.device);
      const holder = model?.entries.find(({ record }) => record)?.candidateId ?? null;
      return {
        id: holder === id ? null : holder,
        reason:
          holder === id
            ? 'It is the record itself.'
            : ranking.data === null
              ? 'Reading…'
              : 'There is no record on this device yet.',
      };
    }
    case 'other':
      return { id: query.value.get('other'), reason: 'Name the other candidate.' };
  }
};

const Difference = ({
  before,
  after,
  language,
}: {
  readonly before: string;
  readonly after: string;
  readonly language: string;
}): JSX.Element => {
  const lines = useMemo(() => diffLines(plainText(before), plainText(after)), [before, after]);
  if (lines === null) return empty('The two have too little in common to be compared line by line.');
  if (lines.every(({ kind }) => kind === 'skipped'))
    return empty('The sources are equal: the candidates differ in their params, device or trial.');
  return h(DiffView, { lines, language });
};
