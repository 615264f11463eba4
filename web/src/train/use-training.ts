/** The state of the run in the page, and what the buttons do. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.ts';
import { pageLearningRate } from '../../../src/page/page-recipe.ts';
import type { PageScore } from '../../../src/page/page-score.ts';
import type { Float32Tensor } from '../../../src/tensor/tensor.ts';
import { WorkerClient } from '../worker/client.ts';
import type { ProgressEvent, TrainingBegun, TrainingData } from '../worker/messages.ts';
import { noCurves, type RunCurves, withPoint } from './curves.ts';
import { forgetRun, loadRun, saveRun } from './stored-run.ts';

/** The number of steps between evaluations. The run is also stored then. */
const evaluateEvery = 100;

export interface TrainingState {
  readonly begun?: TrainingBegun;
  readonly step: number;
  readonly isTraining: boolean;
  readonly learningRate: number;
  readonly imagesPerSecond?: number;
  readonly curves: RunCurves;
  readonly score?: PageScore;
  readonly filters?: Float32Tensor;
  readonly loading?: { readonly what: string; readonly done: number } | undefined;
  readonly error?: string;
  readonly canContinue: boolean;
}

const initial: TrainingState = {
  step: 0,
  isTraining: false,
  learningRate: pageLearningRate,
  curves: noCurves,
  canContinue: false,
};

export interface TrainingActions {
  readonly begin: (data: TrainingData) => void;
  readonly continueStored: () => void;
  readonly train: () => void;
  readonly pause: () => void;
  readonly forget: () => void;
  readonly setLearningRate: (rate: number) => void;
  readonly download: (kind: 'onnx' | 'checkpoint') => void;
  readonly fail: (error: string) => void;
}

export function useTraining(): readonly [TrainingState, TrainingActions] {
  const [state, setState] = useState<TrainingState>(initial);
  const latest = useRef(state);
  const data = useRef<TrainingData | undefined>(undefined);
  const client = useRef<WorkerClient | undefined>(undefined);
  const looking = useRef<Promise<void> | undefined>(undefined);
  const isWanted = useRef(false);
  const change = (part: Partial<TrainingState>) => {
    latest.current = { ...latest.current, ...part };
    setState(latest.current);
  };
  const follow = (event: ProgressEvent) => {
    if (event.kind === 'loading') {
      const { what, done } = event;
      if (done < 1) change({ loading: { what, done } });
      return;
    }
    const { step, imagesPerSecond } = event;
    const loss = withPoint(latest.current.curves.loss, { step: step.step + 1, value: step.crossEntropy });
    change({ step: step.step + 1, imagesPerSecond, curves: { ...latest.current.curves, loss } });
    if ((step.step + 1) % evaluateEvery === 0) attempt(look());
  };
  const worker = () => {
    client.current ??= new WorkerClient(follow, () => {
      // The stored run can be continued.
      const { learningRate, error = '' } = latest.current;
      latest.current = { ...initial, learningRate, error, canContinue: data.current !== undefined };
      setState(latest.current);
    });
    return client.current;
  };
  const attempt = (work: Promise<unknown>) => {
    work.catch((reason: unknown) => change({ error: messageOf(reason), isTraining: false, ...nothingLoads }));
  };
  /** Scores the held-out pictures, shows the filters, and stores the run, all of the same step. */
  const lookOnce = async () => {
    const from = client.current;
    const { step, score, filters, checkpoint } = await worker().call('look', null);
    // The messages of the steps before it have arrived, and those of later steps have not.
    const { curves } = latest.current;
    const precision = withPoint(curves.precision, { step, value: score.precision });
    change({ score, ...(filters !== undefined && { filters }), curves: { ...curves, precision } });
    const stored = { data: data.current, curves: latest.current.curves, checkpoint };
    if (stored.data !== undefined && from === client.current) await saveRun({ ...stored, data: stored.data });
  };
  /** Looks at the run. If it is being looked at, that is repeated, so that the last state is stored. */
  const look = (): Promise<void> => {
    isWanted.current = true;
    looking.current ??= (async () => {
      try {
        while (isWanted.current) {
          isWanted.current = false;
          await lookOnce();
        }
      } finally {
        looking.current = undefined;
      }
    })();
    return looking.current;
  };
  const begin = async (of: TrainingData, checkpoint: Uint8Array | null, curves: RunCurves) => {
    change({ curves, loading: { what: 'Preparing', done: 0 } });
    data.current = of;
    const { learningRate } = latest.current;
    const begun = await worker().call('beginTraining', { data: of, learningRate, checkpoint });
    const { step } = begun;
    change({ begun, step, learningRate: begun.learningRate, canContinue: false, ...nothingLoads });
    if (checkpoint === null) await train();
    else await look();
  };
  const train = async () => {
    change({ isTraining: true });
    await worker().call('train', null);
    change({ isTraining: false });
    await look();
  };
  useEffect(() => {
    loadRun().then(
      (stored) => change({ canContinue: stored !== undefined }),
      () => undefined,
    );
    return () => client.current?.close();
  }, []);
  const run = (work: () => Promise<unknown>) => {
    change({ error: '' });
    attempt(work());
  };
  return [
    state,
    {
      begin: (of) => run(() => begin(of, null, noCurves)),
      continueStored: () =>
        run(async () => {
          const stored = await loadRun();
          if (stored !== undefined) await begin(stored.data, stored.checkpoint, stored.curves);
        }),
      train: () => run(train),
      pause: () => run(() => worker().call('pause', null)),
      forget: () =>
        run(async () => {
          client.current?.close();
          client.current = undefined;
          // It may be storing the run.
          await looking.current?.catch(() => undefined);
          await forgetRun();
          latest.current = initial;
          setState(initial);
        }),
      setLearningRate: (learningRate) =>
        run(async () => {
          change({ learningRate });
          if (latest.current.begun !== undefined) await worker().call('setLearningRate', learningRate);
        }),
      download: (kind) => run(() => download(worker(), kind, latest.current.step)),
      fail: (error) => change({ error }),
    },
  ];
}

const nothingLoads: Partial<TrainingState> = { loading: undefined };

async function download(worker: WorkerClient, kind: 'onnx' | 'checkpoint', step: number): Promise<void> {
  const bytes = await worker.call(kind === 'onnx' ? 'onnxFile' : 'checkpoint', null);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([Uint8Array.from(bytes)]));
  link.download = kind === 'onnx' ? 'model.onnx' : `model.ckpt-${step}.safetensors`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
