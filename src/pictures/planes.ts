/** Separates the channels of a picture: [H, W, 3] → [3, H, W]. */
export function planesOf(pixels: Uint8Array | Uint8ClampedArray, imageSize: number): Uint8Array {
  const planes = new Uint8Array(3 * imageSize ** 2);
  writePlanes(planes, pixels);
  return planes;
}

/** Writes the planes [3, H, W] of a picture.
 * @param pixels [H, W, 3] */
export function writePlanes(planes: Uint8Array, pixels: Uint8Array | Uint8ClampedArray): void {
  const plane = planes.length / 3;
  for (let pixel = 0, from = 0; pixel < plane; pixel++) {
    planes[pixel] = pixels[from++] as number;
    planes[plane + pixel] = pixels[from++] as number;
    planes[2 * plane + pixel] = pixels[from++] as number;
  }
}
