/** Serves the page beside a training run, in a process of its own with a low priority. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RunError } from '../errors.ts';
import { workerFlags } from '../threads/worker-flags.ts';

export interface BesideOptions {
  readonly logdir: string;
  readonly host: string;
  /** The first port that is tried. */
  readonly port: number;
}

/** What the process answers. */
export type BesideMessage = { readonly link: string } | { readonly error: string };

export interface BesideDashboard {
  readonly link: string;
  /** Ends the process. */
  readonly close: () => void;
}

/** Starts the process, and resolves when the page can be opened. The process also ends when this one does.
 * @throws RunError when the page cannot be served */
export function serveBeside(options: BesideOptions): Promise<BesideDashboard> {
  const file = fileURLToPath(new URL('./cifar10-dashboard-process.js', import.meta.url));
  const child = fork(file, [], { execArgv: workerFlags(), stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    child.once('message', (message: BesideMessage) => {
      if ('error' in message) return reject(new RunError(message.error));
      child.unref();
      child.channel?.unref();
      return resolve({ link: message.link, close: () => child.connected && child.disconnect() });
    });
    child.once('error', (error) =>
      reject(new RunError(`the page cannot be served: ${error.message}`, { cause: error })),
    );
    child.once('exit', (code) =>
      reject(new RunError(`the page cannot be served: its process ended with code ${code}`)),
    );
    child.send(options);
  });
}
