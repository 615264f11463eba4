/** The distortions of the tutorial as separate functions that modify an image [3, 24, 24] in place. `distort`
 * fuses them into two passes. */

const croppedSize = 24;
const croppedValues = 3 * croppedSize * croppedSize;
const planeSize = croppedSize * croppedSize;

/** Mirrors every row. */
export function flip(image: Float32Array): void {
  for (let start = 0; start < croppedValues; start += croppedSize) {
    for (let left = start, right = start + croppedSize - 1; left < right; left++, right--) {
      const value = image[left] as number;
      image[left] = image[right] as number;
      image[right] = value;
    }
  }
}

/** Returns x + delta, without clipping. */
export function adjustBrightness(image: Float32Array, delta: number): void {
  for (let i = 0; i < croppedValues; i++) image[i] = (image[i] as number) + delta;
}

/** Returns (x - m) · factor + m, where m is the mean of x's channel, without clipping. */
export function adjustContrast(image: Float32Array, factor: number): void {
  for (let start = 0; start < croppedValues; start += planeSize) {
    const end = start + planeSize;
    let sum = 0;
    for (let i = start; i < end; i++) sum += image[i] as number;
    const mean = sum / planeSize;
    for (let i = start; i < end; i++) image[i] = ((image[i] as number) - mean) * factor + mean;
  }
}
