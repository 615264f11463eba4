/** Paints values as pixels. */

/** Returns RGBA pixels of [S, S, 3]. */
export function rgbaOfPicture(picture: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray((picture.length / 3) * 4);
  for (let from = 0, to = 0; from < picture.length; from += 3, to += 4) {
    pixels.set(picture.subarray(from, from + 3), to);
    pixels[to + 3] = 255;
  }
  return pixels;
}

/** Returns RGBA pixels of planes [3, H, W]. */
export function rgbaOfPlanes(planes: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const size = planes.length / 3;
  const pixels = new Uint8ClampedArray(size * 4);
  for (let at = 0; at < size; at++) {
    for (let channel = 0; channel < 3; channel++) pixels[4 * at + channel] = planes[channel * size + at] ?? 0;
    pixels[4 * at + 3] = 255;
  }
  return pixels;
}

/** Returns a layer of transparent orange over a picture: the more a pixel matters, the more opaque. */
export function rgbaOfSaliency(saliency: Float32Array): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(saliency.length * 4);
  for (const [at, value] of saliency.entries())
    pixels.set([255, 120, 0, 255 * Math.min(1, value * 1.4)], 4 * at);
  return pixels;
}

/** Returns gray pixels, black for the least and white for the greatest value. */
export function rgbaOfValues(values: Float32Array): Uint8ClampedArray<ArrayBuffer> {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  const pixels = new Uint8ClampedArray(values.length * 4);
  for (const [at, value] of values.entries()) {
    const level = (value - least) * scale;
    pixels.set([level, level, level, 255], 4 * at);
  }
  return pixels;
}

/** Returns the filters [O, 3, H, W] as RGBA pixels, each scaled to its own greatest weight; gray is 0. */
export function rgbaOfFilters(
  shape: readonly number[],
  data: Float32Array,
): readonly Uint8ClampedArray<ArrayBuffer>[] {
  const [count = 0, channels = 0, height = 0, width = 0] = shape;
  const plane = height * width;
  return Array.from({ length: count }, (_, filter) => {
    const weights = data.subarray(filter * channels * plane, (filter + 1) * channels * plane);
    const greatest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 1e-12);
    const pixels = new Uint8ClampedArray(plane * 4);
    for (let at = 0; at < plane; at++) {
      for (let channel = 0; channel < 3; channel++) {
        const weight = weights[(channel % channels) * plane + at] ?? 0;
        pixels[4 * at + channel] = 127.5 + (127.5 * weight) / greatest;
      }
      pixels[4 * at + 3] = 255;
    }
    return pixels;
  });
}
