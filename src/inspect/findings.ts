/** What a path or the network contains. `cifar10 inspect` prints these findings. */
import type { DatasetDescription } from '../data/dataset.ts';
import type { EvaluationRow } from './evaluations.ts';
import type { EventsSummary } from './events.ts';
import type { LayerRow } from './network.ts';
import type { OnnxSummary } from './onnx.ts';
import type { RunList } from './runs.ts';
import type { TensorStatistics } from './tensor-statistics.ts';

export type InspectFinding =
  /** Something is damaged, or is not shown. */
  | { readonly kind: 'warning'; readonly message: string }
  /** The layers of the network; the totals cover all layers, and `multiplyAdds` counts those for one image. */
  | {
      readonly kind: 'graph';
      readonly layers: readonly LayerRow[];
      readonly parameters: number;
      readonly multiplyAdds: number;
    }
  /** The graph of a training step as text, one line per node. */
  | { readonly kind: 'nodes'; readonly text: string }
  /** A folder of training folders. */
  | ({ readonly kind: 'runs'; readonly dir: string } & RunList)
  /** A training folder with the paths of its checkpoints, oldest first. */
  | { readonly kind: 'run'; readonly dir: string; readonly checkpoints: readonly string[] }
  /** A safetensors file: a checkpoint, or a file of another program. */
  | {
      readonly kind: 'contents';
      readonly path: string;
      readonly metadata: object;
      readonly tensors: readonly TensorRow[];
      /** The names of those tensors that are moving averages. */
      readonly averages: ReadonlySet<string>;
    }
  /** A data set whose files are complete and valid. */
  | {
      readonly kind: 'data';
      readonly dataset: DatasetDescription;
      readonly folder: string;
      readonly classes: readonly ClassCount[];
    }
  /** Pictures of each class of a data set have been written to the file. */
  | {
      readonly kind: 'pictures';
      readonly dataset: DatasetDescription;
      readonly augmentation: string;
      readonly file: string;
    }
  /** The results of an evaluation folder, oldest first. */
  | { readonly kind: 'evaluations'; readonly path: string; readonly rows: readonly EvaluationRow[] }
  | { readonly kind: 'onnx'; readonly path: string; readonly summary: OnnxSummary }
  /** An event file, or all event files of a folder together. */
  | { readonly kind: 'events'; readonly path: string; readonly summary: EventsSummary };

export type Findings = AsyncGenerator<InspectFinding, void, void>;

/** A tensor of a file. It has no statistics if it is large, or if its elements are not numbers. */
export interface TensorRow extends Partial<TensorStatistics> {
  readonly name: string;
  /** The name that the format gives to the element type. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A class with the numbers of its training and test images. */
export interface ClassCount {
  readonly name: string;
  readonly training: number;
  readonly test: number;
}
