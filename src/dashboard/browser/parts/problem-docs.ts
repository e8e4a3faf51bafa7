/** What a problem asks for: its description, cases, tolerance and files. */
import { h, type JSX } from 'preact';
import { languageOfFile } from '../../../domain/plan/language-of-file.ts';
import { toleranceText } from '../../../domain/text/problem-definition.ts';
import { ask } from '../live/api.ts';
import { choose, query } from '../live/router.ts';
import { useAnswer } from '../live/use-answer.ts';
import { SourceView } from './code-view.ts';
import { failure, fields, loading, Panel, select } from './elements.ts';
import { Markdown } from './markdown.ts';

export const ProblemDocs = ({ problem }: { readonly problem: string }): JSX.Element => {
  const { data, error } = useAnswer(`problem ${problem}`, () => ask('GET', '/v1/problems/:name', { params: { name: problem } }));
  if (error) return failure(error);
  if (data === null) return loading();
  const { problem: definition, readme, files } = data;
  const names = Object.keys(files).toSorted();
  const file = names.find((item) => item === query.value.get('file')) ?? names[0] ?? '';
  const { tolerance, tensors, variables, check, bench } = definition;
  return h(
    'div',
    { class: 'columns' },
    h(
      'div',
      { class: 'stack' },
      h(Panel, { title: definition.title }, readme === '' ? h('p', null, definition.description) : h(Markdown, { text: readme })),
      h(
        Panel,
        { title: 'Definition' },
        fields([
          ['Variables', variables.join(', ')],
          ['Tolerance', toleranceText(tolerance)],
          ...Object.entries(tensors).map(
            ([name, { role, dtype, shape, tolerance: own, compare }]) =>
              [
                name,
                `${role} ${dtype} [${shape.join(', ')}]${own ? `, tolerance ${toleranceText(own)}` : ''}${compare ? `, any index into ${compare.of} that leads to the same` : ''}`,
              ] as const,
          ),
          ['Check cases', h('code', null, check.map(caseText).join(' · '))],
          ['Bench cases, GPU', h('code', null, bench.gpu.map(caseText).join(' · '))],
          ['Bench cases, cpu', h('code', null, bench.cpu.map(caseText).join(' · '))],
        ]),
      ),
    ),
    file === ''
      ? null
      : h(
          Panel,
          {
            title: 'Files',
            actions: h(
              'div',
              { class: 'filters' },
              select({
                label: 'File',
                value: file,
                of: names.map((item) => [item, item] as const),
                onChoose: (value) => choose({ file: value }),
              }),
            ),
          },
          h(SourceView, { text: files[file] ?? '', language: languageOfFile(file) ?? 'c' }),
        ),
  );
};

const caseText = ({ name, shape }: { readonly name: string; readonly shape: Readonly<Record<string, number>> }): string =>
  `${name} (${Object.entries(shape)
    .map(([variable, value]) => `${variable}=${value}`)
    .join(', ')})`;
