/** Files, pasted pictures and camera frames as pixels. */
import type { PicturePixels } from '../worker/messages.ts';

/** Larger pictures are reduced first, so that a photograph does not take seconds. */
const mostPixels = 1024;
/** Larger files are refused. */
const mostBytes = 50_000_000;

/** @throws Error with the name of the file and what is wrong with it */
export async function pixelsOfFile(file: File): Promise<PicturePixels> {
  const name = file.name || 'the pasted picture';
  if (file.size > mostBytes)
    throw new Error(
      `${name} has ${Math.round(file.size / 1e6)} MB. Use a picture of at most ${mostBytes / 1e6} MB.`,
    );
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(
      `${name} is not a picture that this browser can read. Use a JPEG, PNG, WebP or AVIF file.`,
    );
  });
  try {
    return pixelsOf(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** Returns the pixels of a picture, reduced so that its shorter side has at most 1,024. */
export function pixelsOf(source: CanvasImageSource, width: number, height: number): PicturePixels {
  const scale = Math.min(1, mostPixels / Math.min(width, height));
  const [across, down] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const canvas = document.createElement('canvas');
  canvas.width = across;
  canvas.height = down;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('this browser cannot read the pixels of pictures');
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, across, down);
  const { data } = context.getImageData(0, 0, across, down);
  return { data, width: across, height: down };
}
