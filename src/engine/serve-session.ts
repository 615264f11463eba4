/** A session's thread, from the inside: requests are answered one at a time and in order. */
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { PartTime } from './engine.ts';
import type { Reply, Request } from './messages.ts';

type Tensors = ReadonlyMap<string, Tensor>;
type Answer = Tensors | Promise<Tensors>;

/** What an engine's thread can do. */
export interface SessionWork {
  readonly write: (tensors: Tensors) => void;
  readonly step: (feeds: Tensors, watch: boolean) => Answer;
  readonly read: () => Answer;
  readonly profile: (feeds: Tensors, steps: number) => readonly PartTime[] | Promise<readonly PartTime[]>;
  readonly release: () => void | Promise<void>;
}

/** Replies `done` when the work is ready, then answers until it is released. */
export function serveSession(port: MessagePort, ready: SessionWork | Promise<SessionWork>): void {
  const work = Promise.resolve(ready);
  let previous = reply(
    port,
    work.then(() => done(new Map())),
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

async function answer(work: SessionWork, request: Request): Promise<Reply> {
  switch (request.kind) {
    case 'step':
      return done(await work.step(request.feeds, request.watch));
    case 'read':
      return done(await work.read());
    case 'profile':
      return { kind: 'profiled', parts: await work.profile(request.feeds, request.steps) };
    case 'write':
      work.write(request.tensors);
      return done(new Map());
    case 'release':
      await work.release();
      return done(new Map());
  }
}

function done(tensors: Tensors): Reply {
  return { kind: 'done', tensors };
}

function reply(port: MessagePort, work: Promise<Reply>): Promise<void> {
  return work.then(
    (answered) => port.postMessage(answered, memoryOf(answered)),
    (error: unknown) => port.postMessage({ kind: 'failed', message: messageOf(error) } satisfies Reply),
  );
}

/** The memory of the tensors of a reply goes with it: they are copies that nobody here needs any more. */
function memoryOf(answered: Reply): readonly ArrayBuffer[] {
  if (answered.kind !== 'done') return [];
  const buffers = [...answered.tensors.values()].map(({ data }) => data.buffer);
  return [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer);
}
