/** Worker threads for tests. */
import { Worker } from 'node:worker_threads';

/** Returns the URL of a script that runs the given lines, in which `serve` is defined. */
export function serviceFile(lines: string): URL {
  const serve = new URL('../threads/serve.js', import.meta.url);
  const script = `import { serve } from '${serve}';\n${lines}`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}

/** Returns a function that starts a worker with such a script. */
export function serviceThread(lines: string): () => Worker {
  return () => new Worker(serviceFile(lines));
}
