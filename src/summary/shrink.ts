/** Makes images smaller. */
import type { Picture } from './picture.ts';

/** Returns the image, or a smaller version whose width and height are at most `most` pixels. Each of its pixels is the mean of a
 * square of k·k pixels, with the smallest possible k. At the right and the bottom edge, the square may be cut off. */
export function shrunkTo(picture: Picture, most: number): Picture {
  const factor = Math.ceil(Math.max(picture.width, picture.height) / most);
  if (factor <= 1) return picture;
  const { channels } = picture;
  const width = Math.ceil(picture.width / factor);
  const height = Math.ceil(picture.height / factor);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < channels; channel++)
        data[(y * width + x) * channels + channel] = meanOf(picture, x * factor, y * factor, factor, channel);
  return { width, height, channels, data };
}

/** Returns the mean of a channel over the square with this corner. */
function meanOf(picture: Picture, left: number, top: number, side: number, channel: number): number {
  const { width, height, channels, data } = picture;
  const [right, bottom] = [Math.min(left + side, width), Math.min(top + side, height)];
  let sum = 0;
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) sum += data[(y * width + x) * channels + channel] ?? 0;
  return Math.round(sum / ((right - left) * (bottom - top)));
}
