/** The names of checkpoints: `model.ckpt-<globalStep>.safetensors`, which is the tutorial's name with the suffix of our format. */

const pattern = /^model\.ckpt-(0|[1-9]\d{0,14})\.safetensors$/;

export function checkpointName(globalStep: number | '<step>'): string {
  return `model.ckpt-${globalStep}.safetensors`;
}

/** Returns the global step in the name of a checkpoint, or undefined for any other name. */
export function stepOfName(name: string): number | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
