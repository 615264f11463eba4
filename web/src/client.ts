/** Fetches resources below `data/`. Each is fetched once, and again when the server says that it changed. */
import { useEffect, useState } from 'preact/hooks';
import { ByteCache, type Sized } from '../../src/dashboard/page/byte-cache.ts';
import { messageOf } from '../../src/errors.ts';

type Listener = (isChanged: (path: string) => boolean) => void;

/** Whole curves and checkpoints are large. */
const mostBytes = 200e6;
const cache = new ByteCache<unknown>(mostBytes);
const listeners = new Set<Listener>();

const readers = {
  json: async (response: Response): Promise<Sized<unknown>> => {
    const text = await response.text();
    return { value: JSON.parse(text), bytes: 2 * text.length };
  },
  text: async (response: Response): Promise<Sized<unknown>> => {
    const value = await response.text();
    return { value, bytes: 2 * value.length };
  },
  bytes: async (response: Response): Promise<Sized<unknown>> => {
    const value = await response.arrayBuffer();
    return { value, bytes: value.byteLength };
  },
} as const;

export type Format = keyof typeof readers;

/** Fetches a resource, or returns it from the cache. The caller knows its type from `wire.ts`. A failed request is repeated the next
 * time.
 * @throws Error with the path and the answer of the server */
export function fetchResource<T>(path: string, format: Format): Promise<T> {
  return cache.get(path, () => load(path, format)) as Promise<T>;
}

async function load(path: string, format: Format): Promise<Sized<unknown>> {
  const response = await fetch(`data/${path}`, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`data/${path}: the server answered ${response.status}`);
  return readers[format](response);
}

/** Forgets resources that changed. Views that show them fetch them again. */
export function invalidate(isChanged: (path: string) => boolean): void {
  for (const path of cache.keys()) if (isChanged(path)) cache.delete(path);
  for (const listener of [...listeners]) listener(isChanged);
}

export interface Loaded<T> {
  readonly value?: T;
  readonly error?: string;
}

/** Returns a resource for a component. While a changed resource is fetched again, the old one stays. An undefined path is nothing. */
export function useResource<T>(path: string | undefined, format: Format): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & { readonly path?: string }>({});
  useEffect(() => {
    if (path === undefined) return;
    /** Only the newest request counts. */
    let newest = 0;
    const update = () => {
      const number = ++newest;
      fetchResource<T>(path, format).then(
        (value) => number === newest && setLoaded({ path, value }),
        (error: unknown) => number === newest && setLoaded({ path, error: messageOf(error) }),
      );
    };
    const listener: Listener = (isChanged) => isChanged(path) && update();
    listeners.add(listener);
    update();
    return () => {
      newest = -1;
      listeners.delete(listener);
    };
  }, [path, format]);
  return loaded.path === path ? loaded : {};
}
