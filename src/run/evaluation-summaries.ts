/** The event files of an evaluation folder. */
import { join } from 'node:path';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { makeFolder, removeEmpty } from '../disk/writable.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import type { Weights } from '../evaluation/weights.ts';
import { withoutWatched } from '../passes/watch.ts';
import { encodeGraphDef } from '../summary/graph-def.ts';
import type { RecordedValue } from '../summary/recorded-value.ts';
import { SummaryRecorder } from '../summary/recorder.ts';
import { graphNodes } from '../training/graph-nodes.ts';
import { devicesOf, type Placement } from '../training/placement.ts';
import { networkOf } from '../training/stored-run.ts';
import type { EvaluationSettings } from './evaluation-request.ts';

export class EvaluationSummaries {
  readonly #settings: EvaluationSettings;
  readonly #onProblem: (message: string) => void;
  #recorder: SummaryRecorder | undefined;
  readonly #created: string[] = [];

  constructor(settings: EvaluationSettings, onProblem: (message: string) => void) {
    this.#settings = settings;
    this.#onProblem = onProblem;
  }

  /** Records the summary of a checkpoint at its step. Resolves only when the summary is on disk, because the checkpoint will
   * not be scored again.
   * @param placed where the network is computed, if that is known. The graph then contains the devices */
  async record(
    metadata: CheckpointMetadata,
    values: readonly RecordedValue[],
    placed?: Placement,
  ): Promise<void> {
    const recorder = await this.#open(metadata, placed);
    await recorder.record(metadata.globalStep, values);
    await recorder.flush();
  }

  async close(): Promise<void> {
    await this.#recorder?.close();
    await removeEmpty(this.#created);
  }

  /** The folder of the event files. For the images and weights that the tutorial evaluates, it is the evaluation folder itself.
   * For others, it is a subfolder, which TensorBoard shows as a separate run. */
  get #dir(): string {
    const { evalDir, evalData, weights } = this.#settings;
    const usual: readonly [string, Weights] = ['test', 'ema'];
    return evalData === usual[0] && weights === usual[1] ? evalDir : join(evalDir, `${evalData}-${weights}`);
  }

  /** Creates the folder of the event files if necessary. This is called before anything is scored, so that no score is lost.
   * @throws RunError when the folder cannot be written */
  async makeFolder(): Promise<void> {
    this.#created.push(...(await makeFolder(this.#dir, 'evalDir')));
  }

  /** Returns the recorder. On first use, opens the event file and records the graph of the network of this checkpoint. */
  async #open(metadata: CheckpointMetadata, placed: Placement | undefined): Promise<SummaryRecorder> {
    if (this.#recorder !== undefined) return this.#recorder;
    const recorder = await SummaryRecorder.open({ dir: this.#dir, onProblem: this.#onProblem });
    this.#recorder = recorder;
    const graph = buildEvaluationGraph(networkOf(metadata), this.#settings.batchSize);
    await recorder.graph(encodeGraphDef(graphNodes(withoutWatched(graph), placed && devicesOf(placed))));
    return recorder;
  }
}
