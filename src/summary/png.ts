/** Images → PNG files. */
import { encode } from 'fast-png';
import type { EncodedImage } from './event.ts';
import type { Picture } from './picture.ts';

/** Encodes an image for a summary: lossless, 8 bits per channel.
 * @param picture gray, red, green and blue, or these with alpha */
export function encodeImage({
  width,
  height,
  channels,
  data,
}: Omit<Picture, 'channels'> & { readonly channels: 1 | 3 | 4 }): EncodedImage {
  return { width, height, channels, png: encode({ width, height, channels, data, depth: 8 }) };
}

/** Returns an image as a `data:` URL, which a page can contain. */
export function pngUrl(picture: Picture): string {
  return `data:image/png;base64,${Buffer.from(encodeImage(picture).png).toString('base64')}`;
}
