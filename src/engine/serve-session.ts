/** A session's thread, from the inside: requests are answered one at a time and in order. */
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Reply, Request } from './messages.ts';

type Tensors = ReadonlyMap<string, Tensor>;
type Answer = Tensors | Promise<Tensors>;

/** What an engine's thread can do. */
export interface SessionWork {
  readonly write: (tensors: Tensors) => void;
  readonly step: (feeds: Tensors) => Answer;
  readonly read: () => Answer;
  readonly release: () => void | Promise<void>;
}

/** Replies `done` when the work is ready, then answers until it is released. */
export function serveSession(port: MessagePort, ready: SessionWork | Promise<SessionWork>): void {
  const work = Promise.resolve(ready);
  let previous = reply(
    port,
    work.then(() => new Map()),
  );
  port.on('message', (request: Request) => {
    previous = previous
      .then(() =>
        reply(
          port,
          work.then((made) => answer(made, request)),
        ),
      )
      .then(() => {
        if (request.kind === 'release') port.close();
      });
  });
}

async function answer(work: SessionWork, request: Request): Promise<Tensors> {
  if (request.kind === 'step') return work.step(request.feeds);
  if (request.kind === 'read') return work.read();
  if (request.kind === 'write') work.write(request.tensors);
  if (request.kind === 'release') await work.release();
  return new Map();
}

function reply(port: MessagePort, work: Promise<Tensors>): Promise<void> {
  return work.then(
    (tensors) => port.postMessage({ kind: 'done', tensors } satisfies Reply),
    (error: unknown) => port.postMessage({ kind: 'failed', message: messageOf(error) } satisfies Reply),
  );
}
