/** Checks which engines work here, how fast they are, and which one `--engine auto` selects. */
import type { Engine, EngineName, Precision } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import { offersWith } from '../engine/offers.ts';
import { messageOf } from '../errors.ts';
import { counted } from '../wording.ts';
import type { Finding } from './checks.ts';
import { overfitOneBatch } from './overfit.ts';
import { trialSpeed } from './trial.ts';

export interface EngineTrial {
  readonly engine: EngineName;
  readonly precision: Precision;
  readonly finding: Finding;
  /** The training speed, or undefined if the engine does not train. */
  readonly imagesPerSecond?: number;
}

/** Called with the current activity, for a progress line. */
type OnProgress = (what: string) => void;

/** The combinations to try, in this order. */
export const triedEngines: readonly (readonly [EngineName, Precision])[] = offersWith({
  device: 'cpu',
}).map(({ engine, precision }) => [engine, precision] as const);

/** Tries an engine in a precision. This takes a few seconds. */
export async function tryEngine(
  [engine, precision]: readonly [EngineName, Precision],
  onProgress: OnProgress,
): Promise<EngineTrial> {
  const subject = `engine ${engine}${precision === 'float32' ? '' : ` in ${precision}`}`;
  const found = (verdict: Finding['verdict'], text: string, imagesPerSecond?: number): EngineTrial => ({
    ...{ engine, precision, finding: { verdict, subject, text } },
    ...(imagesPerSecond !== undefined && { imagesPerSecond }),
  });
  onProgress(`${subject} …`);
  try {
    const support = engineSupport(engine, precision);
    // One working engine is enough. ONNX Runtime is always installed, so only its failure counts as a problem.
    if (support.verdict !== 'fast') return found(engine === 'onnx' ? 'missing' : 'note', support.why);
    const made = chooseEngine({ engine, precision }).engine;
    const { verdict, text, imagesPerSecond } = await tryTraining(made, (what) =>
      onProgress(`${subject}: ${what}`),
    );
    return found(verdict, text, imagesPerSecond);
  } catch (error) {
    return found('missing', messageOf(error));
  }
}

async function tryTraining(engine: Engine, onProgress: OnProgress) {
  const { steps, first, last, accuracy } = await overfitOneBatch(engine, {
    onStep: (taken) => onProgress(`learning one batch, step ${taken} …`),
  });
  const by = `${engine.library}, ${counted(engine.threads, 'thread')}`;
  const losses = `cross entropy ${first.toFixed(2)} → ${last.toFixed(3)}`;
  if (accuracy < 1) {
    const text = `${by}: does not learn one batch of images in ${counted(steps, 'step')} (${losses}, accuracy ${accuracy.toFixed(3)})`;
    return { verdict: 'missing', text } as const;
  }
  const imagesPerSecond = await trialSpeed(engine, { onStep: () => onProgress('timing a step …') });
  const text = `${by}: trains, about ${rounded(imagesPerSecond)} images/s (learned one batch in ${counted(steps, 'step')}, ${losses})`;
  return { verdict: 'ok', text, imagesPerSecond } as const;
}

/** Returns the finding about the engine that training uses by default, with its speed. */
export function autoFinding(trials: readonly EngineTrial[]): Finding {
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

/** Rounds a rate to two digits, because a short trial is not more accurate than that. */
function rounded(rate: number): string {
  return Number(rate.toPrecision(2)).toLocaleString('en-US');
}
