/** The code that runs inside a thread: a service that handles calls one at a time, in order. */
import { parentPort } from 'node:worker_threads';
import { type Call, type Methods, memoryOf, type Reply, type Service } from './calls.ts';
import { packError } from './thrown.ts';

/**
 * Serves one service at a time for as long as the thread lives. Buffers in the results of methods are transferred, not copied.
 * @param begin creates the service. If it throws, every call to the service fails with the same error. Its argument
 * `notify` sends a notice to the thread that makes the calls
 */
export function serve<Start, M extends Methods>(
  begin: (start: Start, notify: (notice: string) => void) => Service<M> | Promise<Service<M>>,
): void {
  if (parentPort === null) throw new Error('a service must run in a worker thread');
  const port = parentPort;
  const post = (reply: Reply, moved: readonly ArrayBuffer[] = []) => port.postMessage(reply, moved);
  const notify = (notice: string) => post({ kind: 'notice', notice });
  let service: Promise<Service<M>> | undefined;

  const answer = async ({ method, args }: Call): Promise<unknown> => {
    if (method === 'begin') {
      service = Promise.resolve(args[0] as Start).then((start) => begin(start, notify));
      await service;
      return undefined;
    }
    const current = await service;
    if (current === undefined) throw new Error(`${method} was called before a service began`);
    if (method === 'close') service = undefined;
    return apply(current, method, args);
  };

  let previous = Promise.resolve();
  const reply = (answered: () => Promise<unknown>) => {
    previous = previous.then(async () => {
      try {
        const result = await answered();
        post({ kind: 'returned', result }, memoryOf(result));
      } catch (error) {
        post({ kind: 'threw', thrown: packError(error) });
      }
    });
  };
  port.on('message', (call: Call) => reply(() => answer(call)));
  // A call that cannot be deserialized because there is too little memory gets a reply too.
  port.on('messageerror', (error) => reply(() => Promise.reject(error)));
}

function apply(service: object, method: string, args: readonly unknown[]): unknown {
  const found: unknown = Reflect.get(service, method);
  if (typeof found === 'function') return Reflect.apply(found, service, args);
  if (method === 'close') return undefined;
  throw new Error(`the service has no method ${method}`);
}
