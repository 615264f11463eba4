/** Fetches resources below `data/`. Each is fetched once, and again when the server says that it changed. */
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../../src/errors.ts';

interface Entry {
  readonly content: Promise<unknown>;
}

const cache = new Map<string, Entry>();
const listeners = new Set<(path: string) => void>();
/** Whole curves and checkpoints are large, so only the newest resources are kept. */
const mostEntries = 400;

const readers = {
  json: (response: Response): Promise<unknown> => response.json(),
  text: (response: Response): Promise<unknown> => response.text(),
  bytes: (response: Response): Promise<unknown> => response.arrayBuffer(),
} as const;

export type Format = keyof typeof readers;

/** Fetches a resource, or returns it from the cache. The caller knows its type from `wire.ts`.
 * @throws Error with the path and the answer of the server */
export function fetchResource<T>(path: string, format: Format): Promise<T> {
  const known = cache.get(path);
  if (known !== undefined) return known.content as Promise<T>;
  const content = load(path, format);
  cache.set(path, { content });
  const [oldest] = cache.keys();
  if (cache.size > mostEntries && oldest !== undefined) cache.delete(oldest);
  // A failed request is repeated the next time.
  content.catch(() => cache.get(path)?.content === content && cache.delete(path));
  return content as Promise<T>;
}

async function load(path: string, format: Format): Promise<unknown> {
  const response = await fetch(`data/${path}`, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`data/${path}: the server answered ${response.status}`);
  return readers[format](response);
}

/** Forgets resources that changed. Views that show them fetch them again. */
export function invalidate(paths: readonly string[]): void {
  for (const path of paths) {
    cache.delete(path);
    for (const listener of [...listeners]) listener(path);
  }
}

/** Forgets everything, after a connection was lost. */
export function invalidateAll(): void {
  invalidate([...cache.keys()]);
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
    let isCurrent = true;
    const update = () => {
      fetchResource<T>(path, format).then(
        (value) => isCurrent && setLoaded({ path, value }),
        (error: unknown) => isCurrent && setLoaded({ path, error: messageOf(error) }),
      );
    };
    const listener = (changed: string) => changed === path && update();
    listeners.add(listener);
    update();
    return () => {
      isCurrent = false;
      listeners.delete(listener);
    };
  }, [path, format]);
  return loaded.path === path ? loaded : {};
}
