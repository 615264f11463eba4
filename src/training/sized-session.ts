/**
 * The session of a run whose first steps have smaller images (`early-images.ts`). The variables have the same shapes for both sizes,
 * but a compiled step has fixed shapes. So a session is compiled for the size of the next batch, and when the first batch of the
 * other size arrives, its variables move to another session:
 *
 *     batch of step 0 … k - 1 [N, 3, 24, 24] ─► session of the network for 24×24
 *     batch of step k …       [N, 3, 32, 32] ─► read all variables, release that session, compile the other, write the variables
 *
 * A session that is released while the other is compiled, because its step was abandoned, releases the other when that is ready.
 *
 * Which size a step has depends only on its number, so a resumed run continues with the right one. Checkpoints do not depend on sizes.
 * All towers of all processes take the same steps, and so change sessions at the same step.
 */
import type { PartTime, PlacedKernel, Recovered, Session, StepOptions, Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import { type Shape, sameShape } from '../tensor/tensor.ts';
import { earlyImagesOf, imageShapeAt, withImageShape } from './early-images.ts';
import type { TrainingRun } from './run-definition.ts';
import { openSession } from './towers.ts';
import { buildTrainingGraph, type TrainingGraph } from './training-graph.ts';

/** Compiles the step of a run, as `openSession` does. If the first steps have smaller images, the session changes its size with the
 * batches.
 * @param training the graph of a step with the whole batch and images of the usual shape
 * @param step the next step
 * @throws RunError when the engine rejects the graph */
export async function openRunSession(
  run: TrainingRun,
  training: TrainingGraph,
  step: number,
): Promise<Session> {
  const early = earlyImagesOf(run);
  if (early === undefined || step >= early.steps) return openSession(run, training);
  const open = (shape: Shape) => {
    if (sameShape(shape, run.network.imageShape)) return openSession(run, training);
    const { network, batchSize, hyperparameters, groups = [], freeze = [] } = withImageShape(run, shape);
    const { isLossScaled: lossScaling } = training;
    const small = buildTrainingGraph(
      { network, batchSize, hyperparameters, groups, freeze },
      { lossScaling },
    );
    return openSession({ ...run, network }, small);
  };
  const first = imageShapeAt(run, step);
  return new SizedSession(await open(first), first, open);
}

/** A session that changes its size with the images of its steps. */
export class SizedSession implements Session {
  readonly #open: (shape: Shape) => Promise<Session>;
  /** The session for the current size, or undefined while another is compiled. */
  #session: Session | undefined;
  #shape: Shape;
  #isReleased = false;
  /** The variables, while no session has them. */
  #carried: Tensors | undefined;

  /** @param first the session for the first steps
   * @param shape the shape of their images, [C, H, W]
   * @param open compiles the step for images of another shape */
  constructor(first: Session, shape: Shape, open: (shape: Shape) => Promise<Session>) {
    this.#session = first;
    this.#shape = shape;
    this.#open = open;
  }

  write(variables: Tensors): Promise<void> {
    return this.#current.write(variables);
  }

  async step(feeds: Tensors, options: StepOptions = {}): Promise<Tensors> {
    await this.#prepare(feeds);
    return this.#current.step(feeds, options);
  }

  read(): Promise<Tensors> {
    return this.#carried === undefined ? this.#current.read() : Promise.resolve(this.#carried);
  }

  async recover(): Promise<Recovered> {
    return this.#carried === undefined ? this.#current.recover() : { variables: this.#carried };
  }

  async profile(feeds: Tensors, steps: number): Promise<readonly PartTime[]> {
    await this.#prepare(feeds);
    return this.#current.profile(feeds, steps);
  }

  placement(): Promise<readonly PlacedKernel[]> {
    return this.#current.placement();
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    await this.#session?.release();
  }

  get #current(): Session {
    if (this.#session === undefined)
      throw new RunError('there is no session, because the last change of size failed');
    return this.#session;
  }

  /** Moves the variables to a session for the images of a step, if they have another shape than before. */
  async #prepare(feeds: Tensors): Promise<void> {
    const shape = feeds.get('images')?.shape.slice(1) ?? this.#shape;
    if (sameShape(shape, this.#shape)) return;
    const before = this.#current;
    const variables = await before.read();
    this.#requireHeld();
    this.#carried = variables;
    this.#session = undefined;
    await before.release();
    this.#requireHeld();
    const opened = await this.#open(shape);
    if (this.#isReleased) await opened.release();
    this.#requireHeld();
    this.#session = opened;
    this.#shape = shape;
    await opened.write(variables);
    this.#carried = undefined;
  }

  /** @throws RunError when the session was released meanwhile */
  #requireHeld(): void {
    if (this.#isReleased) throw new RunError('the session was released while its size changed');
  }
}
