/** Components whose code is loaded when they are shown for the first time. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../../src/errors.ts';
import { Failure, Loading } from './message.tsx';

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  return function Lazy(props: P) {
    const [state, setState] = useState<{ readonly Loaded?: ComponentType<P>; readonly error?: string }>({});
    useEffect(() => {
      load().then(
        (Loaded) => setState({ Loaded }),
        (error: unknown) => setState({ error: messageOf(error) }),
      );
    }, []);
    const { Loaded, error } = state;
    if (error !== undefined) return <Failure error={error} />;
    return Loaded === undefined ? <Loading /> : <Loaded {...props} />;
  };
}
