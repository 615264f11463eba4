/** Runs asynchronous tasks at the same time. */

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
