/** Pages whose code is asked for when they are first shown, and then kept: nobody waits for what another page needs. */
import { h, type ComponentType, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { failure, loading } from '../parts/elements.ts';

const UNLOADED = 'This page could not be loaded: the daemon is not there, or is of another version by now. Reload the page.';

export const onDemand = <P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> => {
  let Loaded: ComponentType<P> | null = null;
  return (props: P): JSX.Element => {
    const [error, setError] = useState<Error | null>(null);
    const [, setIsLoaded] = useState(Loaded !== null);
    useEffect(() => {
      // Meanwhile it may have come for another one.
      if (Loaded !== null) {
        setIsLoaded(true);
        return;
      }
      const loadNow = async (): Promise<void> => {
        try {
          Loaded = await load();
          setIsLoaded(true);
        } catch {
          setError(new Error(UNLOADED));
        }
      };
      void loadNow();
    }, []);
    if (Loaded !== null) return h(Loaded, props);
    return h('div', { class: 'page' }, error === null ? loading() : failure(error));
  };
};
