/** Something that a person may do, and what came of it. */
import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { IS_SHARED } from '../live/share.ts';

interface ActionProps {
  readonly label: string;
  readonly run: () => Promise<string>;
  readonly onDone: () => void;
}

interface State {
  readonly isRunning: boolean;
  readonly said: string;
  readonly failed: string;
}

/** A button that says what came of it. */
export const Action = ({ label, run, onDone }: ActionProps): JSX.Element | null => {
  const [state, setState] = useState<State>({ isRunning: false, said: '', failed: '' });
  const finish = async (): Promise<void> => {
    setState(
      await run().then(
        (said) => ({ isRunning: false, said, failed: '' }),
        (error: unknown) => ({ isRunning: false, said: '', failed: error instanceof Error ? error.message : String(error) }),
      ),
    );
    onDone();
  };
  const act = (): void => {
    setState({ isRunning: true, said: '', failed: '' });
    void finish();
  };
  if (IS_SHARED) return null;
  return h(
    'span',
    { class: 'row' },
    h('button', { type: 'button', onClick: act, disabled: state.isRunning }, state.isRunning ? 'Working…' : label),
    h('span', { role: 'status', class: 'soft small wrap' }, state.said),
    state.failed === '' ? null : h('span', { role: 'alert', class: 'small wrap failed' }, state.failed),
  );
};
