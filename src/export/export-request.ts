/** The options of an export, with their checks and defaults. */
import { join } from 'node:path';
import { aBoolean, aChoice, aText, type OptionChecks, optional, required } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { type Weights, weightChoices } from '../evaluation/weights.ts';
import { evaluationDefaults } from '../recipe/defaults.ts';
import { type ExportFormatName, exportFormatNames, type WeightNames, weightNameChoices } from './format.ts';
import { exportFormats } from './formats.ts';

/** A request to export the trained network of a checkpoint. */
export interface ExportRequest {
  /** A training folder, whose newest checkpoint is exported, or one checkpoint file. */
  readonly checkpointDir: string;
  /** The file or folder to write. Default: `model` with the ending of the format, in the current folder. */
  readonly output?: string | undefined;
  /** Default: the format with the ending of `output`, or `onnx`. */
  readonly format?: ExportFormatName | undefined;
  readonly weights?: Weights | undefined;
  /** The names and layouts of the weights in a safetensors file: those of this program, or those of a PyTorch module. */
  readonly names?: WeightNames | undefined;
  /** Whether to replace existing files. Default: false. */
  readonly force?: boolean | undefined;
  /** The folder of the data sets. If it contains the data set of the checkpoint, its test pictures are used to check the
   * export. */
  readonly dataDir?: string | undefined;
  /** The folder of evaluation results, which the model card quotes. */
  readonly evalDir?: string | undefined;
}

/** The checks of a request. Every new option needs a line here. */
export const exportChecks: OptionChecks<ExportRequest> = {
  checkpointDir: required(aText),
  output: optional(aText),
  format: optional(aChoice(exportFormatNames)),
  weights: optional(aChoice(weightChoices)),
  names: optional(aChoice(weightNameChoices)),
  force: optional(aBoolean),
  dataDir: optional(aText),
  evalDir: optional(aText),
};

/** A request with its defaults. */
export interface ExportSettings {
  readonly checkpointDir: string;
  readonly output: string;
  readonly format: ExportFormatName;
  readonly weights: Weights;
  readonly names: WeightNames;
  readonly force: boolean;
  readonly dataDir: string | undefined;
  readonly evalDir: string | undefined;
}

/** @throws UsageError for options that contradict each other */
export function exportSettings(request: ExportRequest): ExportSettings {
  const { names, force = false, weights = evaluationDefaults.weights, dataDir, evalDir } = request;
  const format = request.format ?? formatOf(request.output) ?? 'onnx';
  const { ending = '' } = exportFormats[format];
  const { checkpointDir, output = `model${ending}` } = request;
  requireEnding(format, output);
  if (names !== undefined && format !== 'safetensors')
    throw new UsageError(`\`names\` is only for \`format: safetensors\`, but the format is ${format}`);
  return { checkpointDir, output, format, weights, names: names ?? 'cifar10', force, dataDir, evalDir };
}

/** Returns the format whose files have the ending of a path. */
function formatOf(path: string | undefined): ExportFormatName | undefined {
  return exportFormatNames.find((name) => {
    const { ending } = exportFormats[name];
    return ending !== undefined && path?.toLowerCase().endsWith(ending) === true;
  });
}

/** Requires a path that says what it is. Other programs recognize files by their endings. */
function requireEnding(format: ExportFormatName, path: string): void {
  const { ending } = exportFormats[format];
  const other = formatOf(path);
  if (other === format || (ending === undefined && other === undefined)) return;
  const expected =
    ending === undefined ? 'a folder, without such an ending' : `a file that ends in ${ending}`;
  const instead =
    ending === undefined || other !== undefined ? '' : `; use \`output: ${withEnding(path, ending)}\``;
  throw new UsageError(
    `\`output\`: found ${path}, expected ${expected}, for \`format: ${format}\`${instead}`,
  );
}

function withEnding(path: string, ending: string): string {
  return /[\\/]$/.test(path) ? join(path, `model${ending}`) : path + ending;
}
