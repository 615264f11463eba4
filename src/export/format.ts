/** The interface of export formats. */
import type { Classifier } from '../predict/classifier.ts';
import type { TrainedNetwork } from './trained-network.ts';

export const exportFormatNames = ['onnx', 'safetensors', 'tensorflow', 'transformers.js'] as const;
/** The name of an export format. */
export type ExportFormatName = (typeof exportFormatNames)[number];

/** The names and layouts of weights in a safetensors file: ours, or those of a PyTorch module. */
export const weightNameChoices = ['cifar10', 'torch'] as const;
/** The names and layouts of the weights in a safetensors file: those of this program, or those of a PyTorch module. */
export type WeightNames = (typeof weightNameChoices)[number];

export interface FormatOptions {
  readonly names: WeightNames;
}

export interface ExportFormat {
  readonly name: ExportFormatName;
  /** What the export is, as in `an ONNX file`. */
  readonly summary: string;
  /** The ending of the file, such as `.onnx`. A format without an ending is a folder. */
  readonly ending: string | undefined;
  /** Returns why the format cannot contain a network, or undefined if it can. A format without this field can contain all. */
  readonly problem?: (trained: TrainedNetwork) => string | undefined;
  readonly make: (trained: TrainedNetwork, options: FormatOptions) => Promise<ExportedModel>;
}

/** An export in memory. */
export interface ExportedModel {
  /** The files by their paths in the folder. If the format is a file, it has one entry, whose path is empty. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Loads the files as another program would, for batches of this size. */
  readonly open: (batchSize: number) => Promise<Classifier>;
  /** What the model takes and returns, as a list in Markdown. */
  readonly interface: string;
  /** Returns a few lines of code that use the model.
   * @param path the name of the file or folder */
  readonly usage: (path: string) => CodeSample;
}

export interface CodeSample {
  readonly language: string;
  readonly lines: readonly string[];
}
