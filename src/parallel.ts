/** Runs asynchronous tasks at the same time. */
import { requireRunning, StoppedError } from './errors.ts';

/** Runs a task for each item, at most `atOnce` of them at the same time. Returns the results in the order of the items.
 * @throws the first error of a task, once all running tasks have ended */
export async function eachOf<T, R>(
  items: readonly T[],
  atOnce: number,
  task: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let [next, hasFailed] = [0, false];
  const work = async () => {
    for (let index = next++; index < items.length && !hasFailed; index = next++) {
      try {
        results[index] = await task(items[index] as T, index);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, work));
  for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
  return results;
}

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
  let stopWaiting: (error: unknown) => void = () => undefined;
  signal?.addEventListener('abort', () => stopWaiting(new StoppedError('nothing was changed')), {
    ...{ once: true, signal: left.signal },
  });
  // A race with one promise for the whole time would keep every result in memory.
  const next = () =>
    new Promise<Result>((resolve, reject) => {
      stopWaiting = reject;
      started.shift()?.then(resolve, reject);
    });
  try {
    for await (const item of items) {
      requireRunning(signal);
      const result = work(item);
      // Ignores errors of work that was abandoned.
      result.catch(() => undefined);
      started.push(result);
      if (started.length >= ahead) yield await next();
    }
    while (started.length > 0) yield await next();
  } finally {
    left.abort();
  }
}
