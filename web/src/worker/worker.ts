/** The worker of the page: it loads onnxruntime-web, explains models and trains. */
import { messageOf } from '../../../src/errors.ts';
import { OneAtATime } from '../../../src/page/one-at-a-time.ts';
import { PageModel } from '../../../src/page/page-model.ts';
import { type LoadedRuntime, loadRuntime } from './load-runtime.ts';
import type { ProgressEvent, RequestMessage, RequestName, Requests, WorkerMessage } from './messages.ts';
import { TrainingLoop } from './training-loop.ts';

let engine: string | null = null;
let loaded: Promise<LoadedRuntime> | undefined;
let model: PageModel | undefined;
let loop: TrainingLoop | undefined;
/** Requests about models wait for each other, and so do beginnings of runs. */
const [models, beginnings] = [new OneAtATime(), new OneAtATime()] as const;

function send(message: WorkerMessage): void {
  postMessage(message);
}

function report(event: ProgressEvent): void {
  send({ kind: 'progress', event });
}

function runtime(): Promise<LoadedRuntime> {
  loaded ??= loadRuntime(engine, (what, done) => report({ kind: 'loading', what, done }));
  // A failed download is repeated the next time.
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}

function training(): TrainingLoop {
  if (loop === undefined) throw new Error('no run has begun');
  return loop;
}

type Handlers = {
  readonly [Name in RequestName]: (argument: Requests[Name]['argument']) => Promise<Requests[Name]['result']>;
};

const handlers: Handlers = {
  useEngine: async (wish) => {
    engine = wish;
    return null;
  },
  openModel: (file) =>
    models.run(async () => {
      const { runtime: ort, device, words } = await runtime();
      const opened = await PageModel.open(ort, device, file);
      await model?.release();
      model = opened;
      return { classes: opened.classes, globalStep: opened.globalStep, device: words };
    }),
  explain: ({ picture, explained }) =>
    models.run(async () => {
      if (model === undefined) throw new Error('no model is open');
      const { data, width, height } = picture;
      return model.explain({ data, width, height }, explained ?? undefined);
    }),
  beginTraining: (start) =>
    beginnings.run(async () => {
      const ready = await runtime();
      await loop?.release();
      loop = undefined;
      const { loop: next, begun } = await TrainingLoop.begin(ready, start, report);
      loop = next;
      return begun;
    }),
  train: () => training().run(),
  pause: async () => {
    await training().pause();
    return null;
  },
  setLearningRate: async (rate) => {
    training().training.learningRate = rate;
    return null;
  },
  look: () => training().exclusive((run) => run.look()),
  checkpoint: () => training().exclusive((run) => run.checkpoint()),
  onnxFile: () => training().exclusive((run) => run.onnxFile()),
};

addEventListener('message', ({ data }: MessageEvent<RequestMessage>) => {
  const { id, name, argument } = data;
  const handler = handlers[name] as (argument: unknown) => Promise<unknown>;
  Promise.resolve()
    .then(() => handler(argument))
    .then(
      (result) => send({ kind: 'reply', id, result }),
      (error: unknown) => send({ kind: 'failure', id, message: messageOf(error) }),
    );
});
