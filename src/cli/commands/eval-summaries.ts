/** The event files of an evaluation folder. */
import { join } from 'node:path';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { CheckpointMetadata } from '../../checkpoint/metadata.ts';
import type { Examples } from '../../data/examples.ts';
import { makeFolder } from '../../disk/writable.ts';
import type { Engine } from '../../engine/engine.ts';
import { type Score, type Weights, weightsOf } from '../../evaluation/evaluate.ts';
import { buildEvaluationGraph } from '../../evaluation/evaluation-graph.ts';
import { ActivationProbe, type ScoreWitness } from '../../evaluation/evaluation-summary.ts';
import { encodeGraphDef } from '../../summary/graph-def.ts';
import { SummaryRecorder } from '../../summary/recorder.ts';
import { graphNodes } from '../../training/graph-nodes.ts';
import { networkOf } from '../../training/run.ts';
import type { EvalFlags } from '../flag-table.ts';

/** One after the other: the network of a checkpoint may be another than that of the one before. */
export class EvalSummaries {
  readonly #flags: EvalFlags;
  readonly #onTrouble: (message: string) => void;
  #recorder: SummaryRecorder | undefined;
  #probe: { readonly network: string; readonly probe: ActivationProbe } | undefined;

  constructor(flags: EvalFlags, onTrouble: (message: string) => void) {
    this.#flags = flags;
    this.#onTrouble = onTrouble;
  }

  /** Records what was seen of a checkpoint, at its step. When this resolves it is on the disk: who is asked again will not
   * score that checkpoint again. */
  async record(
    engine: Engine,
    { tensors, metadata }: Checkpoint,
    examples: Examples,
    witness: ScoreWitness,
    score: Score,
  ): Promise<void> {
    const { weights } = this.#flags;
    const recorder = await this.#open(metadata);
    const probe = await this.#probeFor(engine, metadata);
    const seen = await probe.look((variable) => weightsOf(tensors, variable, weights), examples);
    await recorder.record(metadata.globalStep, [...witness.values(score), ...seen]);
    await recorder.flush();
  }

  async close(): Promise<void> {
    await Promise.all([this.#recorder?.close(), this.#probe?.probe.release()]);
  }

  /** Where events go: the folder itself for what the tutorial evaluates, a folder in it, another run to TensorBoard, for
   * other images or weights. */
  get dir(): string {
    const { evalDir, evalData, weights } = this.#flags;
    const usual: readonly [string, Weights] = ['test', 'ema'];
    return evalData === usual[0] && weights === usual[1] ? evalDir : join(evalDir, `${evalData}-${weights}`);
  }

  /** Before anything is scored: whoever waited for a score shall not lose it.
   * @throws RunError when there is no writing in the folder */
  makeFolder(): Promise<void> {
    return makeFolder(this.dir, '--eval-dir');
  }

  /** The event file, with the graph of this checkpoint's network, made when something is recorded in it. */
  async #open(metadata: CheckpointMetadata): Promise<SummaryRecorder> {
    if (this.#recorder !== undefined) return this.#recorder;
    const recorder = await SummaryRecorder.open({ dir: this.dir, onTrouble: this.#onTrouble });
    const graph = buildEvaluationGraph(networkOf(metadata), this.#flags.batchSize);
    await recorder.graph(encodeGraphDef(graphNodes(graph)));
    this.#recorder = recorder;
    return recorder;
  }

  async #probeFor(engine: Engine, metadata: CheckpointMetadata): Promise<ActivationProbe> {
    const network = JSON.stringify(metadata.network);
    if (this.#probe?.network === network) return this.#probe.probe;
    await this.#probe?.probe.release();
    const probe = await ActivationProbe.create(engine, networkOf(metadata), this.#flags.batchSize);
    this.#probe = { network, probe };
    return probe;
  }
}
