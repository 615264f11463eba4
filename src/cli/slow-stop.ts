/** A step of a large batch takes long, and is not cut short: who has asked to stop and waits is told why. */
import type { Console } from './console.ts';

export function noteWhenSlow(
  signal: AbortSignal,
  console: Pick<Console, 'warn'>,
  patienceMillis: number = 1000,
): void {
  signal.addEventListener('abort', () => {
    const note = () => console.warn('stopping after this step; Ctrl-C again leaves at once');
    setTimeout(note, patienceMillis).unref(); // whoever is done before that leaves without it
  });
}
