/** Checks which engines work here in which precision, how fast they are, and which one `--engine auto` selects. */
import type { Device, Engine, EngineName, Precision, Support } from '../engine/engine.ts';
import { chooseEngine, createEngine, engineSupport } from '../engine/engines.ts';
import { offersWith } from '../engine/offers.ts';
import { messageOf } from '../errors.ts';
import { counted } from '../wording.ts';
import type { Finding } from './checks.ts';
import { type MatrixKernel, matrixKernels } from './kernels.ts';
import { overfitOneBatch } from './overfit.ts';
import { rounded, trialSpeed } from './trial.ts';

/** How well an engine works in a precision. */
export interface EngineTrial {
  readonly engine: EngineName;
  readonly device: Device;
  readonly precision: Precision;
  /** `fails`: the engine should work, but does not train. */
  readonly verdict: Support['verdict'] | 'fails';
  readonly finding: Finding;
  /** The training speed, or undefined if the engine does not train. */
  readonly imagesPerSecond?: number;
  /** The kernels of matrix operations in a training step. */
  readonly kernels: readonly MatrixKernel[];
}

/** Called with the current activity, for a progress line. */
type OnProgress = (what: string) => void;

/** The combinations to try, in this order. */
export const triedEngines: readonly (readonly [EngineName, Precision])[] = offersWith({
  device: 'cpu',
}).map(({ engine, precision }) => [engine, precision] as const);

/** An engine whose step of a small batch is slower than this is not timed with the usual batch, which could take minutes. */
const leastImagesPerSecond = 20;

/** Tries an engine in a precision. This takes a few seconds. */
export async function tryEngine(
  [engine, precision]: readonly [EngineName, Precision],
  onProgress: OnProgress,
): Promise<EngineTrial> {
  const subject = `engine ${engine}${precision === 'float32' ? '' : ` in ${precision}`}`;
  const device: Device = 'cpu';
  const trial = (
    verdict: EngineTrial['verdict'],
    found: Finding['verdict'],
    { text, kernels = [], ...rest }: Tried,
  ): EngineTrial => ({
    ...{ engine, device, precision, verdict, kernels, ...rest },
    finding: { verdict: found, subject, text },
  });
  const onPart = (what: string) => onProgress(`${subject}: ${what}`);
  onProgress(`${subject} …`);
  try {
    const support = engineSupport(engine, precision);
    // One working engine is enough. ONNX Runtime is always installed, so only its failure in float32 counts as a problem.
    const unless = engine === 'onnx' && precision === 'float32' ? 'missing' : 'note';
    if (support.verdict === 'emulated')
      return trial('emulated', unless, { text: support.why, ...(await trySlow(engine, precision, onPart)) });
    if (support.verdict !== 'fast' && support.verdict !== 'slow')
      return trial(support.verdict, unless, { text: support.why });
    const { works, text, ...tried } = await tryTraining(chooseEngine({ engine, precision }).engine, onPart);
    const said = support.verdict === 'slow' ? `${text}. ${support.why}` : text;
    return works
      ? trial(support.verdict, 'ok', { text: said, ...tried })
      : trial('fails', 'missing', { text: said, ...tried });
  } catch (error) {
    return trial('fails', 'missing', { text: messageOf(error) });
  }
}

/** What a trial found. */
interface Tried {
  readonly text: string;
  readonly imagesPerSecond?: number;
  readonly kernels?: readonly MatrixKernel[];
}

async function tryTraining(
  engine: Engine,
  onProgress: OnProgress,
): Promise<Tried & { readonly works: boolean }> {
  const { steps, first, last, accuracy } = await overfitOneBatch(engine, {
    onStep: (taken) => onProgress(`learning one batch, step ${taken} …`),
  });
  const by = `${engine.library}, ${counted(engine.threads, 'thread')}`;
  const losses = `cross entropy ${first.toFixed(2)} → ${last.toFixed(3)}`;
  if (accuracy < 1) {
    const text = `${by}: does not learn one batch of images in ${counted(steps, 'step')} (${losses}, accuracy ${accuracy.toFixed(3)})`;
    return { works: false, text };
  }
  const imagesPerSecond = await trialSpeed(engine, { onStep: () => onProgress('timing a step …') });
  const text = `${by}: trains, about ${rounded(imagesPerSecond)} images/s (learned one batch in ${counted(steps, 'step')}, ${losses})`;
  return { works: true, text, imagesPerSecond, kernels: await matrixKernels(engine) };
}

/** Measures a precision that is too slow for training. */
async function trySlow(
  engine: EngineName,
  precision: Precision,
  onProgress: OnProgress,
): Promise<Omit<Tried, 'text'>> {
  const slow = createEngine(engine, { precision, emulate: true });
  const onStep = () => onProgress('timing a step …');
  const estimate = await trialSpeed(slow, { batchSize: 8, steps: 1, onStep });
  const imagesPerSecond = estimate < leastImagesPerSecond ? estimate : await trialSpeed(slow, { onStep });
  return { imagesPerSecond, kernels: await matrixKernels(slow) };
}

/** Returns the finding about the engine that training uses by default, with its speed. */
export function autoFinding(
  trials: readonly Pick<EngineTrial, 'engine' | 'precision' | 'imagesPerSecond'>[],
): Finding {
  const subject = '`engine: auto`';
  try {
    const { engine, reason } = chooseEngine({ engine: 'auto', precision: 'float32' });
    const trial = trials.find((one) => one.engine === engine.name && one.precision === engine.precision);
    const speed = trial?.imagesPerSecond;
    const verdict = speed === undefined ? 'missing' : 'ok';
    const rate = speed === undefined ? 'which does not train' : `about ${rounded(speed)} images/s`;
    return { verdict, subject, text: `uses ${engine.name}, ${rate} (${reason ?? 'the only one'})` };
  } catch (error) {
    return { verdict: 'missing', subject, text: messageOf(error) };
  }
}
