/** Loads the PyTorch fixtures of test/fixtures, and computes their inputs bit-identically with the same formula. */
import { readFileSync } from 'node:fs';
import type { TutorialWidths } from '../model/networks/tutorial.ts';
import { type Float32Tensor, float32, type Shape, sizeOf } from '../tensor/tensor.ts';

interface StoredTensor {
  readonly shape: Shape;
  /** Little-endian float32, in base64. */
  readonly base64: string;
}
/** A summary of a large tensor: its norm, and its products with four vectors that the formula makes. */
export interface Summary {
  readonly norm: number;
  readonly projections: readonly number[];
}
type ByName<T> = Readonly<Record<string, T>>;

/** The results of three training steps. Gradients, logits and losses are those of the first step. */
interface Case<T> {
  readonly widths: TutorialWidths;
  readonly logits: StoredTensor;
  readonly losses: ByName<number>;
  readonly totals: readonly number[];
  readonly lossAverages: ByName<number>;
  readonly gradients: ByName<T>;
  readonly variables: ByName<T>;
  readonly averages: ByName<T>;
}
export interface TrainingFixture {
  readonly batch: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Eight values and eight labels, with which the formula itself is tested. */
  readonly formula: readonly number[];
  /** The salts of the images of each step. They were chosen to avoid values near kinks and ties, where rounding would matter. */
  readonly imageSalts: readonly (readonly number[])[];
  /** The smallest distance to a kink or a tie over all steps of both networks. */
  readonly smallestMargin: number;
  readonly narrow: Case<StoredTensor>;
  /** Variables and averages are given as changes since the start. */
  readonly full: Case<Summary>;
}

function load<T>(name: string): T {
  const file = new URL(`../../test/fixtures/${name}`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

export function loadTrainingFixture(): TrainingFixture {
  return load('training-steps.json');
}

/** The first training steps of ResNet-20 with Nesterov's momentum, weight decay and label smoothing. */
export interface ResnetFixture {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  readonly runs: readonly ResnetSteps[];
}
export interface ResnetSteps {
  readonly batch: number;
  /** The values of each step before its update. */
  readonly crossEntropies: readonly number[];
  /** The loss with weight decay. */
  readonly totals: readonly number[];
  /** The norm of every parameter and running statistic after the last step. */
  readonly norms: ByName<number>;
}

export function loadResnetFixture(): ResnetFixture {
  return load('resnet-steps.json');
}

/** The parts of airbench94: whitening filters, training steps with look-ahead, augmented images, and views of test-time augmentation. */
export interface AirbenchFixture {
  readonly batch: number;
  readonly steps: number;
  /** The number of steps for which the biases of the whitening layer are trained. */
  readonly biasSteps: number;
  /** Of the images `correlatedImages(64, 7)`. */
  readonly whitening: { readonly eigenvalues: readonly number[]; readonly filters: readonly number[] };
  readonly training: {
    /** The mean cross entropy of each step. */
    readonly losses: readonly number[];
    /** Those of the first step, of the mean loss with weight decay. */
    readonly gradients: ByName<Summary>;
    readonly updates: ByName<Summary>;
    readonly momenta: ByName<Summary>;
    /** Parameters and states after the last step. */
    readonly variables: ByName<Summary>;
  };
  readonly augmentation: {
    /** Whether each picture is flipped before the first epoch. */
    readonly flips: readonly boolean[];
    /** The rows and columns by which each picture is shifted after that, by epoch. */
    readonly shifts: readonly (readonly (readonly [number, number])[])[];
    readonly images: readonly (readonly Summary[])[];
  };
  /** The averages of four outputs over the views of the image `correlatedImages(1, 77)`. */
  readonly testTime: ByName<readonly number[]>;
}

export function loadAirbenchFixture(): AirbenchFixture {
  return load('airbench-steps.json');
}

/** Makes images [N, 3, 32, 32] whose neighboring values are correlated. */
export function correlatedImages(count: number, salt: number): Float32Tensor {
  const shape = [count, 3, 32, 32];
  const { data } = formulaTensor(shape, salt, 1);
  const at = (index: number) => data[index] ?? 0;
  return float32(
    shape,
    data.map((value, i) => 0.5 * value + 0.3 * at(i - 1) + 0.2 * at(i - 1024)),
  );
}

/** Returns pseudo-random bytes. */
export function formulaBytes(count: number, salt: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => hashed(i, salt) % 256);
}

/** Returns the products of values with the four vectors of a summary. */
export function projectionsOf(values: ArrayLike<number>): readonly number[] {
  return [0, 1, 2, 3].map((k) => {
    const { data } = formulaTensor([values.length], 900 + k, 1);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) * (data[i] ?? 0);
    return sum;
  });
}

/** One operator on small inputs, with the gradients of Σ dy · output. */
export interface OperatorFixture {
  readonly name: string;
  readonly op: string;
  readonly attributes: ByName<unknown>;
  readonly inputs: ByName<NestedTensor>;
  readonly outputs: ByName<NestedTensor>;
  /** The gradient of the first output. */
  readonly dy: NestedTensor;
  readonly gradients: ByName<NestedTensor>;
}
export interface NestedTensor {
  readonly dtype: 'float32' | 'int32';
  readonly shape: Shape;
  readonly values: readonly number[];
}

export function loadOperatorFixtures(): readonly OperatorFixture[] {
  return load<{ readonly cases: readonly OperatorFixture[] }>('operators.json').cases;
}

/** JPEG files with the SHA-256 of the pixels [size, size, 3] that Pillow decodes. */
export interface JpegFixture {
  readonly size: number;
  readonly cases: readonly JpegCase[];
}
export interface JpegCase {
  readonly name: string;
  readonly plain: boolean;
  readonly pixels: string;
  readonly bytes: Buffer;
}

export function loadJpegFixture(): JpegFixture {
  type Stored = Omit<JpegCase, 'bytes'> & { readonly base64: string };
  const { size, cases } = load<{ readonly size: number; readonly cases: readonly Stored[] }>('jpegs.json');
  return { size, cases: cases.map((one) => ({ ...one, bytes: Buffer.from(one.base64, 'base64') })) };
}

export function tensorOf({ shape, base64 }: StoredTensor): Float32Tensor {
  const bytes = Buffer.from(base64, 'base64');
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => bytes.readFloatLE(i * 4)),
  );
}

/** Returns a 32-bit hash: the finalizer of MurmurHash3 (A. Appleby). */
function hashed(index: number, salt: number): number {
  let u = (Math.imul(index, 0x9e3779b1) + Math.imul(salt, 0x85ebca6b)) | 0;
  u = Math.imul(u ^ (u >>> 16), 0x85ebca6b);
  u = Math.imul(u ^ (u >>> 13), 0xc2b2ae35);
  return (u ^ (u >>> 16)) >>> 0;
}

/** Returns pseudo-random values that are uniform over [-scale, scale). */
export function formulaTensor(shape: Shape, salt: number, scale: number): Float32Tensor {
  const value = (i: number) => ((hashed(i, salt) / 2 ** 32) * 2 - 1) * scale;
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)),
  );
}

/** Returns pseudo-random labels 0 … 9. */
export function formulaLabels(count: number, salt: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => hashed(i, salt) % 10);
}

/** Returns the range of the values of a variable in the fixtures. */
export function formulaScale(name: string, shape: Shape): number {
  if (name.endsWith('biases')) return 0.1;
  const outputs = (shape.length === 4 ? shape[0] : shape[1]) ?? 1;
  return 1.5 / Math.sqrt(sizeOf(shape) / outputs);
}

/** The calibration of predictions, computed with numpy. `test/fixtures/calibration.py` contains the formula of the logits. */
export interface CalibrationFixture {
  readonly expectedCalibrationError: number;
  readonly meanConfidence: number;
  readonly bins: readonly { readonly count: number; readonly correct: number }[];
  /** How many examples have their class among the 1, 2, 3 and 4 classes with the highest logits. */
  readonly inTopK: readonly number[];
}

export function loadCalibrationFixture(): CalibrationFixture {
  return load('calibration.json');
}

/** Returns the logits and the classes of the 300 examples of the fixture. */
export function calibrationExamples(): readonly { readonly logits: Float32Array; readonly label: number }[] {
  return Array.from({ length: 300 }, (_, example) => ({
    logits: Float32Array.from(
      { length: 4 },
      (_, k) => ((example * 37 + k * 101 + example * k * 13) % 257) / 64,
    ),
    label: (example * 7 + Math.floor(example / 3)) % 4,
  }));
}
