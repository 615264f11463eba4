/** Passes the events of a generator to a callback. If the callback fails, the generator is stopped as by a signal, so that it saves
 * what it has, and the error follows. */

/** Calls `listen` with every event, and waits for it.
 * @param stop a signal of the caller that ends the work
 * @param start starts the work, which must end when its signal is aborted
 * @throws the error of the work, or the first error of `listen` after the work has ended */
export async function followEvents<E>(
  stop: AbortSignal | undefined,
  listen: (event: E) => unknown,
  start: (ends: AbortSignal) => AsyncGenerator<E, void, void>,
): Promise<void> {
  const failed = new AbortController();
  const ends = stop === undefined ? failed.signal : AbortSignal.any([stop, failed.signal]);
  try {
    for await (const event of start(ends)) {
      if (failed.signal.aborted) continue;
      try {
        await listen(event);
      } catch (error) {
        failed.abort(error);
      }
    }
  } catch (error) {
    // The work may end with an error because it was stopped; the caller needs the reason.
    if (!failed.signal.aborted) throw error;
  }
  if (failed.signal.aborted) throw failed.signal.reason;
}
