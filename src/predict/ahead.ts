/** Starts work on the next items while earlier ones are still being worked on. */
import { requireRunning } from '../errors.ts';

/** Yields the results in the order of the items. At most `ahead` items are worked on or wait to be yielded, so memory stays bounded,
 * however many items there are.
 * @throws the first error of the work, in the order of the items
 * @throws StoppedError when the signal is aborted, without waiting for work that was started */
export async function* mapAhead<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, void> {
  const started: Promise<Result>[] = [];
  const left = new AbortController();
  const stopped = new Promise<undefined>((resolve) => {
    signal?.addEventListener('abort', () => resolve(undefined), { once: true, signal: left.signal });
  });
  const next = async () => {
    const result = await Promise.race([started.shift(), stopped]);
    requireRunning(signal);
    return result as Result;
  };
  try {
    for await (const item of items) {
      requireRunning(signal);
      const result = work(item);
      // An error of work that is no longer waited for has no effect.
      result.catch(() => undefined);
      started.push(result);
      if (started.length >= ahead) yield await next();
    }
    while (started.length > 0) yield await next();
  } finally {
    left.abort();
  }
}
