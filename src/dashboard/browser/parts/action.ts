/** Something that a person may do, and what came of it. */
import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { IS_SHARED } from '../live/share.ts';

interface ActionProps {
  readonly label: string;
  readonly run: () => Promise<string>;
  readonly onDone: () => void;
}

/** A button that says what came of it. */
export const Action = ({ label, run, onDone }: ActionProps): JSX.Element | null => {
  const [state, setState] = useState<{ readonly isRunning: boolean; readonly said: string }>({ isRunning: false, said: '' });
  const finish = async (): Promise<void> => {
    const said = await run().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    setState({ isRunning: false, said });
    onDone();
  };
  const act = (): void => {
    setState({ isRunning: true, said: '' });
    void finish();
  };
  if (IS_SHARED) return null;
  return h(
    'span',
    { class: 'row' },
    h('button', { type: 'button', onClick: act, disabled: state.isRunning }, state.isRunning ? 'Working…' : label),
    h('span', { role: 'status', class: 'soft small wrap' }, state.said),
  );
};
