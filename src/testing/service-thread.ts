/** Threads for tests. */
import { Worker } from 'node:worker_threads';

/** A file that runs the given lines, in which `serve` can be called. */
export function serviceFile(lines: string): URL {
  const serve = new URL('../threads/serve.js', import.meta.url);
  const script = `import { serve } from '${serve}';\n${lines}`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}

/** What makes a thread of such a file. */
export function serviceThread(lines: string): () => Worker {
  return () => new Worker(serviceFile(lines));
}
