/** The worker side of a session: handles requests one at a time, in order. */
import { isArrayBuffer } from 'node:util/types';
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { PartTime } from './engine.ts';
import type { Reply, Request } from './messages.ts';

type Tensors = ReadonlyMap<string, Tensor>;
type Answer = Tensors | Promise<Tensors>;

/** A compiled graph. */
export interface SessionWork {
  readonly write: (tensors: Tensors) => void;
  readonly step: (feeds: Tensors, watch: boolean) => Answer;
  readonly read: () => Answer;
  readonly profile: (feeds: Tensors, steps: number) => readonly PartTime[] | Promise<readonly PartTime[]>;
  readonly release: () => void | Promise<void>;
}

/** Serves sessions, one at a time, until the thread ends. */
export function serveSession<Start>(
  port: MessagePort,
  begin: (start: Start) => SessionWork | Promise<SessionWork>,
): void {
  let work: SessionWork | undefined;
  const answer = async (request: Request): Promise<Reply> => {
    if (request.kind === 'start') {
      work = await begin(request.start as Start);
      return done(new Map());
    }
    if (work === undefined) throw new Error('no session was started');
    const current = work;
    if (request.kind === 'release') work = undefined;
    return answerWith(current, request);
  };
  let previous = Promise.resolve();
  port.on('message', (request: Request) => {
    previous = previous.then(() => reply(port, answer(request)));
  });
}

async function answerWith(
  work: SessionWork,
  request: Exclude<Request, { readonly kind: 'start' }>,
): Promise<Reply> {
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

/** The buffers of a reply's tensors. They are copies this thread does not need again, so they are transferred. */
function memoryOf(answered: Reply): readonly ArrayBuffer[] {
  if (answered.kind !== 'done') return [];
  const buffers = [...answered.tensors.values()].map(({ data }) => data.buffer);
  return [...new Set(buffers)].filter((buffer) => isArrayBuffer(buffer));
}
