/**
 * Saves a run that fails during training, for example because a thread of the engine ended. The checkpoint contains the last
 * complete step, if the session still has its variables, so that only the failed step is lost.
 */
import type { CheckpointStore } from '../checkpoint/store.ts';
import { unlessAborted } from '../collective/unless-aborted.ts';
import type { Session, Tensors } from '../engine/engine.ts';
import { errorCode, messageOf, StoppedError, withLine } from '../errors.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { type LastSaved, requireFiniteVariables } from './divergence.ts';
import { type StepState, stateAfter } from './loss-scale.ts';
import type { TrainingRun } from './run-definition.ts';
import type { TrainEvent } from './train.ts';
import { isSkippedIn } from './train-step.ts';
import type { TrainingGraph } from './training-graph.ts';
import { metadataOf, type Versions } from './training-run.ts';

type Variables = ReadonlyMap<string, Float32Tensor>;

/** Where a run is, as far as is known when it fails. */
export class Position {
  /** The newest checkpoint of the run. */
  saved: LastSaved | undefined;
  /** Whether a checkpoint is being written. */
  isSaving = false;
  #globalStep: number;
  #state: StepState;
  #variables: Variables | undefined;

  constructor(globalStep: number, state: StepState, saved: LastSaved | undefined) {
    this.#globalStep = globalStep;
    this.#state = state;
    this.saved = saved;
  }

  /** The number of steps taken. */
  get globalStep(): number {
    return this.#globalStep;
  }

  /** The state of the run after these steps. */
  get state(): StepState {
    return this.#state;
  }

  /** A copy of the variables after these steps, if one was made. */
  get variables(): Variables | undefined {
    return this.#variables;
  }

  /** Notes that the session has taken a step.
   * @param state the state of the run after the step */
  advance(state: StepState): void {
    this.#globalStep++;
    this.#state = state;
    this.#variables = undefined;
  }

  /** Keeps a copy of the variables. */
  keep(variables: Variables): void {
    this.#variables = variables;
  }
}

export interface FailedRun {
  readonly run: TrainingRun;
  readonly training: TrainingGraph;
  readonly session: Session;
  readonly store: CheckpointStore;
  readonly versions: Versions;
}

/** Failures after which the variables must not be saved: they are not finite, or another process uses the folder. */
const unsavable = ['CIFAR10_DIVERGED', 'CIFAR10_FOLDER_LOST'];

/** Saves a run that failed. Returns the error, whose message then also says which step was saved, and where.
 * @param position where the run was when it failed */
export async function* rescue(
  error: unknown,
  position: Position,
  failed: FailedRun,
): AsyncGenerator<TrainEvent, unknown, void> {
  const isSavable = !(error instanceof StoppedError) && !unsavable.includes(errorCode(error) ?? '');
  if (!isSavable || position.isSaving) return error;
  const { saved } = position;
  const last =
    saved === undefined
      ? 'Nothing was saved.'
      : `The last checkpoint is ${saved.path}. Training in the same folder resumes from it.`;
  // Without any update nothing is lost, and the next run should be free to use another recipe, such as a smaller batch.
  if (position.globalStep === (saved?.globalStep ?? 0)) return withLine(error, last);
  // A session that waits for a process that was lost returns no variables.
  const isBlocked = failed.run.ranks?.lost.aborted === true;
  if (isBlocked && position.variables === undefined) return withLine(error, last);
  try {
    const { variables, globalStep, state } = await lastComplete(position, failed);
    requireFiniteVariables(variables, failed.training.graph.variables, globalStep, saved);
    yield { kind: 'busy', globalStep, with: 'saving' };
    const metadata = metadataOf(failed.run, globalStep, failed.versions, state);
    const path = await failed.store.save({ tensors: variables, metadata });
    yield { kind: 'checkpoint', globalStep, path };
    return withLine(
      error,
      `Step ${globalStep} was saved to ${path}. Training in the same folder resumes from it.`,
    );
  } catch (reason) {
    const [why = ''] = messageOf(reason).split('\n');
    const because = messageOf(error).includes(why) ? '.' : `: ${why}`;
    return withLine(error, `Step ${position.globalStep} could not be saved${because}\n${last}`);
  }
}

/** Returns the variables of the last complete step, with the number of steps and the state of the run after it. */
async function lastComplete(
  { globalStep, state, variables }: Position,
  { session, run }: FailedRun,
): Promise<{ readonly variables: Variables; readonly globalStep: number; readonly state: StepState }> {
  if (variables !== undefined) return { variables, globalStep, state };
  // If another process was lost, the session waits for it, and never answers.
  const recovered = await unlessAborted(run.ranks?.lost, session.recover());
  const found = recovered.variables as Tensors as Variables;
  const { outputs } = recovered;
  return outputs === undefined
    ? { variables: found, globalStep, state }
    : { variables: found, globalStep: globalStep + 1, state: stateAfter(state, isSkippedIn(outputs)) };
}
