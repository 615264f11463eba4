/**
 * Adaptive loss scaling. The smallest number of float16 is 6 · 10⁻⁸, so many elements of gradients would be rounded to 0. The loss
 * is therefore multiplied by a scale before it is differentiated, and the gradients of the parameters, which are float32, are
 * divided by it. If the scale is too high, gradients overflow: the step then changes no variable, and the scale is halved (P.
 * Micikevicius et al., "Mixed Precision Training", ICLR 2018, section 3.2; the rule and its numbers are those of PyTorch's
 * `torch.amp.GradScaler`). All scales are powers of two, which do not round float32 numbers.
 */
import type { Precision } from '../engine/offers.ts';

/** The scale of the loss. */
export interface LossScale {
  /** The factor of the loss, a power of two. */
  readonly scale: number;
  /** The number of steps with finite gradients since the scale has changed, less than `lossScaling.interval`. */
  readonly finiteSteps: number;
}

/** What a run has to know about its earlier steps, in addition to its variables. */
export interface StepState {
  /** The number of steps that changed no variable, because their gradients were not finite. */
  readonly skippedSteps: number;
  /** The scale of the loss of the next step, or undefined if the loss is not scaled. */
  readonly lossScale: LossScale | undefined;
}

/** The numbers of the rule. */
export const lossScaling = {
  initial: 65_536,
  /** The number of finite steps after which the scale is multiplied by `growth`. */
  interval: 2000,
  growth: 2,
  /** The factor of the scale after gradients that are not finite. */
  backoff: 0.5,
  /** A run whose gradients are not finite at this scale has diverged. (PyTorch has no minimum. TensorFlow's is 1, too.) */
  minimum: 1,
  /** The scale does not grow further, so that its inverse is a normal float32 number. (PyTorch has no maximum.) */
  maximum: (2 ** 126) as number,
} as const;

/** bfloat16 has the exponents of float32, so that it needs no scale. */
const isScaled: Readonly<Record<Precision, boolean>> = { float32: false, bfloat16: false, float16: true };

/** Whether the loss is scaled in a precision. */
export function isLossScaled(precision: Precision): boolean {
  return isScaled[precision];
}

/** Returns the state with which a run starts or resumes.
 * @param scaled whether the run scales its loss
 * @param stored the state in the checkpoint from which it resumes. If that run did not scale its loss, the scale starts as in a new
 * run */
export function initialState(scaled: boolean, stored?: StepState): StepState {
  const { skippedSteps = 0, lossScale } = stored ?? {};
  const initial = { scale: lossScaling.initial, finiteSteps: 0 };
  return { skippedSteps, lossScale: scaled ? (lossScale ?? initial) : undefined };
}

/** Returns the state after a step.
 * @param isSkipped whether the step was skipped, because its gradients were not finite */
export function stateAfter({ skippedSteps, lossScale }: StepState, isSkipped: boolean): StepState {
  return {
    skippedSteps: isSkipped ? skippedSteps + 1 : skippedSteps,
    lossScale: lossScale && nextScale(lossScale, isSkipped),
  };
}

/** Whether a step was skipped although the scale of its loss was the smallest, so that a smaller scale cannot help. */
export function isExhausted(isSkipped: boolean, lossScale: number | undefined): boolean {
  return isSkipped && lossScale !== undefined && lossScale <= lossScaling.minimum;
}

/** PyTorch's `_amp_update_scale_`, within bounds. */
function nextScale({ scale, finiteSteps }: LossScale, isSkipped: boolean): LossScale {
  const { interval, growth, backoff, minimum, maximum } = lossScaling;
  if (isSkipped) return { scale: Math.max(minimum, scale * backoff), finiteSteps: 0 };
  if (finiteSteps + 1 < interval) return { scale, finiteSteps: finiteSteps + 1 };
  return { scale: Math.min(maximum, scale * growth), finiteSteps: 0 };
}
